/** The controls of the trust layer: where to draw the line between sure and unsure, and how much lies below it. */

import { heat } from "./colours.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./plane.js").Plane} Plane */

/**
 * @param {Editor} editor
 * @param {{threshold: HTMLInputElement, value: HTMLElement, share: HTMLElement, retry: HTMLButtonElement, scale: HTMLCanvasElement}} parts
 */
export function trust(editor, { threshold, value, share, retry, scale }) {
  /** @type {{plane: Plane, counts: Uint32Array} | null} */
  let histogram = null;
  threshold.addEventListener("input", () => editor.set({ threshold: Number(threshold.value) / 100 }));
  retry.addEventListener("click", () => void editor.fill(true));
  editor.addEventListener("change", () => {
    value.textContent = `${Math.round(editor.threshold * 100)} %`;
    draw(scale, editor.threshold);
    const plane = editor.present?.maps?.trust?.plane ?? null;
    if (plane !== (histogram?.plane ?? null)) histogram = plane && { plane, counts: count(plane.data) };
    const unsure = histogram ? below(histogram.counts, editor.threshold) : 0;
    retry.disabled = unsure === 0 || editor.busy !== null;
    if (!editor.present?.request) share.textContent = "Fill a hole to see how sure the model is of it.";
    else share.textContent = histogram ? `${percent(unsure)} of the fill is below.` : "";
  });
}

/** @param {Uint8Array} data */
function count(data) {
  const counts = new Uint32Array(256);
  for (let i = 0; i < data.length; i++) counts[data[i]]++;
  counts[0] = 0; // not filled
  return counts;
}

/** @param {Uint32Array} counts @param {number} threshold @returns {number}  Share of the filled pixels. */
function below(counts, threshold) {
  const all = counts.reduce((sum, each) => sum + each, 0);
  return counts.reduce((sum, each, value) => sum + (value / 255 < threshold ? each : 0), 0) / Math.max(1, all);
}

/** @param {number} share */
function percent(share) {
  return share > 0 && share < 0.01 ? "Less than 1 %" : `${Math.round(share * 100)} %`;
}

/** @param {HTMLCanvasElement} canvas @param {number} threshold */
function draw(canvas, threshold) {
  const image = new ImageData(256, 1);
  new Uint32Array(image.data.buffer).set(heat(threshold));
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}
