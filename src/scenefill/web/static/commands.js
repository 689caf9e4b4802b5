/** How a command runs: one at a time, cancelled on demand, and what went wrong is said and not thrown. */

import { ServiceError } from "./http.js";

/** @typedef {"plain" | "good" | "bad"} Mood */
/** @typedef {{share: number | null, abort: AbortController}} Busy  share: what is done, 0..1; null while unknown. */

export class Commands extends EventTarget {
  /** @type {Busy | null} */
  busy = null;

  /** Says something to the user. @param {string} text @param {Mood} mood */
  say(text, mood = "plain") {
    this.dispatchEvent(new CustomEvent("say", { detail: { text, mood } }));
  }

  /** Tells the page that something is different. */
  changed() {
    this.dispatchEvent(new Event("change"));
  }

  cancel() {
    this.busy?.abort.abort();
  }

  /**
   * Does something that takes a while and that the user may cancel. One such thing at a time.
   * @param {string} text @param {(signal: AbortSignal) => Promise<void>} action
   */
  async work(text, action) {
    if (this.busy) return this.say("One moment: something is being done already (Esc cancels it).");
    const abort = new AbortController();
    this.busy = { share: null, abort };
    this.say(`${text} …`);
    this.changed();
    try {
      await this.attempt(() => action(abort.signal), abort.signal);
    } finally {
      this.busy = null;
      this.changed();
    }
  }

  /** Says what went wrong in place of throwing it. @param {() => Promise<void>} action @param {AbortSignal} [signal] */
  async attempt(action, signal) {
    try {
      await action();
    } catch (error) {
      if (signal?.aborted) this.say("Cancelled. Nothing was changed.");
      else if (error instanceof ServiceError) this.say(error.message, "bad");
      else throw error;
    }
  }
}
