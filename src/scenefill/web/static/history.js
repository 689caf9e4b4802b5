/** Undo and redo over everything that can be changed: the hole, the painted classes, the fill on display. */

/**
 * @typedef {object} Step
 * @property {string} name  What was done, for the message that undoing it gives.
 * @property {number} bytes  What keeping it costs.
 * @property {() => void} undo
 * @property {() => void} redo
 */

/** What all steps together may weigh; the oldest go first. */
const BUDGET = 96 * 2 ** 20;

export class History {
  /** @type {Step[]} */
  #done = [];
  /** @type {Step[]} */
  #undone = [];
  #budget;

  /** @param {number} budget  In bytes. */
  constructor(budget = BUDGET) {
    this.#budget = budget;
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  /** @param {Step} step  Something that was just done. */
  push(step) {
    this.#done.push(step);
    this.#undone = [];
    let bytes = this.#done.reduce((sum, { bytes }) => sum + bytes, 0);
    while (bytes > this.#budget && this.#done.length > 1) bytes -= this.#done.shift()?.bytes ?? 0;
  }

  /** @returns {string | null}  What was undone. */
  undo() {
    const step = this.#done.pop();
    if (!step) return null;
    step.undo();
    this.#undone.push(step);
    return step.name;
  }

  /** @returns {string | null}  What was done again. */
  redo() {
    const step = this.#undone.pop();
    if (!step) return null;
    step.redo();
    this.#done.push(step);
    return step.name;
  }
}
