import assert from "node:assert/strict";
import { before, test } from "node:test";

import { ServiceError } from "../../../src/scenefill/web/static/http.js";
import { UNKNOWN } from "../../../src/scenefill/web/static/classes.js";
import { Editor, HOLE } from "../../../src/scenefill/web/static/editor.js";
import { Extent, sentence } from "../../../src/scenefill/web/static/extent.js";
import { part, recall, work } from "../../../src/scenefill/web/static/memory.js";
import { selectClass, selectObject } from "../../../src/scenefill/web/static/objects.js";
import { decode, encode } from "../../../src/scenefill/web/static/png.js";
import { begin } from "../../../src/scenefill/web/static/tools.js";

const [WIDTH, HEIGHT] = [64, 48];
const STREET = ["sky", "road", "tree"].map((name, id) => ({ id, name, colour: [id, id, id] }));
const PARK = ["tree", "water"].map((name, id) => ({ id, name, colour: [id, id, id] }));

/** A service that remembers what it was asked. It forgets everything in `restart`. */
class FakeApi {
  asked = [];
  down = false;
  #life = 0;
  #fills = 0;

  restart() {
    this.#life++;
    this.#fills = 0;
  }

  async models() {
    return [
      { name: "street", purpose: "", labels: { name: "street", classes: STREET }, default: true },
      { name: "park", purpose: "", labels: { name: "park", classes: PARK }, default: false },
      { name: "plain", purpose: "", labels: null, default: false },
    ];
  }

  async open(file) {
    this.asked.push(["open", file.name]);
    return { id: `session ${this.#life}`, width: WIDTH, height: HEIGHT, name: file.name, preview: { width: WIDTH, height: HEIGHT } };
  }

  async close() {}

  async photo() {
    return new Blob();
  }

  async fill(session, { base, mask, labels, options }, job, signal) {
    this.#check(session);
    if (this.down) throw new ServiceError(0, "The service does not answer.");
    if (this.slow) await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    this.asked.push(["fill", base, options, mask && (await decode(mask)).data, labels && (await decode(labels)).data]);
    return this.#info();
  }

  async erase(session, { base, what }) {
    this.#check(session);
    this.asked.push(["erase", base, what]);
    return { ...this.#info(), mask_url: what[0] === "tree" ? "empty" : "found" };
  }

  async describe(session, id) {
    return { ...this.#info(id), mean_confidence: 0.5 };
  }

  async select(session, { base, model, at }) {
    this.#check(session);
    this.asked.push(["select", base, model, at]);
    return { mask: await mask(10, 10, 20, 10), things: ["tree"] };
  }

  async extent(session, hole, { base, ...options }) {
    this.#check(session);
    this.asked.push(["extent", base, options]);
    return { mask: await mask(10, 10, 20, 11), things: options.intent === "remove" ? ["tree"] : [] };
  }

  async segment() {
    return { labels_url: "map", confidence_url: null };
  }

  async blob(url) {
    const data = new Uint8Array(WIDTH * HEIGHT);
    if (url === "found") data.fill(255, 0, WIDTH); // the first row
    if (url === "map") data.fill(1, (WIDTH * HEIGHT) / 2); // sky over road
    return encode(data, WIDTH, HEIGHT);
  }

  async job() {
    return { state: "running", position: 0, crops_done: 0, crops: 1 };
  }

  async cancel() {}

  async save(session, fill, format) {
    this.#check(session);
    return { name: `${fill}.${format}`, blob: new Blob() };
  }

  #check(session) {
    if (session !== `session ${this.#life}`) throw new ServiceError(404, "The photo is no longer in memory.");
  }

  #info(id = String(++this.#fills)) {
    return { id, model: "street", seconds: 1, patches: [], labels_url: "map", confidence_url: null, hole_ratio: 0.1, warnings: [] };
  }
}

/** A box in white. */
function mask(left, top, width, height) {
  const data = new Uint8Array(WIDTH * HEIGHT);
  for (let y = top; y < top + height; y++) data.fill(255, y * WIDTH + left, y * WIDTH + left + width);
  return encode(data, WIDTH, HEIGHT);
}

/** An editor with an open photo. */
async function opened() {
  const api = new FakeApi();
  const editor = new Editor(api);
  const said = [];
  editor.addEventListener("say", ({ detail }) => said.push(detail.text));
  await editor.start();
  await editor.open(new File([], "street.jpg"));
  editor.set({ brush: 6 });
  return { api, editor, said };
}

function stroke(editor, tool, ...points) {
  editor.set({ tool });
  const [start, ...rest] = points.map(([x, y]) => ({ x, y }));
  const made = begin(editor, start, 1);
  for (const point of rest) made.move(point, 1);
  made.end();
}

const count = (plane) => plane.data.reduce((sum, value) => sum + (value !== plane.empty), 0);
const at = (plane, x, y) => plane.data[y * WIDTH + x];

before(() => {
  globalThis.createImageBitmap = async () => ({ width: WIDTH, height: HEIGHT, close() {} });
});

test("brush, eraser, box and lasso paint the hole; each stroke is one step", async () => {
  const { editor } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  assert.equal(count(editor.hole), 100);
  stroke(editor, "lasso", [30, 10], [40, 10], [40, 20], [30, 20]);
  assert.equal(count(editor.hole), 200);
  stroke(editor, "eraser", [15, 5], [15, 25]);
  assert.equal(count(editor.hole), 140);
  stroke(editor, "brush", [5, 40], [50, 40]);
  const all = editor.hole.data.slice();
  for (let i = 0; i < 4; i++) editor.undo();
  assert.equal(count(editor.hole), 0);
  assert.equal(editor.history.canUndo, false);
  for (let i = 0; i < 4; i++) editor.redo();
  assert.deepEqual(editor.hole.data, all);
});

test("a cancelled stroke leaves nothing behind", async () => {
  const { editor } = await opened();
  const made = begin(editor, { x: 10, y: 10 }, 1);
  made.move({ x: 30, y: 30 }, 1);
  assert.notEqual(count(editor.hole), 0);
  made.cancel();
  assert.equal(count(editor.hole), 0);
  assert.equal(editor.history.canUndo, false);
});

test("the bucket fills what a line encloses, and refuses what none does", async () => {
  const { editor, said } = await opened();
  editor.set({ brush: 2 });
  stroke(editor, "brush", [10, 10], [30, 10], [30, 30], [10, 30], [10, 10]);
  stroke(editor, "bucket", [20, 20]);
  assert.equal(at(editor.hole, 20, 20), HOLE);
  assert.equal(at(editor.hole, 40, 20), 0);
  stroke(editor, "bucket", [50, 40]);
  assert.match(said.at(-1), /Nothing encloses/);
  assert.equal(at(editor.hole, 50, 40), 0);
});

test("with the scene map on display the bucket takes the object under it", async () => {
  const { editor } = await opened();
  editor.set({ showsMap: true });
  assert.ok(await editor.map());
  stroke(editor, "bucket", [5, 40]);
  assert.equal(count(editor.hole), (WIDTH * HEIGHT) / 2);
  assert.equal(at(editor.hole, 5, 5), 0);
});

test("classes are painted into the hole alone and go with it", async () => {
  const { editor, said } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  editor.set({ target: 2 });
  stroke(editor, "rectangle", [15, 0], [40, 40]);
  assert.equal(count(editor.hints), 50);
  assert.equal(editor.classAt(12 * WIDTH + 16), 2);
  stroke(editor, "rectangle", [30, 30], [40, 40]);
  assert.match(said.at(-1), /paint the hole there first/);
  editor.set({ target: "hole" });
  stroke(editor, "eraser", [20, 8], [20, 22]);
  assert.equal(count(editor.hints), 20);
  editor.undo();
  assert.equal(count(editor.hints), 50);
});

test("the dropper picks the class of the scene map", async () => {
  const { editor } = await opened();
  stroke(editor, "dropper", [5, 40]);
  while (editor.target === "hole") await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([editor.target, editor.tool], [1, "brush"]);
});

test("a fill sends hole, classes and what is forbidden; a second one has the same base", async () => {
  const { api, editor } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  editor.toggleForbidden("road");
  await editor.fill();
  const [, base, options, mask, labels] = api.asked.at(-1);
  assert.deepEqual([base, labels], [null, null]);
  assert.deepEqual(options, { model: "street", forbid: ["road"], intent: "remove", grow: "auto", feather: 0 });
  assert.deepEqual(mask, editor.hole.data);
  assert.equal(editor.isOpen, false);
  editor.set({ target: 2 });
  stroke(editor, "rectangle", [10, 10], [15, 20]);
  assert.equal(editor.isOpen, true);
  await editor.fill();
  assert.equal(api.asked.at(-1)[1], null);
  assert.deepEqual(api.asked.at(-1)[4], editor.hints.data);
  assert.deepEqual(editor.variants.map(({ name }) => name), ["Photo", "Fill 1", "Fill 2"]);
});

test("what is unsure is filled again on top of the fill on display", async () => {
  const { api, editor } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  await editor.fill();
  editor.set({ threshold: 0.7 });
  await editor.fill(true);
  assert.deepEqual([api.asked.at(-1)[1], api.asked.at(-1)[2].unsure, api.asked.at(-1)[3]], ["1", 0.7, null], "of what was filled");
  await editor.fill();
  assert.equal(api.asked.at(-1)[1], null);
});

test("keeping a fill begins with a new hole on top of it", async () => {
  const { api, editor } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  await editor.fill();
  editor.keep();
  assert.equal(count(editor.hole), 0);
  stroke(editor, "rectangle", [40, 10], [50, 20]);
  await editor.fill();
  assert.equal(api.asked.at(-1)[1], "1");
  assert.equal(editor.variants[2].base, editor.variants[1]);
});

test("undo goes back over fills, kept holes and strokes to the photo", async () => {
  const { editor } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  await editor.fill();
  editor.keep();
  stroke(editor, "rectangle", [40, 10], [50, 20]);
  await editor.fill();
  assert.equal(editor.present.name, "Fill 2");
  const seen = [];
  while (editor.history.canUndo) {
    editor.undo();
    seen.push([editor.present.name, editor.base.name, count(editor.hole)]);
  }
  assert.deepEqual(seen, [["Fill 1", "Fill 1", 100], ["Fill 1", "Fill 1", 0], ["Fill 1", "Photo", 100], ["Photo", "Photo", 100], ["Photo", "Photo", 0]]);
  while (editor.history.canRedo) editor.redo();
  assert.deepEqual([editor.present.name, count(editor.hole)], ["Fill 2", 100]);
});

test("going back to a variant brings its hole and classes", async () => {
  const { editor } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  editor.set({ target: 0 });
  stroke(editor, "rectangle", [10, 10], [12, 12]);
  await editor.fill();
  editor.keep();
  editor.go(editor.variants[1]);
  assert.deepEqual([count(editor.hole), count(editor.hints), editor.base.name, editor.isOpen], [100, 4, "Photo", false]);
});

test("erasing a class fills what was found, and says when nothing was", async () => {
  const { api, editor, said } = await opened();
  await editor.erase("road");
  assert.deepEqual(api.asked.at(-1), ["erase", null, ["road"]]);
  assert.deepEqual([count(editor.hole), editor.present.name], [WIDTH, "Fill 1"]);
  await editor.erase("tree");
  assert.match(said.at(-1), /No tree was found/);
  assert.equal(editor.variants.length, 2);
});

test("selecting a class adds it to the hole", async () => {
  const { editor, said } = await opened();
  stroke(editor, "rectangle", [0, 0], [10, 10]);
  await selectClass(editor, 1);
  assert.equal(count(editor.hole), 100 + (WIDTH * HEIGHT) / 2);
  await selectClass(editor, 1);
  assert.match(said.at(-1), /no road here that is not in the hole/);
});

test("a click selects an object, a second one leaves it, with what was painted into it", async () => {
  const { api, editor, said } = await opened();
  stroke(editor, "rectangle", [0, 0], [10, 4]);
  await selectObject(editor, { x: 20.7, y: 11.2 });
  assert.deepEqual(api.asked.at(-1), ["select", null, "street", [20, 11]]);
  assert.match(said.at(-1), /The tree is selected/);
  assert.equal(count(editor.hole), 40 + 200);
  editor.set({ target: 1 });
  stroke(editor, "rectangle", [0, 0], [64, 48]);
  await selectObject(editor, { x: 20, y: 11 });
  assert.deepEqual([count(editor.hole), count(editor.hints)], [40, 40]);
  editor.undo();
  assert.deepEqual([count(editor.hole), count(editor.hints)], [240, 240]);
  await selectObject(editor, { x: 64, y: 11 });
  assert.equal(api.asked.filter(([what]) => what === "select").length, 2, "beside the photo there is nothing");
  editor.choose("plain");
  await selectObject(editor, { x: 20, y: 11 });
  assert.match(said.at(-1), /knows no objects/);
});

test("what a fill takes along is asked for when the hole rests, and not again for the same hole", async () => {
  const api = new FakeApi();
  const editor = new Editor(api);
  const extent = new Extent(editor);
  const answered = () => new Promise((resolve) => extent.addEventListener("change", resolve, { once: true }));
  const asked = () => api.asked.filter(([what]) => what === "extent");
  await editor.start();
  await editor.open(new File([], "street.jpg"));
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  stroke(editor, "rectangle", [20, 10], [30, 20]);
  await answered();
  assert.deepEqual(asked().map(([, base, options]) => [base, options]), [[null, { model: "street", intent: "remove", grow: "auto" }]]);
  assert.deepEqual([count(extent.beyond), extent.things], [20, ["tree"]]);
  assert.equal(sentence(extent), "Takes out tree, and puts none there again. The yellow rim goes too.");
  editor.changed();
  await editor.fill();
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(asked().length, 1, "it was filled");
  editor.undo();
  editor.set({ intent: "restore" });
  await answered();
  assert.deepEqual([count(extent.beyond), extent.things, sentence(extent)], [0, [], ""]);
  editor.set({ grow: 3 });
  await answered();
  assert.deepEqual(asked().at(-1)[2], { model: "street", intent: "restore", grow: 3 });
  editor.clearHole();
  await answered();
  assert.deepEqual([asked().length, count(extent.beyond)], [2, 0]);
});

test("a service that does not answer costs no stroke", async () => {
  const { api, editor, said } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  api.down = true;
  await editor.fill();
  assert.match(said.at(-1), /does not answer/);
  assert.deepEqual([count(editor.hole), editor.busy, editor.variants.length], [100, null, 1]);
  api.down = false;
  await editor.fill();
  assert.equal(editor.present.name, "Fill 1");
});

test("a service that is not there yet is asked again until it is", async () => {
  const api = new FakeApi();
  const { models } = FakeApi.prototype;
  let asked = 0;
  api.models = async () => {
    if (++asked === 1) throw new ServiceError(0, "The service does not answer.");
    return models.call(api);
  };
  const editor = new Editor(api);
  await editor.start();
  assert.deepEqual([asked, editor.model.name], [2, "street"]);
  api.models = async () => { throw new ServiceError(401, "This service wants its token."); };
  await new Editor(api).start(); // who is refused does not insist
});

test("a service that was started anew gets the photo and the fills again", async () => {
  const { api, editor } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  await editor.fill();
  editor.keep();
  stroke(editor, "rectangle", [40, 10], [50, 20]);
  api.restart();
  api.asked.length = 0;
  await editor.fill();
  assert.deepEqual(api.asked.map(([what, base]) => [what, base]), [["open", "street.jpg"], ["fill", null], ["fill", "1"]]);
  api.restart();
  assert.equal((await editor.save("png")).name, "2.png");
});

test("a fill can be cancelled, and strokes made meanwhile stay", async () => {
  const { api, editor, said } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  api.slow = true;
  const filling = editor.fill();
  stroke(editor, "rectangle", [40, 10], [50, 20]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await editor.fill();
  assert.match(said.at(-1), /One moment/);
  editor.cancel();
  await filling;
  assert.match(said.at(-1), /Cancelled/);
  assert.deepEqual([count(editor.hole), editor.variants.length, editor.busy], [200, 1, null]);
});

test("work that was kept goes on as it was, at a service that knows nothing of it", async () => {
  const { api, editor } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  editor.toggleForbidden("road");
  editor.set({ intent: "restore", grow: 2 });
  await editor.fill();
  editor.keep();
  stroke(editor, "rectangle", [40, 10], [50, 20]);
  editor.set({ target: 2 });
  stroke(editor, "rectangle", [40, 10], [45, 20]);
  await editor.fill();
  const tiles = { hole: editor.hole.snapshot(), hints: editor.hints.snapshot() };
  const [kept, parts] = [work(editor, "a", tiles), editor.variants.map((_, number) => part(editor, number))];
  api.restart();
  api.asked.length = 0;
  const other = new Editor(api);
  await other.start();
  other.resume(await recall(other, structuredClone(kept), parts));
  for (const name of ["forbidden", "intent", "grow", "brush", "target", "unsaved", "isOpen", "painted"]) {
    assert.deepEqual(other[name], editor[name], name);
  }
  assert.equal(other.isOpen, false);
  assert.deepEqual([other.hole.data, other.hints.data], [editor.hole.data, editor.hints.data]);
  assert.deepEqual(other.variants.map(({ name }) => name), ["Photo", "Fill 1", "Fill 2"]);
  assert.equal(other.variants[2].base, other.variants[1]);
  assert.deepEqual([other.present.name, other.base.name, other.history.canUndo], ["Fill 2", "Fill 1", false]);
  assert.equal(api.asked.length, 0, "nothing is asked before it is needed");
  await Promise.all([other.save("png"), other.save("png")]);
  assert.deepEqual(api.asked.map(([what, base]) => [what, base]), [["open", "street.jpg"], ["fill", null], ["fill", "1"]]);
  other.go(other.variants[1]);
  assert.deepEqual([count(other.hole), count(other.hints)], [100, 0]);
  other.forget();
  assert.deepEqual([other.session, other.variants.length, other.hole.data.length], [null, 0, 0]);
});

test("another model keeps painted classes by name", async () => {
  const { editor } = await opened();
  stroke(editor, "rectangle", [10, 10], [20, 20]);
  editor.set({ target: 2 });
  stroke(editor, "rectangle", [10, 10], [20, 15]);
  editor.set({ target: 1 });
  stroke(editor, "rectangle", [10, 15], [20, 20]);
  editor.toggleForbidden("road");
  await editor.fill();
  editor.choose("park");
  assert.deepEqual([at(editor.hints, 12, 12), at(editor.hints, 12, 17)], [0, UNKNOWN]);
  assert.deepEqual([...editor.forbidden], []);
  editor.undo();
  assert.deepEqual([at(editor.hints, 12, 12), at(editor.hints, 12, 17), editor.model.name], [2, 1, "street"]);
  editor.redo();
  await editor.map();
  assert.deepEqual([editor.classAt(0), editor.classAt(40 * WIDTH)], [UNKNOWN, UNKNOWN], "sky and road mean nothing to it");
  editor.choose("plain");
  assert.deepEqual([editor.classes, editor.target], [[], "hole"]);
});
