/**
 * One byte per pixel of the photo: the hole, or the classes that the user painted.
 * Edits remember the tiles that they touch, so undoing one costs what it changed and not the whole photo.
 */

import { union } from "./geometry.js";

/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {Map<number, Uint8Array | number>} Tiles  Tile number -> its pixels, or the one value that they all have. */

/** Side of a tile in pixels. */
export const TILE = 128;

export class Plane {
  /** @type {((rect: Rect) => void)[]} */
  #listeners = [];

  /** @param {number} width @param {number} height @param {number} empty  What an untouched pixel holds. */
  constructor(width, height, empty) {
    this.width = width;
    this.height = height;
    this.empty = empty;
    this.data = new Uint8Array(width * height).fill(empty);
    this.columns = Math.ceil(width / TILE);
  }

  /** Whether any pixel has this value. @param {number} value */
  holds(value) {
    return this.data.includes(value);
  }

  /** Whether no pixel is painted. */
  get isEmpty() {
    return this.data.every((value) => value === this.empty);
  }

  /** @param {(rect: Rect) => void} listener  Told which rectangle changed. */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  /** @param {Rect} rect */
  changed(rect) {
    for (const listener of this.#listeners) listener(rect);
  }

  /** The tiles that are not empty, to come back to later. @returns {Tiles} */
  snapshot() {
    /** @type {Tiles} */
    const tiles = new Map();
    for (let tile = 0; tile < this.columns * Math.ceil(this.height / TILE); tile++) {
      const pixels = this.read(tile);
      if (pixels !== this.empty) tiles.set(tile, pixels);
    }
    return tiles;
  }

  /**
   * Puts tiles in place and returns what was there: calling it again with that undoes it.
   * @param {Tiles} tiles @returns {Tiles}
   */
  swap(tiles) {
    /** @type {Tiles} */
    const before = new Map();
    /** @type {Rect | null} */
    let dirty = null;
    for (const [tile, pixels] of tiles) {
      before.set(tile, this.read(tile));
      this.write(tile, pixels);
      dirty = union(dirty, this.rect(tile));
    }
    if (dirty) this.changed(dirty);
    return before;
  }

  /** @param {number} tile @returns {Rect} */
  rect(tile) {
    const left = (tile % this.columns) * TILE;
    const top = Math.floor(tile / this.columns) * TILE;
    return { left, top, right: Math.min(left + TILE, this.width), bottom: Math.min(top + TILE, this.height) };
  }

  /** @param {number} tile @returns {Uint8Array | number} */
  read(tile) {
    const { left, top, right, bottom } = this.rect(tile);
    const pixels = new Uint8Array((right - left) * (bottom - top));
    for (let y = top; y < bottom; y++) {
      pixels.set(this.data.subarray(y * this.width + left, y * this.width + right), (y - top) * (right - left));
    }
    const value = pixels[0];
    return pixels.every((other) => other === value) ? value : pixels;
  }

  /** @param {number} tile @param {Uint8Array | number} pixels */
  write(tile, pixels) {
    const { left, top, right, bottom } = this.rect(tile);
    const width = right - left;
    for (let y = top; y < bottom; y++) {
      const at = y * this.width + left;
      if (typeof pixels === "number") this.data.fill(pixels, at, at + width);
      else this.data.set(pixels.subarray((y - top) * width, (y - top + 1) * width), at);
    }
  }
}

/** A change to a plane while it is being made. */
export class Edit {
  /** @type {Tiles} */
  #before = new Map();
  /** @type {Rect | null} */
  #dirty = null;

  /**
   * @param {Plane} plane
   * @param {Uint8Array | null} within  Only pixels where this is not 0 change; null: all.
   */
  constructor(plane, within = null) {
    this.plane = plane;
    this.within = within;
  }

  /** @param {number} value @returns {import("./geometry.js").Span}  Paints a row of pixels with that value. */
  painter(value) {
    return (y, from, to) => this.#row(y, from, to, value);
  }

  /** Replaces the whole plane. @param {Tiles} tiles  As `Plane.snapshot` gives them. */
  load(tiles) {
    const { plane } = this;
    for (let tile = 0; tile < plane.columns * Math.ceil(plane.height / TILE); tile++) {
      this.#touch(tile);
      plane.write(tile, tiles.get(tile) ?? plane.empty);
    }
    this.#dirty = { left: 0, top: 0, right: plane.width, bottom: plane.height };
  }

  /** Shows what was painted since the last call. */
  show() {
    if (this.#dirty) this.plane.changed(this.#dirty);
    this.#dirty = null;
  }

  /** Ends the edit. @returns {Tiles}  What was there before in the tiles that changed; `Plane.swap` undoes the edit with it. */
  finish() {
    this.show();
    for (const [tile, before] of this.#before) {
      if (equal(this.plane.read(tile), before)) this.#before.delete(tile);
    }
    return this.#before;
  }

  /** @param {number} y @param {number} from @param {number} to @param {number} value */
  #row(y, from, to, value) {
    const { plane, within } = this;
    from = Math.max(0, from);
    to = Math.min(plane.width, to);
    if (y < 0 || y >= plane.height || from >= to) return;
    const row = Math.floor(y / TILE) * plane.columns;
    for (let column = Math.floor(from / TILE); column <= Math.floor((to - 1) / TILE); column++) this.#touch(row + column);
    const start = y * plane.width;
    if (!within) plane.data.fill(value, start + from, start + to);
    else for (let i = start + from; i < start + to; i++) if (within[i]) plane.data[i] = value;
    this.#dirty = union(this.#dirty, { left: from, top: y, right: to, bottom: y + 1 });
  }

  /** @param {number} tile */
  #touch(tile) {
    if (!this.#before.has(tile)) this.#before.set(tile, this.plane.read(tile));
  }
}

/**
 * What tiles weigh in memory.
 * @param {Tiles} tiles
 */
export function weight(tiles) {
  let bytes = 0;
  for (const pixels of tiles.values()) bytes += typeof pixels === "number" ? 16 : pixels.length + 64;
  return bytes;
}

/**
 * The smallest rectangle round all pixels of a snapshot that are not empty, or null where all are.
 * @param {Plane} plane  Of the size of the snapshot's. @param {Tiles} tiles @returns {Rect | null}
 */
export function bounds(plane, tiles) {
  /** @type {Rect | null} */
  let all = null;
  for (const [tile, pixels] of tiles) {
    const { left, top, right, bottom } = plane.rect(tile);
    for (let y = top; y < bottom; y++) {
      const row = typeof pixels === "number" ? null : pixels.subarray((y - top) * (right - left), (y - top + 1) * (right - left));
      const from = row ? row.findIndex((value) => value !== plane.empty) : 0;
      const to = row ? row.findLastIndex((value) => value !== plane.empty) : right - left - 1;
      if (from >= 0) all = union(all, { left: left + from, top: y, right: left + to + 1, bottom: y + 1 });
    }
  }
  return all;
}

/** @param {Uint8Array | number} a @param {Uint8Array | number} b */
function equal(a, b) {
  if (typeof a === "number" || typeof b === "number") return a === b;
  return a.every((value, i) => value === b[i]);
}
