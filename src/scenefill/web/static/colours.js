/** Colours of the layers, as 0xAABBGGRR: how the bytes of an ImageData lie in a Uint32Array. */

/** Of a filled pixel, from a guess to the threshold and from there to certain. Lightness tells them apart as well. */
const UNSURE = [[200, 40, 90], [250, 128, 40], [255, 214, 64]];
const SURE = [[30, 120, 150], [60, 180, 190]];

/** @param {readonly number[]} rgb @param {number} alpha  0..1. @returns {number} */
export function colour([r, g, b], alpha = 1) {
  return ((Math.round(alpha * 255) << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/**
 * Colours of the trust layer: warm and dense below the threshold, cool and thin above. 0 was not filled.
 * @param {number} threshold  0..1
 */
export function heat(threshold) {
  const colours = new Uint32Array(256);
  for (let value = 1; value < 256; value++) {
    const share = value / 255;
    const unsure = share < threshold;
    const way = unsure ? share / threshold : (share - threshold) / Math.max(1e-6, 1 - threshold);
    colours[value] = colour(between(unsure ? UNSURE : SURE, way), unsure ? 0.75 : 0.45 - 0.3 * way);
  }
  return colours;
}

/** @param {readonly number[][]} stops @param {number} way  0..1 */
function between(stops, way) {
  const at = Math.min(stops.length - 1.001, way * (stops.length - 1));
  const [low, high] = [stops[Math.floor(at)], stops[Math.floor(at) + 1]];
  return low.map((value, i) => Math.round(value + (high[i] - value) * (at % 1)));
}
