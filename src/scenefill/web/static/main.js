/** Puts the page together: every control to its command, everything that shows something to what it shows. */

import { Api } from "./api.js";
import { compare, toggleComparison } from "./compare.js";
import { Editor, HOLE } from "./editor.js";
import { Extent, sentence } from "./extent.js";
import { copy, open, saveClasses, saveMap, saveMask, savePhoto } from "./files.js";
import { Input } from "./input.js";
import { Keeper } from "./keep.js";
import { Legend, choose } from "./legend.js";
import { element, takeToken } from "./page.js";
import { ctrl, describe, listen, plain } from "./shortcuts.js";
import { Stage } from "./stage.js";
import { Strip } from "./strip.js";
import { trust } from "./trust.js";

/** @typedef {import("./editor.js").ToolName} ToolName */
/** @typedef {import("./files.js").Kind} Kind */

const BRUSH_STEP = 1.2;
const ZOOM_STEP = 1.25;
const KEPT = "Photo, hole, classes and fills come back after a reload, in this browser alone.";

const editor = new Editor(new Api(document.baseURI, takeToken()));
const canvas = element("canvas", HTMLCanvasElement);
const extent = new Extent(editor);
const stage = new Stage(editor, extent, canvas);
const input = new Input(editor, stage, element("ring"));
const keeper = new Keeper(editor, `scenefill ${new URL(document.baseURI).pathname}`);
new Legend(editor, element("legend"));
new Strip(editor, element("strip"), element("variants"));
compare(editor, {
  bar: element("wipe"), toggle: element("compare"), close: element("wipe-close"), at: element("wipe-at", HTMLInputElement),
  left: element("wipe-left", HTMLSelectElement), right: element("wipe-right", HTMLSelectElement),
});
trust(editor, {
  threshold: element("threshold", HTMLInputElement), value: element("threshold-value"), share: element("unsure-share"),
  retry: element("retry", HTMLButtonElement), scale: element("heat", HTMLCanvasElement),
});

// Commands that need more than the editor

const dialogs = {
  open: element("open-dialog", HTMLDialogElement), save: element("save-dialog", HTMLDialogElement),
  help: element("help-dialog", HTMLDialogElement), replace: element("replace-dialog", HTMLDialogElement),
};
const picker = element("file", HTMLInputElement);

/** @param {readonly File[]} files @param {Kind} [kind] */
async function openFiles(files, kind) {
  await open(editor, files, mayReplace, kind);
}

/** @param {Kind} kind */
function pick(kind) {
  dialogs.open.close();
  picker.accept = kind === "classes" ? "image/png" : "image/*,.tif,.tiff";
  picker.onchange = () => {
    const files = [...(picker.files ?? [])];
    picker.value = "";
    void openFiles(files, kind === "photo" ? undefined : kind);
  };
  picker.click();
}

/** Asks before work is lost. @returns {Promise<boolean>} */
function mayReplace() {
  dialogs.replace.returnValue = "no";
  dialogs.replace.showModal();
  return new Promise((resolve) => {
    dialogs.replace.addEventListener("close", () => resolve(dialogs.replace.returnValue === "yes"), { once: true });
  });
}

/** Takes back what is under way: the stroke, the fill, the comparison. */
function escape() {
  if (input.cancel()) return;
  if (editor.busy) editor.cancel();
  else if (editor.comparison) editor.set({ comparison: null });
}

/** @param {"showsMap" | "showsTrust"} layer @param {boolean} [on] */
function toggleLayer(layer, on = !editor[layer]) {
  editor.set({ [layer]: on && editor.session !== null && editor.classes.length > 0 });
}

/** @param {ToolName} tool */
function take(tool) {
  if (["dropper", "object"].includes(tool) && !editor.classes.length) return;
  editor.set({ tool, ...(tool === "object" && { target: "hole" }) });
  if (tool === "object") void editor.survey();
}

function largestBrush() {
  return Math.max(100, Math.round(Math.max(editor.hole.width, editor.hole.height) / 3));
}

/** @param {number} size */
function resize(size) {
  editor.set({ brush: Math.min(largestBrush(), Math.max(1, Math.round(size))) });
}

/** @param {boolean} on */
function showOriginal(on) {
  if (on !== editor.showsOriginal) editor.set({ showsOriginal: on && editor.session !== null });
}

/** @type {import("./shortcuts.js").Shortcut[]} */
const shortcuts = [
  { keys: "F", text: "Fill the hole", is: plain("f"), run: () => void editor.fill() },
  { keys: "N", text: "Keep the fill, begin with a new hole", is: plain("n"), run: () => editor.keep() },
  { keys: "B", text: "Brush", is: plain("b"), run: () => take("brush") },
  { keys: "E", text: "Eraser", is: plain("e"), run: () => take("eraser") },
  { keys: "X", text: "Brush or eraser", is: plain("x"), run: () => take(editor.tool === "eraser" ? "brush" : "eraser") },
  { keys: "R", text: "Box", is: plain("r"), run: () => take("rectangle") },
  { keys: "L", text: "Lasso", is: plain("l"), run: () => take("lasso") },
  { keys: "S", text: "Object: a click selects it, another leaves it", is: plain("s"), run: () => take("object") },
  { keys: "G", text: "Area: inside a closed line, or an object of the scene map", is: plain("g"), run: () => take("bucket") },
  { keys: "I", text: "Pick the class of a place", is: plain("i"), run: () => take("dropper") },
  { keys: "[ / ]", text: "Smaller, larger brush", is: plain("["), run: () => resize(editor.brush / BRUSH_STEP - 0.5) },
  { keys: "", text: "", is: plain("]"), run: () => resize(editor.brush * BRUSH_STEP + 0.5) },
  { keys: "H", text: "Paint the hole", is: plain("h"), run: () => editor.set({ target: "hole" }) },
  {
    keys: "1 … 9", text: "Paint a class into the hole", is: plain(..."123456789"),
    run: ({ key }) => editor.classes[Number(key) - 1] && choose(editor, Number(key) - 1),
  },
  { keys: "O", text: "Hole on or off, to judge a fill", is: plain("o"), run: () => editor.set({ showsHole: !editor.showsHole }) },
  { keys: "M", text: "Scene map on or off", is: plain("m"), run: () => toggleLayer("showsMap") },
  { keys: "T", text: "Trust on or off", is: plain("t"), run: () => toggleLayer("showsTrust") },
  { keys: "C", text: "Compare two variants", is: plain("c"), run: () => toggleComparison(editor) },
  { keys: "Tab", text: "Hold over the photo: see the original" },
  { keys: "Space", text: "Hold and drag: move the photo" },
  { keys: "+ / -", text: "Zoom; so does the wheel", is: plain("+", "="), run: () => stage.view.zoom(ZOOM_STEP) },
  { keys: "", text: "", is: plain("-"), run: () => stage.view.zoom(1 / ZOOM_STEP) },
  { keys: "0", text: "Show the whole photo", is: plain("0"), run: () => stage.view.fit() },
  { keys: "Arrows", text: "Move the brush, with Shift by one pixel" },
  { keys: "Enter", text: "Paint at the brush; hold it and move to draw" },
  { keys: "Ctrl Z", text: "Undo", is: ctrl("z"), run: () => input.cancel() || editor.undo() },
  { keys: "Shift Ctrl Z / Ctrl Y", text: "Redo", is: ctrl("z", true), run: () => editor.redo() },
  { keys: "", text: "", is: ctrl("y"), run: () => editor.redo() },
  { keys: "Delete", text: "Clear the hole", is: plain("delete", "backspace"), run: () => editor.clearHole() },
  { keys: "Ctrl O", text: "Open a photo", is: ctrl("o"), run: () => pick("photo") },
  { keys: "Ctrl S", text: "Save the photo", is: ctrl("s"), run: () => void savePhoto(editor, "original") },
  { keys: "Ctrl C", text: "Copy the photo", is: (event) => ctrl("c")(event) && !getSelection()?.toString(), run: () => void copy(editor) },
  { keys: "Ctrl V", text: "Open the photo in the clipboard" },
  { keys: "Esc", text: "Cancel the stroke, the fill, the comparison", is: plain("escape"), run: escape },
  { keys: "?", text: "This page", is: plain("?"), run: () => dialogs.help.showModal() },
];
describe(shortcuts, element("keys"));
listen(shortcuts, { canvas, pan: (on) => (input.panning = on), original: showOriginal });

// Controls

on("open", () => dialogs.open.showModal());
on("welcome-open", () => pick("photo"));
on("save", () => dialogs.save.showModal());
on("help", () => dialogs.help.showModal());
on("undo", () => editor.undo());
on("redo", () => editor.redo());
on("zoom-in", () => stage.view.zoom(ZOOM_STEP));
on("zoom-out", () => stage.view.zoom(1 / ZOOM_STEP));
on("zoom-fit", () => stage.view.fit());
on("forget", () => editor.forget());
on("clear", () => editor.clearHole());
on("fill", () => void editor.fill());
on("keep", () => editor.keep());
on("cancel", () => editor.cancel());
on("open-photo", () => pick("photo"));
on("open-mask", () => pick("mask"));
on("open-classes", () => pick("classes"));
for (const [id, save] of Object.entries({
  "save-photo": () => savePhoto(editor, element("format", HTMLSelectElement).value),
  "save-mask": () => saveMask(editor),
  "save-classes": () => saveClasses(editor),
  "save-map": () => saveMap(editor),
  copy: () => copy(editor),
})) {
  on(id, () => {
    dialogs.save.close();
    void save();
  });
}
for (const button of document.querySelectorAll("[data-tool]")) {
  button.addEventListener("click", () => take(/** @type {ToolName} */ (/** @type {HTMLElement} */ (button).dataset.tool)));
}

const original = element("original");
original.addEventListener("pointerdown", () => showOriginal(true));
for (const end of ["pointerup", "pointercancel", "pointerleave", "blur"]) original.addEventListener(end, () => showOriginal(false));
original.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && showOriginal(true));
original.addEventListener("keyup", () => showOriginal(false));

const brush = element("brush", HTMLInputElement);
brush.addEventListener("input", () => resize(largestBrush() ** (Number(brush.value) / 100)));
const showHole = element("show-hole", HTMLInputElement);
showHole.addEventListener("change", () => editor.set({ showsHole: showHole.checked }));
const showMap = element("show-map", HTMLInputElement);
showMap.addEventListener("change", () => toggleLayer("showsMap", showMap.checked));
const showTrust = element("show-trust", HTMLInputElement);
showTrust.addEventListener("change", () => toggleLayer("showsTrust", showTrust.checked));
const mapOpacity = element("map-opacity", HTMLInputElement);
mapOpacity.addEventListener("input", () => editor.set({ mapOpacity: Number(mapOpacity.value) / 100 }));
const model = element("model", HTMLSelectElement);
model.addEventListener("change", () => editor.choose(model.value));
for (const [name, unsaid] of /** @type {const} */ ([["grow", "auto"], ["feather", 0]])) {
  const field = element(name, HTMLInputElement);
  field.addEventListener("change", () => {
    const number = Math.min(Number(field.max), Math.max(0, Math.round(field.valueAsNumber)));
    const value = Number.isNaN(number) ? unsaid : number;
    field.value = value === "auto" ? "" : String(value);
    editor.set({ [name]: value });
  });
}
const intents = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[name=intent]"));
for (const each of intents) {
  each.addEventListener("change", () => editor.set({ intent: /** @type {import("./api.js").Intent} */ (each.value) }));
}
extent.addEventListener("change", () => (element("extent").textContent = sentence(extent)));

/** Mouse users come back to the photo, so that the keys reach it. */
document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const dialog = document.querySelector("dialog[open]");
  if (event.detail > 0 && !dialog && editor.session && target.closest("button, input[type=radio], .legend")) {
    canvas.focus({ preventScroll: true });
  }
});
for (const slider of document.querySelectorAll("input[type=range]")) {
  slider.addEventListener("pointerup", () => canvas.focus({ preventScroll: true }));
}

// Files from outside

document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("dragenter", () => document.body.classList.add("dropping"));
document.addEventListener("dragleave", (event) => event.relatedTarget ?? document.body.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  void openFiles([...(event.dataTransfer?.files ?? [])]);
});
document.addEventListener("paste", (event) => void openFiles([...(event.clipboardData?.files ?? [])]));
window.addEventListener("beforeunload", (event) => {
  void keeper.flush();
  if (editor.unsaved && !keeper.safe && keeper.refusal) event.preventDefault();
});
document.addEventListener("visibilitychange", () => void keeper.flush());
window.addEventListener("pagehide", (event) => {
  if (!event.persisted) editor.session?.close();
});

// What the page shows

const status = element("status");
editor.addEventListener("say", (event) => {
  const { text, mood } = /** @type {CustomEvent<{text: string, mood: string}>} */ (event).detail;
  status.textContent = text;
  status.dataset.mood = mood;
});
for (const event of ["error", "unhandledrejection"]) {
  window.addEventListener(event, () => editor.say("Something went wrong in the page. What you painted is still there: try it again.", "bad"));
}
stage.view.onMove(() => {
  const percent = `${Math.round((stage.view.scale / stage.view.density) * 100)} %`;
  element("zoom-fit").textContent = percent;
  element("zoom-fit").setAttribute("aria-label", `${percent}: fit the photo into the window`);
});

const progress = element("progress", HTMLProgressElement);
const fill = element("fill", HTMLButtonElement);
editor.addEventListener("open", () => {
  document.body.dataset.state = "open";
  stage.view.fit(); // into what the controls leave of the window, now that they are there
  canvas.focus({ preventScroll: true });
});
editor.addEventListener("change", () => {
  const { busy, history, session, tool, target, classes } = editor;
  for (const each of document.querySelectorAll("[data-tool]")) {
    each.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (each).dataset.tool === tool));
  }
  for (const each of document.querySelectorAll(".needs-photo")) each.toggleAttribute("disabled", !session);
  for (const each of document.querySelectorAll("[data-needs=classes]")) each.toggleAttribute("hidden", !classes.length);
  for (const each of document.querySelectorAll("[data-shown-by]")) {
    const by = element(String(/** @type {HTMLElement} */ (each).dataset.shownBy), HTMLInputElement);
    each.toggleAttribute("hidden", !(by === showMap ? editor.showsMap : editor.showsTrust));
  }
  element("undo", HTMLButtonElement).disabled = !history.canUndo;
  element("redo", HTMLButtonElement).disabled = !history.canRedo;
  original.setAttribute("aria-pressed", String(editor.showsOriginal));
  showHole.checked = editor.showsHole;
  showMap.checked = editor.showsMap;
  showTrust.checked = editor.showsTrust;
  element("brush-size").textContent = String(editor.brush);
  brush.value = String(Math.round((100 * Math.log(editor.brush)) / Math.log(largestBrush())));
  canvas.setAttribute("aria-label", session ? `Photo ${session.info.name}, painting ${target === "hole" ? "the hole" : classes[target].name}` : "Photo");
  canvas.dataset.cursor = tool;

  for (const each of intents) each.checked = each.value === editor.intent;
  fill.disabled = !session || busy !== null || !editor.hole.holds(HOLE);
  fill.textContent = editor.present === editor.base ? "Fill" : "Fill again";
  element("keep").hidden = !session || editor.present === editor.base || busy !== null;
  element("cancel").hidden = progress.hidden = busy === null;
  element("stage").setAttribute("aria-busy", String(busy !== null));
  if (busy?.share == null) progress.removeAttribute("value");
  else progress.value = busy.share;

  if (model.options.length !== editor.models.length) model.replaceChildren(...editor.models.map(({ name }) => new Option(name)));
  model.value = editor.model?.name ?? "";
  element("model-purpose").textContent = editor.model?.purpose ?? "";
});

editor.addEventListener("close", () => {
  document.body.dataset.state = "empty";
  element("welcome-open").focus();
});
const note = element("kept-note");
keeper.addEventListener("change", () => (note.textContent = keeper.refusal ?? KEPT));

editor.changed();
void editor.start().then(() => keeper.start());

/** @param {string} id @param {() => void} action */
function on(id, action) {
  element(id).addEventListener("click", action);
}
