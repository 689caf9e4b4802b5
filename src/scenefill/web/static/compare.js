/** The bar over the photo that compares two variants: which is left, which is right, where one ends. */

/** @typedef {import("./editor.js").Editor} Editor */

/**
 * @param {Editor} editor
 * @param {{bar: HTMLElement, toggle: HTMLElement, left: HTMLSelectElement, right: HTMLSelectElement, at: HTMLInputElement, close: HTMLElement}} parts
 */
export function compare(editor, { bar, toggle, left, right, at, close }) {
  toggle.addEventListener("click", () => toggleComparison(editor));
  close.addEventListener("click", () => toggleComparison(editor));
  at.addEventListener("input", () => {
    if (editor.comparison) editor.comparison.at = Number(at.value) / Number(at.max);
    editor.changed();
  });
  for (const select of [left, right]) {
    select.addEventListener("change", () => {
      if (!editor.comparison) return;
      const [first, second] = [left, right].map(({ value }) => editor.variants[Number(value)]);
      editor.set({ comparison: { ...editor.comparison, left: first, right: second } });
    });
  }
  editor.addEventListener("change", () => {
    const { comparison, variants } = editor;
    bar.hidden = !comparison;
    toggle.setAttribute("aria-pressed", String(Boolean(comparison)));
    if (!comparison) return;
    for (const [select, chosen] of /** @type {const} */ ([[left, comparison.left], [right, comparison.right]])) {
      if (select.options.length !== variants.length) {
        select.replaceChildren(...variants.map(({ name }, i) => new Option(name, String(i))));
      }
      select.value = String(variants.indexOf(chosen));
    }
    at.value = String(Math.round(comparison.at * Number(at.max)));
  });
}

/** Begins with the variant on display and the one it was made from. @param {Editor} editor */
export function toggleComparison(editor) {
  const { present, variants, comparison } = editor;
  if (comparison || !present) return editor.set({ comparison: null });
  if (variants.length < 2) return editor.say("There is nothing to compare yet: fill a hole first.");
  const right = present === variants[0] ? variants[variants.length - 1] : present;
  editor.set({ comparison: { left: right.base ?? variants[0], right, at: 0.5 } });
  editor.say("Drag over the photo to wipe between the two. Esc ends it.");
}
