/**
 * What is being edited: the photo, its hole, the painted classes, the fills, and every command that changes them.
 * The page draws this and calls it; it knows nothing of the page.
 */

import { UNKNOWN, translation } from "./classes.js";
import { Commands } from "./commands.js";
import { History } from "./history.js";
import { Edit, Plane, weight } from "./plane.js";
import { decode, encode } from "./png.js";
import { Picture } from "./picture.js";
import { Session } from "./session.js";
import { Variant, makeRoom } from "./variant.js";
import { announce, make } from "./filling.js";

/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./api.js").Model} Model */
/** @typedef {import("./plane.js").Tiles} Tiles */
/** @typedef {import("./variant.js").Ground} Ground */
/** @typedef {"hole" | number} Target  What is painted: the hole, or the class of that id into it. */
/** @typedef {"brush" | "eraser" | "rectangle" | "lasso" | "object" | "bucket" | "dropper"} ToolName */
/** @typedef {{present: Variant | null, base: Variant | null, model: Model | null}} Standing  What undo brings back, beside the planes. */

/** Value of the hole's pixels in its plane and in its PNG. */
export const HOLE = 255;

/** Milliseconds before a service that did not answer is asked again. */
const PAUSE = 1000;

export class Editor extends Commands {
  /** @type {Session | null} */
  session = null;
  hole = new Plane(0, 0, 0);
  hints = new Plane(0, 0, UNKNOWN);
  /** All variants, the photo first. @type {Variant[]} */
  variants = [];
  /** The variant on display. @type {Variant | null} */
  present = null;
  /** The variant in which the hole is. @type {Variant | null} */
  base = null;
  history = new History();
  /** @type {Model[]} */
  models = [];
  /** @type {Model | null} */
  model = null;
  /** Names of classes that may not appear in the hole. @type {Set<string>} */
  forbidden = new Set();
  /** @type {import("./api.js").Intent} */
  intent = "remove";
  /** @type {import("./api.js").Growth} */
  grow = "auto";
  feather = 0;
  /** @type {Target} */
  target = "hole";
  /** @type {ToolName} */
  tool = "brush";
  /** Diameter of the brush in pixels of the photo. */
  brush = 40;
  /** The hole and the painted classes; while they are not filled, they are always shown. */
  showsHole = true;
  showsMap = false;
  showsTrust = false;
  mapOpacity = 0.55;
  /** Below this, a filled pixel counts as unsure. */
  threshold = 0.5;
  /** @type {{left: Variant, right: Variant, at: number} | null} */
  comparison = null;
  /** While the photo itself is shown in place of the variant. */
  showsOriginal = false;
  /** Stands for what is painted: every change gives a new number, undo and redo bring the old one back. */
  #painted = 0;
  /** The number after the last step of the history, and the largest that was given. */
  #noted = 0;
  #largest = 0;
  /** Whether there is something that was not saved. */
  unsaved = false;

  /** @param {Api} api */
  constructor(api) {
    super();
    this.api = api;
  }

  /** Whether what is painted still has to be filled. */
  get isOpen() {
    return this.present === this.base || this.#painted !== this.present?.ground?.painted;
  }

  /** Stands for what is painted. */
  get painted() {
    return this.#painted;
  }

  get classes() {
    return this.model?.labels?.classes ?? [];
  }

  /** Sets plain values, such as the tool. @param {Partial<Editor>} values */
  set(values) {
    Object.assign(this, values);
    if ("threshold" in values || "showsTrust" in values || "showsMap" in values || "comparison" in values) void this.#prepare();
    this.changed();
  }

  /** Meets the service; where that does not answer, asks again until it does. */
  async start() {
    for (let answered = false; !answered; ) {
      await this.attempt(async () => {
        answered = true;
        this.models = await this.api.models().catch((error) => {
          answered = error.status !== 0;
          throw error;
        });
        this.model = this.models.find((model) => model.default) ?? this.models[0] ?? null;
        this.changed();
      });
      if (!answered) await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  /** Opens a photo in place of the present one. @param {File} file */
  async open(file) {
    await this.work(`Opening ${file.name}`, async () => {
      const session = await Session.open(this.api, file);
      const photo = await session.photo();
      const picture = await Picture.decode(photo);
      const { width, height } = session.info;
      const place = { left: 0, top: 0, right: width, bottom: height };
      const original = new Variant("Photo", null, null, [{ file: photo, place, picture }], null);
      session.has(original);
      this.session?.close();
      this.#begin(session, [original], {
        present: original, base: original, forbidden: new Set(), brush: Math.max(4, Math.round(Math.max(width, height) / 25)),
        target: "hole", unsaved: false,
      });
      this.say(`${session.info.name}, ${width} × ${height} pixels. Select or paint what should go, then press Fill.`);
    });
  }

  /** Goes on with a photo that was kept, as it was left. @param {import("./memory.js").Recalled} recalled */
  resume({ session, variants, values, hole, hints, painted }) {
    this.#largest = Math.max(painted, ...variants.map(({ ground }) => ground?.painted ?? 0));
    this.#begin(session, variants, values);
    this.hole.swap(hole);
    this.hints.swap(hints);
    this.#painted = this.#noted = painted;
    void this.#prepare();
    this.changed();
  }

  /** Forgets the photo and all that was made of it. */
  forget() {
    if (this.busy) return this.say("One moment: something is being done already (Esc cancels it).");
    if (!this.session) return;
    const { name } = this.session.info;
    this.session.close();
    this.#begin(null, [], { present: null, base: null, unsaved: false });
    this.say(`${name} is forgotten, here and in the service.`);
  }

  /** @param {Session | null} session @param {Variant[]} variants @param {Partial<Editor>} values */
  #begin(session, variants, values) {
    const { width, height } = session?.info ?? { width: 0, height: 0 };
    Object.assign(this, {
      session, variants, history: new History(), comparison: null, tool: "brush", showsHole: true, showsMap: false, showsTrust: false,
      hole: new Plane(width, height, 0), hints: new Plane(width, height, UNKNOWN), ...values,
    });
    for (const plane of [this.hole, this.hints]) plane.onChange(() => (this.#painted = ++this.#largest));
    this.#painted = this.#noted = ++this.#largest;
    this.dispatchEvent(new Event(session ? "open" : "close"));
    this.changed();
  }

  // Painting

  /**
   * Notes an edit that was made as one step of the history.
   * @param {string} name @param {Edit[]} edits @param {Standing} before
   * @returns {boolean}  Whether it changed anything.
   */
  record(name, edits, before = this.#standing) {
    const changes = edits.map((edit) => ({ plane: edit.plane, tiles: edit.finish() })).filter(({ tiles }) => tiles.size);
    const { present, base, model } = before;
    if (!changes.length && present === this.present && base === this.base && model === this.model) {
      this.#painted = this.#noted;
      return false;
    }
    this.unsaved = true;
    let [standing, painted] = [before, this.#noted];
    if (changes.length) this.#noted = this.#painted;
    const exchange = () => {
      const now = /** @type {const} */ ([this.#standing, this.#painted]);
      for (const change of changes) change.tiles = change.plane.swap(change.tiles);
      this.#painted = this.#noted = painted;
      this.#stand(standing);
      [standing, painted] = now;
    };
    const bytes = changes.reduce((sum, { tiles }) => sum + weight(tiles), 0);
    this.history.push({ name, bytes, undo: exchange, redo: exchange });
    this.changed();
    return true;
  }

  undo() {
    const name = this.history.undo();
    this.say(name ? `Undone: ${name}` : "There is nothing to undo.");
  }

  redo() {
    const name = this.history.redo();
    this.say(name ? `Done again: ${name}` : "There is nothing to do again.");
  }

  clearHole() {
    const edits = [new Edit(this.hole), new Edit(this.hints)];
    for (const edit of edits) edit.load(new Map());
    if (!this.record("clear the hole", edits)) this.say("There is no hole to clear.");
  }

  /** The class of a pixel as the user or else the network has it; UNKNOWN where neither does. @param {number} index */
  classAt(index) {
    if (this.hole.data[index] && this.hints.data[index] !== UNKNOWN) return this.hints.data[index];
    return this.present?.maps?.labels.plane.data[index] ?? UNKNOWN;
  }

  /** @param {string} name @returns {void} */
  toggleForbidden(name) {
    if (!this.forbidden.delete(name)) this.forbidden.add(name);
    this.say(this.forbidden.has(name) ? `The next fill avoids ${name}.` : `The next fill may use ${name} again.`);
    this.changed();
  }

  /** Takes another model. Painted classes keep their names; those that it does not know are gone. @param {string} name */
  choose(name) {
    const before = this.#standing;
    const model = this.models.find((model) => model.name === name) ?? this.model;
    const edit = new Edit(this.hints);
    if (this.session && !this.hints.isEmpty) {
      const table = translation(before.model, model);
      const translated = new Plane(this.hints.width, this.hints.height, UNKNOWN);
      translated.data.set(this.hints.data.map((id) => table[id]));
      edit.load(translated.snapshot());
    }
    this.#stand({ ...before, model });
    if (this.session) this.record("choose a model", [edit], before);
  }

  // Filling

  /** Fills the hole. @param {boolean} unsure  Only what the fill on display is unsure of, on top of it. */
  async fill(unsure = false) {
    const { session, present, model } = this;
    const base = unsure ? present : this.base;
    if (!session || !base || !model) return;
    if (!this.hole.holds(HOLE)) return this.say("There is no hole yet: paint over what should go.", "bad");
    await this.work(unsure ? "Trying again where unsure" : "Filling", async (signal) => {
      const ground = this.#ground();
      const { width, height } = this.hole;
      const mask = unsure && !this.isOpen ? null : await encode(this.hole.data, width, height);
      const labels = this.hints.isEmpty || !model.labels ? null : await encode(this.hints.data, width, height);
      const { intent, grow, feather, threshold } = this;
      const forbid = model.labels ? [...this.forbidden] : [];
      const options = { model: model.name, forbid, intent, grow, feather, ...(unsure && { unsure: threshold }) };
      const variant = await make(this, session, { kind: "fill", base, mask, labels, options }, ground, signal);
      const before = this.#standing;
      this.#stand({ ...before, present: variant, base: ground.base });
      this.record(unsure ? "try again where unsure" : "fill", [], before); // strokes made in the meantime still have to be filled
      announce(this, variant);
    });
  }

  /** Removes every pixel of a class from the picture on display. @param {string} name */
  async erase(name) {
    const { session, present, model } = this;
    if (!session || !present || !model) return;
    await this.work(`Finding and erasing ${name}`, async (signal) => {
      const options = { model: model.name, feather: this.feather, ...(this.grow !== "auto" && { grow: this.grow }) };
      const ground = { hole: new Map(), hints: new Map(), base: present, painted: ++this.#largest };
      const variant = await make(this, session, { kind: "erase", base: present, what: [name], options }, ground, signal);
      const found = variant.info?.mask_url && (await decode(await session.blob(variant.info.mask_url)));
      if (!found || !found.data.includes(HOLE)) return this.say(`No ${name} was found in this picture.`, "bad");
      const mask = new Plane(found.width, found.height, 0);
      mask.data.set(found.data.map((value) => (value >= 128 ? HOLE : 0)));
      ground.hole = mask.snapshot();
      this.#show(ground, variant, `erase ${name}`);
      announce(this, variant);
    });
  }

  /** Keeps the fill on display and begins with a new hole in it. */
  keep() {
    if (!this.present?.ground) return this.say("There is no fill to keep yet.");
    this.#show({ hole: new Map(), hints: new Map(), base: this.present, painted: ++this.#largest }, this.present, "keep the fill");
    this.say("Kept. Paint the next hole: the fill is part of the picture now.");
  }

  /** Goes back to a variant, with the hole and the classes that it was made from. @param {Variant} variant */
  go(variant) {
    const ground = variant.ground ?? { ...this.#ground(), base: variant };
    this.#show(ground, variant, `show ${variant.name}`);
    this.say(`${variant.name} is on display.`);
  }

  // Saving

  /** The picture on display as a file. @param {string} format @returns {Promise<{name: string, blob: Blob} | null>} */
  async save(format) {
    const { session, present } = this;
    if (!session || !present?.request) {
      this.say("There is no fill to save yet.", "bad");
      return null;
    }
    let file = null;
    await this.work("Preparing the photo", async () => {
      file = await session.save(present, format);
      this.unsaved = false;
    });
    return file;
  }

  /** The label map of the picture on display, with what was painted: waits for the network. @returns {Promise<boolean>} */
  async map() {
    const { present } = this;
    if (present && !present.maps) await this.#readMaps(present);
    return Boolean(present?.maps);
  }

  /** Looks at the picture in which the hole is, so that clicks find their objects at once. */
  async survey() {
    if (!this.session || !this.base) return;
    if (!this.base.maps) await this.#readMaps(this.base);
    if (this.base.maps) this.say("Click an object to make it part of the hole; click it again to leave it.");
  }

  /** @returns {Ground} */
  #ground() {
    const base = /** @type {Variant} */ (this.base);
    return { hole: this.hole.snapshot(), hints: this.hints.snapshot(), base, painted: this.#painted };
  }

  /** @returns {Standing} */
  get #standing() {
    return { present: this.present, base: this.base, model: this.model };
  }

  /** @param {Standing} standing */
  #stand(standing) {
    const other = this.model?.labels?.name !== standing.model?.labels?.name;
    Object.assign(this, standing, { comparison: null });
    if (other) {
      for (const variant of this.variants) variant.maps = null; // they speak of the other classes
      this.forbidden = new Set(this.classes.map(({ name }) => name).filter((name) => this.forbidden.has(name)));
      if (typeof this.target === "number" && !this.classes[this.target]) this.target = "hole";
      if (!this.classes.length) this.showsMap = this.showsTrust = false;
      if (!this.classes.length && ["object", "dropper"].includes(this.tool)) this.tool = "brush";
    }
    void this.#prepare();
    this.changed();
  }

  /** Shows a variant with what was painted when it was made. @param {Ground} ground @param {Variant} present @param {string} name */
  #show(ground, present, name) {
    const before = this.#standing;
    const edits = [new Edit(this.hole), new Edit(this.hints)];
    edits[0].load(ground.hole);
    edits[1].load(ground.hints);
    this.#stand({ ...before, present, base: ground.base });
    this.record(name, edits, before);
    this.#painted = this.#noted = ground.painted;
    this.changed();
  }

  /** Sees to it that what is to be shown is there. */
  async #prepare() {
    const { present, comparison } = this;
    if (!present) return;
    const used = comparison ? [present, comparison.left, comparison.right] : [present];
    await Promise.all(used.map((variant) => variant.load()));
    makeRoom(this.variants, used);
    this.changed();
    if (!this.showsMap && !this.showsTrust) return;
    for (const variant of used) if (!variant.maps && (variant.info || this.showsMap)) await this.#readMaps(variant);
  }

  /** @param {Variant} variant */
  async #readMaps(variant) {
    const { session, model } = this;
    if (!session || !model) return;
    await this.attempt(async () => {
      if (!variant.info) this.say("Reading the scene …");
      const files = await session.maps(variant, model.name);
      if (!files) return this.say("This model knows no classes, so it has no map of the scene.");
      const maker = this.models.find(({ name }) => name === variant.info?.model) ?? model;
      await variant.readMaps(files.labels, files.confidence, files.mask, translation(maker, this.model));
      if (!variant.info) this.say("This is how the model sees the scene.");
      this.changed();
    });
  }
}
