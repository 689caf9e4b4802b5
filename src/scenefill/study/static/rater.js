/** One rater and the service: where he is, what he sees, what he says. Nothing here knows of the page. */

/** @typedef {import("./http.js").Http} Http */
/** @typedef {"left" | "right" | "neither"} Choice */
/** @typedef {{asked: string, done: number, total: number, question: string | null, then: string | null, has_input: boolean}} Standing */
/** @typedef {{left: Blob, right: Blob, input: Blob | null}} Pictures */

/** What a name may be; the service takes no other. */
const NAME = /^[\w-]{1,64}$/;
const KEPT = "scenefill-rater";

export class Rater {
  #http;
  #path;
  /** @type {Map<string, Promise<Pictures>>} */
  #pictures = new Map();

  /** @param {Http} http @param {string} name */
  constructor(http, name) {
    this.#http = http;
    this.#path = `raters/${encodeURIComponent(name)}`;
  }

  /** @returns {Promise<Standing>} */
  async standing() {
    return (await this.#http.ask("GET", this.#path)).json();
  }

  /** Keeps an answer; it is safe when this returns. @param {string} question @param {Choice} choice @returns {Promise<Standing>} */
  async say(question, choice) {
    const standing = (await this.#http.ask("POST", `${this.#path}/questions/${question}`, { choice })).json();
    this.#pictures.delete(question);
    return standing;
  }

  /** The pictures of a question; asked for once. @param {string} question @param {boolean} withInput */
  pictures(question, withInput) {
    let found = this.#pictures.get(question);
    if (!found) {
      found = this.#fetch(question, withInput);
      found.catch(() => this.#pictures.delete(question));
      this.#pictures.set(question, found);
    }
    return found;
  }

  /** @param {string} question @param {boolean} withInput @returns {Promise<Pictures>} */
  async #fetch(question, withInput) {
    const one = async (/** @type {string} */ side) => (await this.#http.ask("GET", `${this.#path}/questions/${question}/${side}`)).blob();
    const [left, right, input] = await Promise.all([one("left"), one("right"), withInput ? one("input") : null]);
    return { left, right, input };
  }
}

/** The name in the address, or one that is drawn once and stays in this browser. @param {string} address */
export function whoIs(address) {
  const given = new URL(address).searchParams.get("rater");
  if (given) return given;
  const drawn = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept && NAME.test(kept)) return kept;
    localStorage.setItem(KEPT, drawn);
  } catch {
    // then he is somebody else after a reload
  }
  return drawn;
}
