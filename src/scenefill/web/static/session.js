/**
 * A photo at the service. The service keeps it in memory for a while only; when it has forgotten it, or was started anew,
 * the photo is uploaded again and the fills that are needed are made again: the same request gives the same picture.
 */

import { ServiceError } from "./http.js";

/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./api.js").FillInfo} FillInfo */
/** @typedef {import("./api.js").Growth} Growth */
/** @typedef {import("./api.js").Intent} Intent */
/** @typedef {import("./api.js").Job} Job */
/** @typedef {import("./api.js").SessionInfo} SessionInfo */
/** @typedef {import("./variant.js").Request} Request */
/** @typedef {import("./variant.js").Variant} Variant */

/** Milliseconds between two questions after a fill. */
const PULSE = 300;

export class Session {
  /** The variants that the service knows now. @type {Set<Variant>} */
  #known = new Set();
  /** The photo on its way there again. @type {Promise<void> | null} */
  #opening = null;

  /** @param {Api} api @param {File} file @param {SessionInfo} info */
  constructor(api, file, info) {
    this.api = api;
    this.file = file;
    this.info = info;
  }

  /** @param {Api} api @param {File} file */
  static async open(api, file) {
    return new Session(api, file, await api.open(file));
  }

  /** A photo that the service does not know: it is uploaded when it is needed. @param {Api} api @param {File} file @param {SessionInfo} info */
  static forgotten(api, file, info) {
    return new Session(api, file, { ...info, id: "" });
  }

  photo() {
    return this.api.photo(this.info);
  }

  /**
   * @param {Request} request
   * @param {AbortSignal} signal  Cancels the fill.
   * @param {(job: Job) => void} progress
   * @returns {Promise<FillInfo>}
   */
  fill(request, signal, progress) {
    return this.#persist(async () => {
      const base = await this.#id(request.base, signal);
      signal.throwIfAborted();
      const job = uuid();
      const cancel = () => void this.api.cancel(this.info.id, job).catch(() => {});
      signal.addEventListener("abort", cancel);
      const pulse = setInterval(() => void this.api.job(this.info.id, job).then(progress, () => {}), PULSE);
      try {
        return await (request.kind === "fill"
          ? this.api.fill(this.info.id, { ...request, base }, job, signal)
          : this.api.erase(this.info.id, { base, what: request.what, ...request.options }, job, signal));
      } finally {
        clearInterval(pulse);
        signal.removeEventListener("abort", cancel);
      }
    });
  }

  /** The service has this variant. @param {Variant} variant */
  has(variant) {
    this.#known.add(variant);
  }

  /** @param {string} url */
  blob(url) {
    return this.api.blob(url);
  }

  /**
   * The files of the label map, of the confidence and of what was filled; null for a model without semantics.
   * @param {Variant} variant @param {string} model  Who looks at the photo; a fill was looked at when it was made.
   */
  maps(variant, model) {
    return this.#persist(async () => {
      await this.#id(variant);
      const urls = variant.info ?? (await this.api.segment(this.info.id, model));
      if (!urls.labels_url) return null;
      const files = [urls.labels_url, urls.confidence_url].map((url) => url && this.api.blob(url));
      const [labels, confidence] = await Promise.all(files);
      const mask = variant.info?.mask_url ? await this.api.blob(variant.info.mask_url) : null;
      return labels ? { labels, confidence: confidence || null, mask } : null;
    });
  }

  /** The thing at a pixel of a variant. @param {Variant} variant @param {string} model @param {[number, number]} at @param {AbortSignal} signal */
  select(variant, model, at, signal) {
    return this.#persist(async () => this.api.select(this.info.id, { base: await this.#id(variant, signal), model, at }, signal));
  }

  /**
   * What a fill will fill.
   * @param {Variant} variant @param {Blob} mask @param {{model: string, intent: Intent, grow: Growth}} options @param {AbortSignal} signal
   */
  extent(variant, mask, options, signal) {
    return this.#persist(async () => this.api.extent(this.info.id, mask, { base: await this.#id(variant, signal), ...options }, signal));
  }

  /** Completes what is known of a fill by the mean confidence. @param {Variant} variant */
  async describe(variant) {
    if (variant.info) variant.info = await this.api.describe(this.info.id, variant.info.id);
  }

  /** @param {Variant} variant  A fill. @param {string} format */
  save(variant, format) {
    return this.#persist(async () => this.api.save(this.info.id, /** @type {string} */ (await this.#id(variant)), format));
  }

  close() {
    if (this.info.id) void this.api.close(this.info.id).catch(() => {});
  }

  /**
   * What the service calls a variant; makes it again where it was forgotten.
   * @param {Variant} variant @param {AbortSignal} [signal] @returns {Promise<string | null>}
   */
  async #id(variant, signal = new AbortController().signal) {
    if (!variant.request) return null;
    if (!this.#known.has(variant)) {
      const mean_confidence = variant.info?.mean_confidence; // of the same fill
      variant.info = { ...(await this.fill(variant.request, signal, () => {})), mean_confidence };
      this.#known.add(variant);
    }
    return variant.info?.id ?? null;
  }

  /**
   * Does something, and once more with a new session if the service does not know this one.
   * @template T @param {() => Promise<T>} action @returns {Promise<T>}
   */
  async #persist(action) {
    if (!this.info.id) await (this.#opening ??= this.#open());
    const { id } = this.info;
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof ServiceError) || error.status !== 404) throw error;
      if (this.info.id === id) await (this.#opening ??= this.#open());
      return action();
    }
  }

  /** Uploads the photo again; once, whoever else finds it missing meanwhile. */
  async #open() {
    try {
      this.info = await this.api.open(this.file);
      this.#known.clear();
    } finally {
      this.#opening = null;
    }
  }
}

/** A random UUID, version 4. `crypto.randomUUID` is there on https and loopback only. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}
