/** The keys, and the page of help that lists them. */

/**
 * @typedef {object} Shortcut
 * @property {string} keys  What the help shows; several ways apart by " / ". Empty: a second way that is listed with the first.
 * @property {string} text
 * @property {(event: KeyboardEvent) => boolean} [is]  Whether it is this one; without, it is handled elsewhere and only listed.
 * @property {(event: KeyboardEvent) => void} [run]
 */

/** How long Tab is held, in milliseconds, before it shows the original in place of moving on to the next control. */
const HOLD = 220;

/**
 * @param {readonly Shortcut[]} shortcuts
 * @param {{canvas: HTMLElement, pan: (on: boolean) => void, original: (on: boolean) => void}} holds  Keys that act while held.
 */
export function listen(shortcuts, { canvas, pan, original }) {
  let tab = 0;
  window.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (document.querySelector("dialog[open]") || target.matches("input[type=number], select")) return;
    if (event.key === " " && (target === canvas || target === document.body)) {
      event.preventDefault();
      pan(true);
    } else if (event.key === "Tab" && target === canvas && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      if (!event.repeat) tab = window.setTimeout(() => (tab = 0, original(true)), HOLD);
    } else {
      const found = shortcuts.find(({ is }) => is?.(event));
      if (!found) return;
      event.preventDefault();
      found.run?.(event);
    }
  });
  window.addEventListener("keyup", (event) => {
    if (event.key === " ") pan(false);
    if (event.key !== "Tab") return;
    original(false);
    if (!tab) return;
    clearTimeout(tab);
    tab = 0;
    neighbour(canvas, event.shiftKey)?.focus();
  });
  window.addEventListener("blur", () => {
    clearTimeout(tab);
    tab = 0;
    pan(false);
    original(false);
  });
}

/** A key without Ctrl. @param {...string} keys  As in KeyboardEvent.key; letters in either case. */
export function plain(...keys) {
  return (/** @type {KeyboardEvent} */ event) => !control(event) && !event.altKey && keys.includes(event.key.toLowerCase());
}

/** Ctrl, or Command on a Mac, with a key. @param {string} key @param {boolean | null} shift  null: with or without. */
export function ctrl(key, shift = false) {
  return (/** @type {KeyboardEvent} */ event) =>
    control(event) && event.key.toLowerCase() === key && (shift === null || event.shiftKey === shift);
}

/** Lists the keys. @param {readonly Shortcut[]} shortcuts @param {HTMLElement} list  A <dl>. */
export function describe(shortcuts, list) {
  list.replaceChildren(...shortcuts.filter(({ keys }) => keys).map(({ keys, text }) => {
    const term = document.createElement("dt");
    keys.split(" / ").forEach((way, i) => {
      if (i) term.append(" or ");
      term.append(Object.assign(document.createElement("kbd"), { textContent: way }));
    });
    const row = document.createElement("div");
    row.append(term, Object.assign(document.createElement("dd"), { textContent: text }));
    return row;
  }));
}

/** AltGr, which many keyboards need for [ and ], counts as Ctrl and Alt on some systems. @param {KeyboardEvent} event */
function control(event) {
  return (event.ctrlKey || event.metaKey) && !event.getModifierState("AltGraph");
}

/** The control before or after an element in the order of Tab. @param {HTMLElement} element @param {boolean} before */
function neighbour(element, before) {
  const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("button, input, select, summary, [tabindex='0']")]);
  const open = all.filter((each) => each === element || (!each.matches(":disabled") && each.checkVisibility({ visibilityProperty: true })));
  const at = open.indexOf(element) + (before ? -1 : 1);
  return open.at(at % open.length);
}
