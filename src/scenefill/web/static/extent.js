/** What a fill will fill, asked of the service while the user thinks: the hole, and what it grows over. */

import { HOLE } from "./editor.js";
import { Plane } from "./plane.js";
import { decode, encode } from "./png.js";

/** @typedef {import("./editor.js").Editor} Editor */

/** Milliseconds without a change of the hole before the service is asked. */
const PAUSE = 300;

export class Extent extends EventTarget {
  /** What a fill takes along beside the hole. */
  beyond = new Plane(0, 0, 0);
  /** Names of the movable things under the hole. @type {string[]} */
  things = [];
  /** Stands for the hole: another number after each change. */
  #hole = 0;
  /** What was asked for last. */
  #asked = "";
  #timer = 0;
  /** Of a question that was not answered yet. @type {AbortController | null} */
  #abort = null;

  /** @param {Editor} editor */
  constructor(editor) {
    super();
    this.editor = editor;
    editor.addEventListener("open", () => this.#open());
    editor.addEventListener("close", () => this.#open());
    editor.addEventListener("change", () => this.#look());
  }

  #open() {
    const { hole } = this.editor;
    this.beyond = new Plane(hole.width, hole.height, 0);
    this.things = [];
    this.#stop();
    this.#asked = "";
    hole.onChange(() => this.#hole++);
    this.dispatchEvent(new Event("open"));
    this.dispatchEvent(new Event("change"));
  }

  #look() {
    const { editor } = this;
    const { base, model, intent, grow, variants, busy } = editor;
    if (busy) return this.#stop(); // the service has better things to do
    const wanted = editor.isOpen && [this.#hole, base && variants.indexOf(base), model?.name, intent, grow].join(" ");
    if (!wanted || wanted === this.#asked) return;
    this.#stop();
    this.#asked = wanted;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.#timer = setTimeout(() => void this.#ask(signal), PAUSE);
  }

  /** Leaves a question that was not answered yet. */
  #stop() {
    if (!this.#abort) return;
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#abort = null;
    this.#asked = "";
  }

  /** @param {AbortSignal} signal */
  async #ask(signal) {
    const { session, base, model, hole, intent, grow } = this.editor;
    const { beyond } = this;
    const grows = grow === "auto" ? intent === "remove" && model?.labels : grow > 0;
    const before = hole.data.slice(); // a stroke may be under way when the answer comes
    if (!session || !base || !model || !grows || !hole.holds(HOLE)) return this.#show(beyond, before, before, []);
    try {
      const mask = await encode(before, hole.width, hole.height);
      const found = await session.extent(base, mask, { model: model.name, intent, grow }, signal);
      const { data } = await decode(found.mask);
      if (!signal.aborted) this.#show(beyond, before, data, found.things);
    } catch {
      if (!signal.aborted) this.#stop(); // nothing hangs on it: the next change asks again
    }
  }

  /** @param {Plane} beyond @param {Uint8Array} before @param {Uint8Array} filled @param {string[]} things */
  #show(beyond, before, filled, things) {
    if (beyond !== this.beyond) return;
    this.#abort = null;
    beyond.data.set(filled.map((value, i) => (value && !before[i] ? HOLE : 0)));
    this.things = things;
    beyond.changed({ left: 0, top: 0, right: beyond.width, bottom: beyond.height });
    this.dispatchEvent(new Event("change"));
  }
}

/** What there is to say of it. @param {Extent} extent */
export function sentence({ beyond, things }) {
  const grown = beyond.holds(HOLE);
  if (!things.length) return grown ? "The yellow rim is filled too." : "";
  return `Takes out ${things.join(" and ")}, and puts none there again.${grown ? " The yellow rim goes too." : ""}`;
}
