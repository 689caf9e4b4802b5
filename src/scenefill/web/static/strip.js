/** The strip of variants: one picture per fill; a click goes back to it. */

import { bounds } from "./plane.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./plane.js").Plane} Plane */
/** @typedef {import("./variant.js").Variant} Variant */

const WIDTH = 96;
const HEIGHT = 64;
/** How much of its surroundings a thumbnail shows on each side, as a share of the hole; a small hole counts as this large. */
const SURROUNDINGS = 0.4;
const SMALLEST = 48;

export class Strip {
  /** @type {Map<Variant, HTMLLIElement>} */
  #items = new Map();

  /** @param {Editor} editor @param {HTMLElement} strip @param {HTMLElement} list */
  constructor(editor, strip, list) {
    this.editor = editor;
    this.strip = strip;
    this.list = list;
    editor.addEventListener("change", () => this.#show());
  }

  #show() {
    const { variants, present, busy } = this.editor;
    this.strip.hidden = variants.length === 0;
    for (const [variant, item] of this.#items) {
      if (variants.includes(variant)) continue;
      item.remove();
      this.#items.delete(variant);
    }
    for (const variant of variants) {
      const item = this.#items.get(variant) ?? this.#add(variant);
      const button = /** @type {HTMLButtonElement} */ (item.firstElementChild);
      const trust = variant.info?.mean_confidence;
      const note = /** @type {HTMLElement} */ (button.lastElementChild);
      note.textContent = trust == null ? "" : `${Math.round(trust * 100)} %`;
      button.disabled = Boolean(busy);
      if (variant === present && button.getAttribute("aria-current") !== "true") item.scrollIntoView({ inline: "nearest", block: "nearest" });
      button.setAttribute("aria-current", String(variant === present));
    }
  }

  /** @param {Variant} variant */
  #add(variant) {
    const item = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const canvas = document.createElement("canvas");
    const ratio = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: WIDTH * ratio, height: HEIGHT * ratio });
    canvas.setAttribute("aria-hidden", "true");
    draw(canvas, variant, this.editor.hole);
    const name = Object.assign(document.createElement("span"), { textContent: variant.name });
    button.append(canvas, name, Object.assign(document.createElement("small"), { title: "How sure the model is of this fill" }));
    button.addEventListener("click", () => this.editor.go(variant));
    item.append(button);
    this.list.append(item);
    this.#items.set(variant, item);
    return item;
  }
}

/** The surroundings of the hole, or the whole photo. @param {HTMLCanvasElement} canvas @param {Variant} variant @param {Plane} plane */
function draw(canvas, variant, plane) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const photo = { left: 0, top: 0, right: plane.width, bottom: plane.height };
  const { left, top, right, bottom } = (variant.ground && bounds(plane, variant.ground.hole)) ?? photo;
  const wide = 1 + 2 * SURROUNDINGS;
  const scale = Math.max(
    canvas.width / Math.min(plane.width, wide * Math.max(right - left, SMALLEST)),
    canvas.height / Math.min(plane.height, wide * Math.max(bottom - top, SMALLEST)),
  );
  const [width, height] = [canvas.width / scale, canvas.height / scale];
  const x = Math.min(Math.max(0, (left + right - width) / 2), plane.width - width);
  const y = Math.min(Math.max(0, (top + bottom - height) / 2), plane.height - height);
  context.imageSmoothingQuality = "high";
  context.setTransform(scale, 0, 0, scale, -x * scale, -y * scale);
  variant.draw(context, photo, scale);
}
