/** What the window shows: the picture, the maps over it, the hole and the line of the stroke being drawn. */

import { colour, heat } from "./colours.js";
import { HOLE } from "./editor.js";
import { Overlay } from "./overlay.js";
import { View } from "./view.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./extent.js").Extent} Extent */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./geometry.js").Rect} Rect */
/** @typedef {import("./variant.js").Variant} Variant */

const HOLE_COLOUR = [255, 72, 120];
/** Of what a fill takes along. */
const BEYOND_COLOUR = [255, 196, 0];
/** From this scale on single pixels are to be seen. */
const PIXELS = 4;

export class Stage {
  /** The closed line of a stroke, in pixels of the photo. @type {Point[]} */
  outline = [];
  #hole;
  #hints;
  #beyond;

  /** @param {Editor} editor @param {Extent} extent @param {HTMLCanvasElement} canvas */
  constructor(editor, extent, canvas) {
    this.editor = editor;
    this.extent = extent;
    this.view = new View(canvas, (context) => this.#draw(context));
    this.#hole = new Overlay(editor.hole, true);
    this.#hints = new Overlay(editor.hints, true);
    this.#beyond = new Overlay(extent.beyond, false);
    extent.addEventListener("open", () => this.#open());
    extent.addEventListener("change", () => this.view.refresh());
    editor.addEventListener("change", () => this.view.refresh());
  }

  #open() {
    const { hole, hints } = this.editor;
    this.#hole = new Overlay(hole, true);
    this.#hints = new Overlay(hints, true);
    this.#beyond = new Overlay(this.extent.beyond, false);
    for (const plane of [hole, hints]) plane.onChange(() => this.view.refresh());
    if (hole.width) this.view.open(hole.width, hole.height);
  }

  /** @param {CanvasRenderingContext2D} context */
  #draw(context) {
    const { editor } = this;
    const { present, comparison, variants } = editor;
    if (!present) return;
    this.#colour();
    context.imageSmoothingEnabled = this.view.scale < PIXELS;
    let complete = true;
    if (editor.showsOriginal) complete = this.#side(context, variants[0], this.view.visible);
    else if (comparison) complete = this.#compare(context, comparison);
    else complete = this.#side(context, present, this.view.visible) && this.#painted(context);
    if (!complete) this.view.refresh();
    this.#line(context);
  }

  /** @param {CanvasRenderingContext2D} context @param {NonNullable<Editor["comparison"]>} comparison */
  #compare(context, { left, right, at }) {
    const { canvas, visible, scale, density } = this.view;
    const x = (at * canvas.width - this.view.x) / scale;
    const cut = Math.min(visible.right, Math.max(visible.left, x));
    let complete = true;
    for (const [variant, from, to] of /** @type {[Variant, number, number][]} */ ([[left, visible.left, cut], [right, cut, visible.right]])) {
      context.save();
      context.beginPath();
      context.rect(from, visible.top, to - from, visible.bottom - visible.top);
      context.clip();
      complete = this.#side(context, variant, { ...visible, left: Math.floor(from), right: Math.ceil(to) }) && complete;
      context.restore();
    }
    const width = (2 * density) / scale;
    context.fillStyle = "#000";
    context.fillRect(x - width, visible.top, 2 * width, visible.bottom - visible.top);
    context.fillStyle = "#fff";
    context.fillRect(x - width / 2, visible.top, width, visible.bottom - visible.top);
    return complete;
  }

  /** A variant and its maps. @param {CanvasRenderingContext2D} context @param {Variant} variant @param {Rect} visible */
  #side(context, variant, visible) {
    const { editor } = this;
    const { scale } = this.view;
    variant.draw(context, visible, scale);
    let complete = true;
    if (editor.showsMap && variant.maps) {
      variant.maps.labels.paintWith(this.#palette());
      context.globalAlpha = editor.mapOpacity;
      complete = variant.maps.labels.draw(context, visible, scale);
    }
    context.globalAlpha = 1;
    if (editor.showsTrust && variant.maps?.trust) {
      variant.maps.trust.paintWith(heat(editor.threshold));
      complete = variant.maps.trust.draw(context, visible, scale) && complete;
    }
    return complete;
  }

  /** What the user painted. @param {CanvasRenderingContext2D} context */
  #painted(context) {
    if (!this.editor.showsHole && !this.editor.isOpen) return true;
    const { visible, scale } = this.view;
    const beyond = this.#beyond.draw(context, visible, scale);
    const hole = this.#hole.draw(context, visible, scale);
    context.globalAlpha = Math.min(1, this.editor.mapOpacity + 0.25);
    const hints = this.#hints.draw(context, visible, scale);
    context.globalAlpha = 1;
    return beyond && hole && hints;
  }

  /** @param {CanvasRenderingContext2D} context */
  #line(context) {
    if (this.outline.length < 2) return;
    const { scale, density } = this.view;
    context.beginPath();
    for (const { x, y } of this.outline) context.lineTo(x, y);
    context.closePath();
    context.lineWidth = (3 * density) / scale;
    context.strokeStyle = "#000";
    context.stroke();
    context.lineWidth = density / scale;
    context.strokeStyle = "#fff";
    context.stroke();
  }

  /** Gives the layers their colours where these are not what they were. */
  #colour() {
    const { editor } = this;
    const hole = new Uint32Array(256);
    hole[HOLE] = editor.isOpen && !editor.showsTrust ? colour(HOLE_COLOUR, editor.target === "hole" ? 0.5 : 0.25) : 0;
    this.#hole.paintWith(hole);
    const beyond = new Uint32Array(256);
    beyond[HOLE] = hole[HOLE] && colour(BEYOND_COLOUR, 0.5);
    this.#beyond.paintWith(beyond);
    this.#hints.paintWith(editor.isOpen || editor.showsMap ? this.#palette() : new Uint32Array(256));
  }

  #palette() {
    const palette = new Uint32Array(256);
    for (const { id, colour: rgb } of this.editor.classes) palette[id] = colour(rgb);
    return palette;
  }
}
