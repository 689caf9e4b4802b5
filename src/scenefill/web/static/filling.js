/** How a fill is made, and what is said of it. */

import { Variant } from "./variant.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./variant.js").Ground} Ground */
/** @typedef {import("./variant.js").Request} Request */

/**
 * A new variant, ready for display.
 * @param {Editor} editor @param {Session} session @param {Request} request @param {Ground} ground @param {AbortSignal} signal
 * @returns {Promise<Variant>}
 */
export async function make(editor, session, request, ground, signal) {
  const info = await session.fill(request, signal, (job) => {
    if (!editor.busy || signal.aborted) return;
    editor.busy.share = job.crops ? job.crops_done / job.crops : null;
    if (job.state === "queued" && job.position) editor.say(`Waiting for the service: ${job.position} before this one …`);
    editor.changed();
  });
  const patches = await Promise.all(info.patches.map(async ({ left, top, width, height, url }) => {
    const place = { left, top, right: left + width, bottom: top + height };
    return { file: await session.blob(url), place, picture: null };
  }));
  const variant = new Variant(`Fill ${editor.variants.length}`, request, info, patches, ground);
  session.has(variant);
  await variant.load();
  return variant;
}

/** Keeps a new variant and says how it went. @param {Editor} editor @param {Variant} variant */
export function announce(editor, variant) {
  editor.variants.push(variant);
  void editor.session?.describe(variant).then(() => editor.changed(), () => {}); // nothing hangs on it
  const { seconds, warnings } = /** @type {import("./api.js").FillInfo} */ (variant.info);
  const next = editor.classes.length ? "Paint a class into the hole and fill again, or keep it and go on." : "Keep it and go on.";
  editor.say([`${variant.name} took ${seconds.toFixed(1)} s.`, ...warnings.map((text) => `${text}.`), next].join(" "), "good");
}
