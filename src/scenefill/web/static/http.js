/** Asks a service of this package, with its token; what goes wrong becomes a sentence. */

/** The service said no, or nothing. The message is a sentence for the user. */
export class ServiceError extends Error {
  /** @param {number} status  HTTP status; 0 when there was no answer. @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export class Http {
  #base;
  #token;
  #comfort;

  /**
   * @param {string} base  Address of the page. @param {string | null} token
   * @param {string} comfort  What to say to somebody whose service does not answer.
   */
  constructor(base, token, comfort) {
    this.#base = new URL("api/v1/", base);
    this.#token = token;
    this.#comfort = comfort;
  }

  /**
   * @param {string} method @param {string} path @param {FormData | object | null} body @param {RequestInit} init
   * @returns {Promise<Response>}
   */
  async ask(method, path, body = null, init = {}) {
    const headers = new Headers(init.headers);
    if (this.#token) headers.set("Authorization", `Bearer ${this.#token}`);
    const isForm = body instanceof FormData;
    if (body && !isForm) headers.set("Content-Type", "application/json");
    const content = isForm ? body : body && JSON.stringify(body);
    let answer;
    try {
      answer = await fetch(new URL(path, this.#base), { ...init, method, headers, body: content });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ServiceError(0, `The service does not answer. Is it still running? ${this.#comfort}`);
    }
    if (answer.ok) return answer;
    throw new ServiceError(answer.status, await sentence(answer));
  }
}

/** @param {Response} answer */
async function sentence(answer) {
  const detail = await answer.json().then(({ detail }) => detail, () => null);
  const text = typeof detail === "string" ? detail : `the service answered ${answer.status} ${answer.statusText}`;
  return text.replace(/^[a-z]+ /, (word) => word[0].toUpperCase() + word.slice(1)).replace(/[^.!?]$/, "$&.");
}
