/** The HTTP service, one method per route. Nothing here knows of the page. */

import { Http } from "./http.js";

/** @typedef {{id: number, name: string, colour: [number, number, number]}} LabelClass */
/**
 * @typedef {object} Model
 * @property {string} name
 * @property {string} purpose
 * @property {{name: string, classes: LabelClass[], aliases?: Record<string, string>} | null} labels  null: without semantics.
 * @property {boolean} default
 */
/** @typedef {{id: string, width: number, height: number, name: string, preview: {width: number, height: number}}} SessionInfo */
/** @typedef {{left: number, top: number, width: number, height: number, url: string}} PatchInfo */
/**
 * @typedef {object} FillInfo
 * @property {string} id
 * @property {string} model
 * @property {number} seconds
 * @property {PatchInfo[]} patches  What differs from the picture that was filled.
 * @property {string | null} labels_url
 * @property {string | null} confidence_url
 * @property {string} [mask_url]  What was filled.
 * @property {number} hole_ratio
 * @property {number | null} [mean_confidence]  Over the hole; null for a model without semantics, missing while unknown.
 * @property {string[]} warnings
 */
/** @typedef {"remove" | "restore"} Intent  Restoring, what lies under the hole has no influence. */
/** @typedef {number | "auto"} Growth  Pixels, or what belongs to the things that are removed. */
/**
 * @typedef {object} FillOptions
 * @property {string} model
 * @property {string[]} forbid
 * @property {Intent} intent
 * @property {Growth} grow
 * @property {number} feather
 * @property {number | null} [unsure]  Refill only what the base is less sure of than this, 0..1.
 */
/** @typedef {{state: "queued" | "running" | "done" | "cancelled", position: number, crops_done: number, crops: number}} Job */

export class Api {
  #http;

  /** @param {string} base  Address of the page. @param {string | null} token */
  constructor(base, token) {
    this.#http = new Http(base, token, "What you painted is safe here: start it and try again.");
  }

  /** @returns {Promise<Model[]>} */
  async models() {
    return (await this.#http.ask("GET", "models")).json();
  }

  /** Uploads a photo. @param {File} file @param {AbortSignal} [signal] @returns {Promise<SessionInfo>} */
  async open(file, signal) {
    const form = new FormData();
    form.append("image", file, file.name);
    return (await this.#http.ask("POST", "sessions", form, { signal })).json();
  }

  /** @param {string} session */
  close(session) {
    return this.#http.ask("DELETE", `sessions/${session}`, null, { keepalive: true });
  }

  /** The photo for display. @param {SessionInfo} session */
  photo({ id, width, height, preview }) {
    const side = Math.max(preview.width, preview.height);
    return this.blob(`sessions/${id}/photo${side < Math.max(width, height) ? `?max_side=${side}` : ""}`);
  }

  /**
   * @param {string} session
   * @param {{base: string | null, mask: Blob | null, labels: Blob | null, options: FillOptions}} request  mask null: that of the base.
   * @param {string} job  Name under which the fill can be asked about and cancelled.
   * @param {AbortSignal} signal
   * @returns {Promise<FillInfo>}
   */
  async fill(session, { base, mask, labels, options }, job, signal) {
    const form = new FormData();
    if (mask) form.append("mask", mask, "mask.png");
    if (labels) form.append("labels", labels, "labels.png");
    form.append("options", JSON.stringify({ base, ...options }));
    const answer = await this.#http.ask("POST", `sessions/${session}/fills`, form, { signal, headers: { "X-Job": job } });
    return answer.json();
  }

  /**
   * Finds everything of some classes and fills it.
   * @param {string} session
   * @param {{base: string | null, what: string[], model: string, grow?: number, feather: number}} request
   * @param {string} job @param {AbortSignal} signal
   * @returns {Promise<FillInfo>}
   */
  async erase(session, request, job, signal) {
    const answer = await this.#http.ask("POST", `sessions/${session}/erase`, request, { signal, headers: { "X-Job": job } });
    return answer.json();
  }

  /**
   * The label map of the photo.
   * @param {string} session @param {string} model
   * @returns {Promise<{labels_url: string, confidence_url: string}>}
   */
  async segment(session, model) {
    return (await this.#http.ask("POST", `sessions/${session}/segment`, { base: null, model })).json();
  }

  /**
   * The thing at a pixel.
   * @param {string} session @param {{base: string | null, model: string, at: [number, number]}} request @param {AbortSignal} signal
   */
  async select(session, request, signal) {
    return seen(await this.#http.ask("POST", `sessions/${session}/select`, request, { signal }));
  }

  /**
   * What a fill will fill.
   * @param {string} session @param {Blob} mask @param {{base: string | null, model: string, intent: Intent, grow: Growth}} options
   * @param {AbortSignal} signal
   */
  async extent(session, mask, options, signal) {
    const form = new FormData();
    form.append("mask", mask, mask instanceof File ? mask.name : "mask.png");
    form.append("options", JSON.stringify(options));
    return seen(await this.#http.ask("POST", `sessions/${session}/extent`, form, { signal }));
  }

  /** @param {string} session @param {string} job @returns {Promise<Job>} */
  async job(session, job) {
    return (await this.#http.ask("GET", `sessions/${session}/jobs/${job}`)).json();
  }

  /** @param {string} session @param {string} job */
  cancel(session, job) {
    return this.#http.ask("DELETE", `sessions/${session}/jobs/${job}`);
  }

  /** A fill with its mean confidence: waits until that is known. @param {string} session @param {string} fill @returns {Promise<FillInfo>} */
  async describe(session, fill) {
    return (await this.#http.ask("GET", `sessions/${session}/fills/${fill}`)).json();
  }

  /**
   * The photo at full quality with all that it came with.
   * @param {string} session @param {string} fill @param {string} format  png, jpeg, webp, tiff or original
   * @returns {Promise<{name: string, blob: Blob}>}
   */
  async save(session, fill, format) {
    const answer = await this.#http.ask("GET", `sessions/${session}/fills/${fill}/save?format=${format}`);
    return { name: fileName(answer.headers.get("Content-Disposition") ?? ""), blob: await answer.blob() };
  }

  /** @param {string} url  As the service gave it, or relative to the API. */
  async blob(url) {
    return (await this.#http.ask("GET", url)).blob();
  }
}

/** A mask, and the names of the classes that it is about. @param {Response} answer @returns {Promise<{mask: Blob, things: string[]}>} */
async function seen(answer) {
  return { mask: await answer.blob(), things: JSON.parse(answer.headers.get("X-Scenefill-Things") ?? "[]") };
}

/** @param {string} disposition */
function fileName(disposition) {
  const coded = /filename\*=utf-8''([^;]+)/i.exec(disposition);
  if (coded) return decodeURIComponent(coded[1]);
  return /filename="?([^";]+)"?/i.exec(disposition)?.[1] ?? "filled.png";
}
