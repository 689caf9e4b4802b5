/** What every page of this package needs: its elements, and the token that its address came with. */

/** Where the tab has the token. */
const TOKEN = "scenefill-token";

/** The token of the address; it stays in this tab, for a reload, out of the history and out of sight. */
export function takeToken() {
  const address = new URL(location.href);
  const token = address.searchParams.get("token");
  if (!token) return recalled(TOKEN);
  address.searchParams.delete("token");
  window.history.replaceState(null, "", address);
  try {
    sessionStorage.setItem(TOKEN, token);
  } catch {
    // then a reload asks for the address again
  }
  return token;
}

/** @param {string} name @returns {string | null} */
function recalled(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null; // the browser keeps nothing for this page
  }
}

/**
 * @template {HTMLElement} T
 * @param {string} id @param {new () => T} [kind] @returns {T}
 */
export function element(id, kind = /** @type {new () => T} */ (HTMLElement)) {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} #${id}`);
}
