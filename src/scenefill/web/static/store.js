/** Works on photos in the browser's database (IndexedDB). A work and its parts are written together or not at all. */

/** @typedef {import("./memory.js").Part} Part */
/** @typedef {import("./memory.js").Work} Work */

export class Store {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.database = database;
  }

  /** @param {string} name @returns {Promise<Store>} @throws {DOMException} Where the browser keeps nothing. */
  static async open(name) {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("works", { keyPath: "id" });
      request.result.createObjectStore("parts");
    };
    const database = await result(request);
    database.onversionchange = () => database.close();
    return new Store(database);
  }

  /** All works, the latest first. @returns {Promise<Work[]>} */
  async list() {
    const works = await result(this.database.transaction("works").objectStore("works").getAll());
    return works.sort((a, b) => b.changed - a.changed);
  }

  /** @param {string} id @returns {Promise<{work: Work, parts: Part[]} | null>} */
  async read(id) {
    const transaction = this.database.transaction(["works", "parts"]);
    const [work, parts] = await Promise.all([
      result(transaction.objectStore("works").get(id)), result(transaction.objectStore("parts").getAll(all(id))),
    ]);
    return work && parts.length === work.infos.length ? { work, parts } : null;
  }

  /**
   * @param {Work} work @param {Map<number, Part>} parts  Those that are new. @param {boolean} anew  Whether the others go.
   * @returns {Promise<void>}  When it is on the disk.
   */
  write(work, parts, anew) {
    return this.#change((works, kept) => {
      if (anew) kept.delete(all(work.id));
      for (const [number, part] of parts) kept.put(part, [work.id, number]);
      works.put(work);
    });
  }

  /** @param {string} id @returns {Promise<void>} */
  remove(id) {
    return this.#change((works, parts) => {
      works.delete(id);
      parts.delete(all(id));
    });
  }

  /** @param {(works: IDBObjectStore, parts: IDBObjectStore) => void} change @returns {Promise<void>} */
  async #change(change) {
    const transaction = this.database.transaction(["works", "parts"], "readwrite");
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(undefined);
      transaction.onabort = () => reject(transaction.error ?? new DOMException("the browser gave up", "AbortError"));
    });
    change(transaction.objectStore("works"), transaction.objectStore("parts"));
    transaction.commit(); // at once: the page may be about to go
    await done;
  }
}

/** The keys of all parts of a work. @param {string} id */
function all(id) {
  return IDBKeyRange.bound([id], [id, []]);
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
