/** Keeps the work of this tab in the browser, so that a reload, a closed tab and a restarted service cost nothing. */

import { claim } from "./claim.js";
import { part, recall, work } from "./memory.js";
import { uuid } from "./session.js";
import { Store } from "./store.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./plane.js").Tiles} Tiles */

/** Milliseconds without a change before it is written. */
const PAUSE = 200;
/** So many works of closed tabs are kept, for so many days. */
const MOST = 4;
const DAYS = 30;
/** Where a tab has the name of its work. */
const MINE = "scenefill-work";

const REFUSED = "This browser keeps nothing of your work";

export class Keeper extends EventTarget {
  /** Whether all that was done is kept. */
  safe = false;
  /** Why nothing is kept; null while all is well. @type {string | null} */
  refusal = null;
  /** @type {Store | null} */
  #store = null;
  #id = "";
  /** How many variants are kept; 0: nothing of this photo yet. */
  #kept = 0;
  /** @type {{hole: Tiles, hints: Tiles}} */
  #tiles = { hole: new Map(), hints: new Map() };
  #painted = -1;
  #written = "";
  #told = false;
  #timer = 0;
  /** What is being written. @type {Promise<void>} */
  #writing = Promise.resolve();

  /** @param {Editor} editor @param {string} name  Of the database. */
  constructor(editor, name) {
    super();
    this.editor = editor;
    this.name = name;
    editor.addEventListener("open", () => this.#opened());
    editor.addEventListener("close", () => this.#remove());
    editor.addEventListener("change", () => this.#changed());
  }

  /** Finds the work of this tab, or one whose tab was closed, and goes on with it. */
  async start() {
    try {
      this.#store = await Store.open(this.name);
      const works = await this.#store.list();
      const mine = sessionStorage.getItem(MINE);
      for (const { id } of works.toSorted((a, b) => Number(b.id === mine) - Number(a.id === mine))) {
        if (this.#occupied || ((await claim(id, id === mine)) && (await this.#resume(this.#store, id)))) break;
      }
      if (!this.#id) await this.#new();
      await this.#tidy(this.#store, works);
    } catch (error) {
      this.#refuse(error);
    }
    this.#changed();
  }

  /** Writes what was not written yet. @returns {Promise<void>} */
  flush() {
    clearTimeout(this.#timer);
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Whether there is a photo, or one on its way. */
  get #occupied() {
    return this.editor.session !== null || this.editor.busy !== null;
  }

  async #new() {
    const id = uuid();
    await claim(id, false);
    this.#take(id);
  }

  /** @param {string} id */
  #take(id) {
    this.#id = id;
    sessionStorage.setItem(MINE, id);
  }

  /** @param {Store} store @param {string} id @returns {Promise<boolean>}  Whether this tab goes on with that work. */
  async #resume(store, id) {
    const { editor } = this;
    const found = await store.read(id);
    const recalled = found && (await recall(editor, found.work, found.parts).catch(() => null)); // a picture that is damaged
    if (!found || !recalled || this.#occupied) return false;
    this.#take(id);
    editor.resume(recalled);
    this.#kept = found.parts.length;
    this.#written = this.#state();
    this.#settle(true);
    editor.say(`Here is ${found.work.photo.name} as you left it.`);
    return true;
  }

  /** Removes what nobody came back for. @param {Store} store @param {import("./memory.js").Work[]} works  The latest first. */
  async #tidy(store, works) {
    const since = Date.now() - DAYS * 24 * 60 * 60 * 1000;
    const others = works.filter(({ id }) => id !== this.#id);
    for (const [i, { id, changed }] of others.entries()) {
      if ((i >= MOST || changed < since) && (await claim(id, false))) await store.remove(id);
    }
  }

  #opened() {
    this.#kept = 0;
    this.#painted = -1;
    this.#written = "";
    this.#told = false;
  }

  #remove() {
    clearTimeout(this.#timer);
    this.#kept = 0;
    this.#writing = this.#writing.then(async () => {
      await this.#store?.remove(this.#id).then(() => this.#settle(false), (error) => this.#refuse(error));
    });
  }

  /** Stands for all that is kept. */
  #state() {
    const { variants, present, base, model, painted, forbidden, intent, grow, feather, brush, target, unsaved } = this.editor;
    const numbers = [present, base].map((variant) => variant && variants.indexOf(variant));
    const known = variants.map(({ info }) => [info?.id, info?.mean_confidence]);
    return JSON.stringify([numbers, known, model?.name, painted, [...forbidden], intent, grow, feather, brush, target, unsaved]);
  }

  #changed() {
    if (this.editor.unsaved) this.#tell();
    if (!this.#id || !this.editor.session || this.#state() === this.#written) return;
    this.safe = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), PAUSE);
  }

  async #write() {
    const { editor } = this;
    const state = this.#state();
    if (!this.#store || !this.#id || !editor.session || state === this.#written) return;
    if (editor.painted !== this.#painted) this.#tiles = { hole: editor.hole.snapshot(), hints: editor.hints.snapshot() };
    this.#painted = editor.painted;
    const { session, variants } = editor;
    const [from, to] = [this.#kept, variants.length];
    const parts = new Map(variants.slice(from).map((_, i) => [from + i, part(editor, from + i)]));
    try {
      await this.#store.write(work(editor, this.#id, this.#tiles), parts, from === 0);
      if (session !== editor.session) return; // another photo was opened meanwhile
      this.#kept = to;
      this.#written = state;
      this.#settle(this.#state() === state);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** @param {boolean} safe */
  #settle(safe) {
    this.safe = safe;
    this.refusal = null;
    this.dispatchEvent(new Event("change"));
  }

  /** Says once for each photo that it is not kept. */
  #tell() {
    if (!this.refusal || this.#told || !this.editor.session) return;
    this.#told = true;
    this.editor.say(this.refusal, "bad");
  }

  /** @param {unknown} error */
  #refuse(error) {
    const full = error instanceof DOMException && error.name === "QuotaExceededError";
    this.safe = false;
    this.refusal = `${REFUSED}${full ? ": it has no room left" : ""}. A reload would lose it: save what you need.`;
    this.#tell();
    this.dispatchEvent(new Event("change"));
  }
}
