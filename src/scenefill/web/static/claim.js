/** Which tab has which work: no two have the same, and one that was closed has none. */

/** Milliseconds that the page before this one has to let go of its work, and other tabs to say that they have it. */
const PATIENCE = 1000;
const ANSWER = 250;

/**
 * Takes a work for this tab, for as long as it is there.
 * @param {string} id @param {boolean} ours  Whether the page before this one in the tab had it.
 * @returns {Promise<boolean>}  False where another tab has it.
 */
export function claim(id, ours) {
  return navigator.locks ? lock(id, ours) : ask(id);
}

/** @param {string} id @param {boolean} ours @returns {Promise<boolean>} */
function lock(id, ours) {
  return new Promise((resolve) => {
    const hold = (/** @type {Lock | null} */ held) => {
      resolve(held !== null);
      return held && new Promise(() => {}); // until the page is gone
    };
    const options = ours ? { signal: AbortSignal.timeout(PATIENCE) } : { ifAvailable: true };
    navigator.locks.request(`scenefill ${id}`, options, hold).catch(() => resolve(false));
  });
}

/** Pages that are not secure have no locks: there the tabs ask each other. @param {string} id @returns {Promise<boolean>} */
function ask(id) {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel("scenefill");
    let held = false;
    const timer = setTimeout(() => {
      held = true;
      resolve(true);
    }, ANSWER);
    channel.onmessage = ({ data }) => {
      if (data.asks === id && held) channel.postMessage({ has: id });
      if (data.has !== id || held) return;
      clearTimeout(timer);
      channel.close();
      resolve(false);
    };
    channel.postMessage({ asks: id });
  });
}
