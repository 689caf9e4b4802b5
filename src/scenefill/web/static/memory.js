/** The work on a photo as plain values that a browser can keep, and back. */

import { Session } from "./session.js";
import { Variant } from "./variant.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./plane.js").Tiles} Tiles */
/** @typedef {import("./variant.js").Request} Request */

/**
 * @typedef {object} Work  What changes often; small.
 * @property {string} id
 * @property {number} changed  When, in milliseconds since 1970.
 * @property {import("./api.js").SessionInfo} photo
 * @property {(import("./api.js").FillInfo | null)[]} infos  Of the variants.
 * @property {number} present
 * @property {number} base
 * @property {string | null} model
 * @property {Partial<Editor>} values
 * @property {Tiles} hole
 * @property {Tiles} hints
 * @property {number} painted
 */
/** @typedef {{file: File, shown: Blob}} Photo */
/**
 * @typedef {object} Fill  A variant as it was made; others are meant by their number.
 * @property {string} name
 * @property {object} request
 * @property {{file: Blob, place: import("./geometry.js").Rect}[]} patches
 * @property {{hole: Tiles, hints: Tiles, base: number, painted: number} | null} ground
 */
/** @typedef {Photo | Fill} Part  Number 0 is the photo, the others are the fills. */
/**
 * @typedef {object} Recalled  What `Editor.resume` takes.
 * @property {Session} session
 * @property {Variant[]} variants
 * @property {Partial<Editor>} values
 * @property {Tiles} hole
 * @property {Tiles} hints
 * @property {number} painted
 */

/** What is kept of the controls. */
const VALUES = /** @type {const} */ (["forbidden", "intent", "grow", "feather", "brush", "target", "unsaved"]);

/** @param {Editor} editor @param {string} id @param {{hole: Tiles, hints: Tiles}} tiles @returns {Work} */
export function work(editor, id, tiles) {
  const { session, variants, present, base, model, painted } = editor;
  if (!session || !present || !base) throw new Error("there is no photo to be kept");
  return {
    id, changed: Date.now(), photo: session.info, infos: variants.map(({ info }) => info), present: variants.indexOf(present),
    base: variants.indexOf(base), model: model?.name ?? null, painted, ...tiles,
    values: Object.fromEntries(VALUES.map((name) => [name, editor[name]])),
  };
}

/** @param {Editor} editor @param {number} number  Of the variant. @returns {Part} */
export function part({ session, variants }, number) {
  const { name, request, patches, ground } = variants[number];
  const numberOf = (/** @type {Variant} */ variant) => variants.indexOf(variant);
  if (!request) return { file: /** @type {Session} */ (session).file, shown: patches[0].file };
  return {
    name, request: { ...request, base: numberOf(request.base) }, patches: patches.map(({ file, place }) => ({ file, place })),
    ground: ground && { ...ground, base: numberOf(ground.base) },
  };
}

/**
 * Everything as it was, pictures decoded.
 * @param {Editor} editor @param {Work} work @param {Part[]} parts @returns {Promise<Recalled>}
 */
export async function recall(editor, work, parts) {
  const { file, shown } = /** @type {Photo} */ (parts[0]);
  const place = { left: 0, top: 0, right: work.photo.width, bottom: work.photo.height };
  const variants = [new Variant("Photo", null, null, [{ file: shown, place, picture: null }], null)];
  for (const [i, each] of /** @type {Fill[]} */ (parts.slice(1)).entries()) {
    const request = /** @type {Request} */ ({ ...each.request, base: variants[/** @type {{base: number}} */ (each.request).base] });
    const patches = each.patches.map((patch) => ({ ...patch, picture: null }));
    const ground = each.ground && { ...each.ground, base: variants[each.ground.base] };
    variants.push(new Variant(each.name, request, work.infos[i + 1], patches, ground));
  }
  for (const variant of variants) await variant.load();
  const model = editor.models.find(({ name }) => name === work.model);
  const values = { ...work.values, present: variants[work.present], base: variants[work.base], model: model ?? editor.model };
  const hints = model ? work.hints : new Map(); // classes of a model that is not there say nothing
  return { session: Session.forgotten(editor.api, file, work.photo), variants, values, hole: work.hole, hints, painted: work.painted };
}
