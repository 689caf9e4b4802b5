/** What the scene map makes of the photo becomes the hole: one object by a click, or everything of a class. */

import { UNKNOWN } from "./classes.js";
import { HOLE } from "./editor.js";
import { runs } from "./geometry.js";
import { Edit } from "./plane.js";
import { decode } from "./png.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./geometry.js").Point} Point */

/**
 * Makes the object under a point part of the hole; where that is hole already, takes the object out of it.
 * @param {Editor} editor @param {Point} point
 */
export async function selectObject(editor, { x, y }) {
  const { session, base, model, hole, hints } = editor;
  const at = /** @type {[number, number]} */ ([Math.floor(x), Math.floor(y)]);
  if (!session || !base || !model || at[0] < 0 || at[1] < 0 || at[0] >= hole.width || at[1] >= hole.height) return;
  if (!model.labels) return editor.say("This model knows no objects: choose another under Options.", "bad");
  const takes = hole.data[at[1] * hole.width + at[0]] !== 0;
  await editor.work("Finding the object", async (signal) => {
    const { mask, things } = await session.select(base, model.name, at, signal);
    const found = await decode(mask);
    if (editor.hole !== hole) return; // another photo was opened
    const edits = [new Edit(hole), ...(takes ? [new Edit(hints)] : [])];
    const paint = [edits[0].painter(takes ? 0 : HOLE), ...edits.slice(1).map((edit) => edit.painter(UNKNOWN))];
    runs(found.data, found.width, (...span) => paint.forEach((each) => each(...span)));
    const changed = editor.record(`${takes ? "take out" : "select"} the ${things[0]}`, edits);
    if (!changed) editor.say(`This ${things[0]} is part of the hole already.`);
    else if (takes) editor.say(`The ${things[0]} is not part of the hole any more.`);
    else editor.say(`The ${things[0]} is selected. Click another one, or this one again to leave it; then fill.`);
  });
}

/** Makes everything of a class part of the hole. @param {Editor} editor @param {number} id */
export async function selectClass(editor, id) {
  const map = (await editor.map()) ? editor.present?.maps?.labels.plane : null;
  if (!map) return;
  const edit = new Edit(editor.hole);
  runs(map.data.map((value) => (value === id ? HOLE : 0)), map.width, edit.painter(HOLE));
  const { name } = editor.classes[id];
  if (!editor.record(`select ${name}`, [edit])) editor.say(`There is no ${name} here that is not in the hole.`);
  else editor.say(`Every ${name} is part of the hole now. Paint a little over the outlines, then fill.`);
}
