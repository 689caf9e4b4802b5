/** A plane of bytes drawn in colours over the photo: only the tiles that are visible, at the scale at which they are seen. */

/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {import("./plane.js").Plane} Plane */
/** @typedef {{canvas: OffscreenCanvas | null, stale: boolean}} Tile  Without a canvas: nothing to see there. */

/** Side of a tile in its own pixels, each of which stands for 1, 2, 4 ... pixels of the photo. */
const SIDE = 512;
/** Tiles kept, at 1 MB each. */
const KEPT = 160;
/** Milliseconds of a frame that may go into colouring tiles. The rest follows in the next frames. */
const PATIENCE = 8;

const WHITE = 0xffffffff;
const BLACK = 0xff000000;

export class Overlay {
  /** @type {Map<string, Tile>} */
  #tiles = new Map();
  /** @type {Uint32Array} */
  #colours = new Uint32Array(256);
  #edges;

  /**
   * @param {Plane} plane
   * @param {boolean} edges  Whether areas that are not empty get an outline, white inside and black outside.
   */
  constructor(plane, edges) {
    this.plane = plane;
    this.#edges = edges;
    plane.onChange((rect) => this.#spoil(rect));
  }

  /**
   * @param {Uint32Array} colours  The colour of each of the 256 values, as 0xAABBGGRR.
   */
  paintWith(colours) {
    if (colours.every((value, i) => value === this.#colours[i])) return;
    this.#colours = colours;
    for (const tile of this.#tiles.values()) tile.stale = true;
  }

  /**
   * @param {CanvasRenderingContext2D} context  Its unit is one pixel of the photo.
   * @param {Rect} visible @param {number} scale  Of the context.
   * @returns {boolean}  False when time ran out before everything was drawn afresh.
   */
  draw(context, visible, scale) {
    const step = 2 ** Math.max(0, Math.floor(-Math.log2(scale)));
    const side = SIDE * step;
    const deadline = performance.now() + PATIENCE;
    let complete = true;
    for (let y = Math.floor(visible.top / side); y * side < visible.bottom; y++) {
      for (let x = Math.floor(visible.left / side); x * side < visible.right; x++) {
        const key = `${step} ${x} ${y}`;
        const tile = this.#tiles.get(key) ?? { canvas: null, stale: true };
        if (tile.stale && performance.now() < deadline) {
          this.#colour(tile, x * side, y * side, step);
          this.#keep(key, tile);
        }
        complete &&= !tile.stale;
        if (tile.canvas) context.drawImage(tile.canvas, x * side, y * side, side, side);
      }
    }
    return complete;
  }

  /** @param {Tile} tile @param {number} left @param {number} top @param {number} step */
  #colour(tile, left, top, step) {
    const { data, width, height, empty } = this.plane;
    const image = new ImageData(SIDE, SIDE);
    const out = new Uint32Array(image.data.buffer);
    const columns = Math.min(SIDE, Math.ceil((width - left) / step));
    const rows = Math.min(SIDE, Math.ceil((height - top) / step));
    const [across, down] = [step, step * width];
    let any = false;
    for (let row = 0; row < rows; row++) {
      const y = top + row * step;
      for (let column = 0, i = y * width + left; column < columns; column++, i += step) {
        const value = data[i];
        let colour = this.#colours[value];
        if (this.#edges) {
          const x = left + column * step;
          const edge =
            (x >= step && data[i - across] !== value) || (x + step < width && data[i + across] !== value) ||
            (y >= step && data[i - down] !== value) || (y + step < height && data[i + down] !== value);
          if (edge) colour = value === empty ? BLACK : WHITE;
        }
        if (colour) {
          out[row * SIDE + column] = colour;
          any = true;
        }
      }
    }
    tile.stale = false;
    if (any) (tile.canvas ??= new OffscreenCanvas(SIDE, SIDE)).getContext("2d")?.putImageData(image, 0, 0);
    else tile.canvas = null;
  }

  /** @param {string} key @param {Tile} tile */
  #keep(key, tile) {
    this.#tiles.delete(key);
    this.#tiles.set(key, tile);
    for (const old of this.#tiles.keys()) {
      if (this.#tiles.size <= KEPT) break;
      this.#tiles.delete(old);
    }
  }

  /** @param {Rect} rect */
  #spoil(rect) {
    for (const [key, tile] of this.#tiles) {
      const [step, x, y] = key.split(" ").map(Number);
      const side = SIDE * step;
      const reach = step; // outlines reach one pixel of the tile further
      if (rect.left - reach < (x + 1) * side && rect.right + reach > x * side &&
          rect.top - reach < (y + 1) * side && rect.bottom + reach > y * side) tile.stale = true;
    }
  }
}
