/** Opening and saving: photos, masks and label maps come from files, drops and the clipboard, and go back there. */

import { ServiceError } from "./http.js";
import { UNKNOWN, palette } from "./classes.js";
import { HOLE } from "./editor.js";
import { Edit, Plane } from "./plane.js";
import { decode, encode } from "./png.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {"photo" | "mask" | "classes"} Kind */

/** What the names of saved files end with. */
const ENDINGS = /** @type {const} */ ({ mask: /-mask\.\w+$/i, classes: /-(classes|scene|labels)\.\w+$/i });

/**
 * Opens files: the photo first, then what was painted on it. The kind is told by the name unless it is given.
 * @param {Editor} editor @param {readonly File[]} files @param {() => Promise<boolean>} mayReplace @param {Kind} [kind]
 */
export async function open(editor, files, mayReplace, kind) {
  const kinds = files.map((file) => ({ file, kind: kind ?? kindOf(file, Boolean(editor.session) || files.length > 1) }));
  for (const wanted of /** @type {const} */ (["photo", "mask", "classes"])) {
    const found = kinds.find((each) => each.kind === wanted);
    if (!found) continue;
    if (wanted === "photo") {
      if (editor.unsaved && !(await mayReplace())) return;
      await editor.open(found.file);
      continue;
    }
    try {
      if (wanted === "mask") await openMask(editor, found.file);
      else await openClasses(editor, found.file);
    } catch (error) {
      if (error instanceof ServiceError) editor.say(error.message, "bad");
      else editor.say(`${found.file.name}: ${error instanceof Error ? error.message : error}.`, "bad");
    }
  }
}

/** Offers the picture on display as a download. @param {Editor} editor @param {string} format */
export async function savePhoto(editor, format) {
  const file = await editor.save(format);
  if (file) deliver(editor, file.blob, file.name);
}

/** @param {Editor} editor */
export async function saveMask(editor) {
  const { hole } = editor;
  deliver(editor, await encode(hole.data, hole.width, hole.height), `${stem(editor)}-mask.png`);
}

/** Saves what the user painted; the rest is 255. @param {Editor} editor */
export async function saveClasses(editor) {
  const { hints } = editor;
  deliver(editor, await encode(hints.data, hints.width, hints.height, palette(editor.classes)), `${stem(editor)}-classes.png`);
}

/** Saves the map of the whole picture. @param {Editor} editor */
export async function saveMap(editor) {
  if (!(await editor.map())) return;
  const { width, height, data } = editor.hints;
  const map = data.map((_, i) => editor.classAt(i));
  deliver(editor, await encode(map, width, height, palette(editor.classes)), `${stem(editor)}-scene.png`);
}

/** Puts the picture on display into the clipboard. @param {Editor} editor */
export async function copy(editor) {
  if (!navigator.clipboard?.write) return editor.say("The browser lets only secure pages copy pictures: open the editor on this computer.", "bad");
  const blob = editor.save("png").then((file) => file?.blob ?? Promise.reject(new Error("there is no photo to copy")));
  try {
    // The promise is handed over at once: browsers allow the copy only right after the key was pressed.
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    editor.say("The photo is in the clipboard.", "good");
  } catch {
    const made = await blob.then(() => true, () => false); // if not, it was said why
    if (made) editor.say("The browser did not allow the copy: click into the page and try again.", "bad");
  }
}

/** @param {File} file @param {boolean} beside  Whether there is a photo that it may belong to. @returns {Kind} */
function kindOf(file, beside) {
  if (beside && ENDINGS.mask.test(file.name)) return "mask";
  return beside && ENDINGS.classes.test(file.name) ? "classes" : "photo";
}

/** The service reads it, as it reads all masks: by what it holds. @param {Editor} editor @param {File} file */
async function openMask(editor, file) {
  const { session, base, model } = editor;
  if (!session || !base || !model) return;
  const options = /** @type {const} */ ({ model: model.name, intent: "restore", grow: 0 });
  const { mask: read } = await session.extent(base, file, options, new AbortController().signal);
  const { width, height, data } = await decode(read);
  check(editor, width, height);
  const mask = new Plane(width, height, 0);
  mask.data.set(data);
  if (!mask.holds(HOLE)) throw new Error("it has no hole: white is the hole, or one colour on black or on transparency");
  const edit = new Edit(editor.hole);
  edit.load(mask.snapshot());
  editor.record("open a mask", [edit]);
  editor.say("The mask is open. Press Fill when it is right.", "good");
}

/** @param {Editor} editor @param {File} file */
async function openClasses(editor, file) {
  const { width, height, channels, data } = await decode(file);
  check(editor, width, height);
  const labels = new Plane(width, height, UNKNOWN);
  const ids = new Set(editor.classes.map(({ id }) => id));
  const colours = new Map(editor.classes.map(({ id, colour: [r, g, b] }) => [(r << 16) | (g << 8) | b, id]));
  for (let i = 0; i < labels.data.length; i++) {
    const at = i * channels;
    const id = channels < 3 ? data[at] : colours.get((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]) ?? UNKNOWN;
    if (editor.hole.data[i] && ids.has(id)) labels.data[i] = id;
  }
  if (labels.isEmpty) throw new Error("it has no class of this model in the hole; open or paint the hole first");
  const edit = new Edit(editor.hints);
  edit.load(labels.snapshot());
  editor.record("open a label map", [edit]);
  editor.say("The label map is open: its classes are painted into the hole.", "good");
}

/** @param {Editor} editor @param {number} width @param {number} height */
function check({ hole }, width, height) {
  if (width !== hole.width || height !== hole.height) {
    throw new Error(`it is ${width} × ${height} pixels and the photo ${hole.width} × ${hole.height}; they have to agree`);
  }
}

/** @param {Editor} editor */
function stem(editor) {
  return (editor.session?.info.name ?? "photo").replace(/\.\w+$/, "");
}

/** @param {Editor} editor @param {Blob} blob @param {string} name */
function deliver(editor, blob, name) {
  const url = URL.createObjectURL(blob);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  editor.say(`${name} is saved among your downloads.`, "good");
}
