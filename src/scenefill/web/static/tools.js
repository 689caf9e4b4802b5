/** The tools: what a stroke over the photo does to the hole or to the painted classes. */

import { UNKNOWN } from "./classes.js";
import { HOLE } from "./editor.js";
import { capsule, flood, polygon, rectangle } from "./geometry.js";
import { selectObject } from "./objects.js";
import { Edit } from "./plane.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./editor.js").ToolName} ToolName */
/** @typedef {import("./geometry.js").Point} Point */

/**
 * A stroke from the moment the pen touches the photo.
 * @typedef {object} Stroke
 * @property {(point: Point, pressure: number) => void} move  pressure: 0..1, 1 where a device knows none.
 * @property {() => void} end
 * @property {() => void} cancel  As if it had never begun.
 * @property {Point[]} [outline]  A line to be drawn while the stroke lasts; closed.
 */

/** @type {Record<ToolName, (editor: Editor, point: Point, pressure: number) => Stroke>} */
const TOOLS = {
  brush: (editor, point, pressure) => brush(editor, point, pressure, new Paint(editor, false)),
  eraser: (editor, point, pressure) => brush(editor, point, pressure, new Paint(editor, true)),
  rectangle: (editor, start) => {
    let end = start;
    /** @type {Stroke} */
    const stroke = {
      outline: [],
      move: (point) => {
        end = point;
        stroke.outline = [start, { x: end.x, y: start.y }, end, { x: start.x, y: end.y }];
      },
      end: () => {
        const paint = new Paint(editor, false);
        rectangle(start, end, paint.span);
        paint.finish();
      },
      cancel: () => {},
    };
    return stroke;
  },
  lasso: (editor, start) => {
    const points = [start];
    return {
      outline: points,
      move: (point) => points.push(point),
      end: () => {
        const paint = new Paint(editor, false);
        polygon(points, paint.span);
        paint.finish();
      },
      cancel: () => {},
    };
  },
  object: (editor, point) => ({ move: () => {}, cancel: () => {}, end: () => void selectObject(editor, point) }),
  bucket: (editor, point) => ({ move: () => {}, cancel: () => {}, end: () => pour(editor, point) }),
  dropper: (editor, point) => ({ move: () => {}, cancel: () => {}, end: () => void pick(editor, point) }),
};

/**
 * Begins a stroke with the tool that is chosen.
 * @param {Editor} editor @param {Point} point @param {number} pressure @param {ToolName} tool @returns {Stroke}
 */
export function begin(editor, point, pressure, tool = editor.tool) {
  return TOOLS[tool](editor, point, pressure);
}

/** Edits of one stroke, undone as one step. */
class Paint {
  /** @type {{edit: Edit, paint: import("./geometry.js").Span}[]} */
  #edits = [];

  /** @param {Editor} editor @param {boolean} erases */
  constructor(editor, erases) {
    const { hole, hints, target } = editor;
    this.editor = editor;
    this.name = erases ? "erase" : target === "hole" ? "paint the hole" : `paint ${editor.classes[target].name}`;
    if (target !== "hole") this.#add(new Edit(hints, hole.data), erases ? UNKNOWN : target);
    else {
      this.#add(new Edit(hole), erases ? 0 : HOLE);
      if (erases) this.#add(new Edit(hints), UNKNOWN); // no class is wanted where there is no hole
    }
  }

  /** @type {import("./geometry.js").Span} */
  span = (y, from, to) => {
    for (const { paint } of this.#edits) paint(y, from, to);
  };

  show() {
    for (const { edit } of this.#edits) edit.show();
  }

  finish() {
    const { editor } = this;
    const changed = editor.record(this.name, this.#edits.map(({ edit }) => edit));
    if (changed) editor.say("");
    else if (editor.target !== "hole" && editor.tool !== "eraser") {
      editor.say("Classes are painted into the hole: paint the hole there first.", "bad");
    }
  }

  cancel() {
    for (const { edit } of this.#edits) edit.plane.swap(edit.finish());
    this.editor.record(this.name, []); // nothing: what is painted is what it was
  }

  /** @param {Edit} edit @param {number} value */
  #add(edit, value) {
    this.#edits.push({ edit, paint: edit.painter(value) });
  }
}

/** @param {Editor} editor @param {Point} point @param {number} pressure @param {Paint} paint @returns {Stroke} */
function brush(editor, point, pressure, paint) {
  const radius = editor.brush / 2;
  let last = point;
  /** @param {Point} next @param {number} pressure */
  const draw = (next, pressure) => {
    capsule(last, next, Math.max(0.5, radius * pressure), paint.span);
    paint.show();
    last = next;
  };
  draw(point, pressure);
  return { move: draw, end: () => paint.finish(), cancel: () => paint.cancel() };
}

/**
 * Fills an area. For the hole: the object of the label map where that is on display, else what the hole encloses.
 * For a class: the part of the hole that has one class.
 * @param {Editor} editor @param {Point} point
 */
function pour(editor, point) {
  const { hole, target } = editor;
  const { width, height, data } = hole;
  const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  const seed = y * width + x;
  const paint = new Paint(editor, false);
  if (target === "hole") {
    const map = editor.showsMap ? editor.present?.maps?.labels.plane.data : null;
    if (data[seed]) return editor.say("This is part of the hole already.");
    /** @type {[number, number, number][]} */
    const spans = [];
    const same = map ? (/** @type {number} */ i) => map[i] === map[seed] : (/** @type {number} */ i) => !data[i];
    const open = flood(width, height, point, same, (...span) => spans.push(span));
    if (open && !map) return editor.say("Nothing encloses this place: draw a closed line first, or show the scene map and click an object.", "bad");
    for (const span of spans) paint.span(...span);
  } else {
    const label = editor.classAt(seed);
    flood(width, height, point, (i) => data[i] !== 0 && editor.classAt(i) === label, paint.span);
  }
  paint.finish();
}

/** Chooses the class of a pixel for painting. @param {Editor} editor @param {Point} point */
async function pick(editor, point) {
  const { width, height } = editor.hole;
  const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
  if (x < 0 || y < 0 || x >= width || y >= height) return;
  if (editor.classAt(y * width + x) === UNKNOWN) await editor.map();
  const found = editor.classes.find(({ id }) => id === editor.classAt(y * width + x));
  if (!found) return editor.say("No class is known at this place.", "bad");
  editor.set({ target: found.id, tool: "brush" });
  editor.say(`${found.name} is chosen: paint it into the hole.`);
}
