/** One state of the picture: the photo itself, or a fill on top of another variant. */

import { Picture } from "./picture.js";
import { Plane } from "./plane.js";
import { Overlay } from "./overlay.js";
import { decode } from "./png.js";

/** @typedef {import("./api.js").FillInfo} FillInfo */
/** @typedef {import("./api.js").FillOptions} FillOptions */
/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {import("./plane.js").Tiles} Tiles */

/** @typedef {{file: Blob, place: Rect, picture: Picture | null}} Patch  The picture is decoded while it is needed. */
/**
 * @typedef {{kind: "fill", base: Variant, mask: Blob | null, labels: Blob | null, options: FillOptions}} FillRequest
 * @typedef {{kind: "erase", base: Variant, what: string[], options: {model: string, grow?: number, feather: number}}} EraseRequest
 * @typedef {FillRequest | EraseRequest} Request  All that it takes to make the same fill again.
 */
/** @typedef {{hole: Tiles, hints: Tiles, base: Variant, painted: number}} Ground  What the user had painted when the fill was made. */
/** @typedef {{labels: Overlay, trust: Overlay | null}} Maps */

/** Decoded pictures and maps may take so many bytes before those of variants not on display are let go. */
const BUDGET = 512 * 2 ** 20;

export class Variant {
  /** @type {Maps | null} */
  maps = null;

  /**
   * @param {string} name
   * @param {Request | null} request  null: the photo.
   * @param {FillInfo | null} info
   * @param {Patch[]} patches  The photo is one patch.
   * @param {Ground | null} ground
   */
  constructor(name, request, info, patches, ground) {
    this.name = name;
    this.request = request;
    this.info = info;
    this.patches = patches;
    this.ground = ground;
  }

  /** What it was made from, or null for the photo. @returns {Variant | null} */
  get base() {
    return this.request?.base ?? null;
  }

  /** All patches from the photo up. @returns {Patch[]} */
  get stack() {
    return [...(this.base?.stack ?? []), ...this.patches];
  }

  /** Gets ready for display. */
  async load() {
    await Promise.all(this.stack.map(async (patch) => (patch.picture ??= await Picture.decode(patch.file))));
  }

  /** @param {CanvasRenderingContext2D} context @param {Rect} visible @param {number} scale */
  draw(context, visible, scale) {
    for (const { picture, place } of this.stack) picture?.draw(context, place, visible, scale);
  }

  /**
   * Takes in the label map of the picture and how sure the network was of it.
   * @param {Blob} labels @param {Blob | null} confidence @param {Blob | null} mask  What was filled: trust is shown here alone.
   * @param {Uint8Array} ids  What the ids in the file are called by the model that is in use.
   */
  async readMaps(labels, confidence, mask, ids) {
    const map = await plane(labels);
    for (let i = 0; i < map.data.length; i++) map.data[i] = ids[map.data[i]];
    let trust = null;
    if (confidence && mask) {
      trust = await plane(confidence, 0);
      const within = await plane(mask, 0);
      for (let i = 0; i < trust.data.length; i++) trust.data[i] = within.data[i] && Math.max(1, trust.data[i]);
    }
    this.maps = { labels: new Overlay(map, false), trust: trust && new Overlay(trust, false) };
  }

  get bytes() {
    const maps = this.maps ? this.maps.labels.plane.data.length * (this.maps.trust ? 2 : 1) : 0;
    return this.patches.reduce((sum, { picture }) => sum + (picture?.bytes ?? 0), maps);
  }
}

/**
 * Lets go of what can be decoded again, of the variants that are not in use.
 * @param {readonly Variant[]} variants  Oldest first. @param {readonly Variant[]} used
 */
export function makeRoom(variants, used) {
  let bytes = variants.reduce((sum, variant) => sum + variant.bytes, 0);
  const drawn = new Set(used.flatMap((variant) => variant.stack));
  for (const variant of variants) {
    if (bytes <= BUDGET) return;
    bytes -= variant.bytes;
    if (!used.includes(variant)) variant.maps = null;
    for (const patch of variant.patches) {
      if (drawn.has(patch)) continue;
      patch.picture?.close();
      patch.picture = null;
    }
    bytes += variant.bytes;
  }
}

/** @param {Blob} file @param {number} empty */
async function plane(file, empty = 255) {
  const { width, height, channels, data } = await decode(file);
  if (channels !== 1) throw new Error("the service sent a map in colour");
  const made = new Plane(width, height, empty);
  made.data.set(data);
  return made;
}
