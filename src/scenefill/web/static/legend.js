/** The legend: the hole and every class, to be chosen for painting, selected, erased everywhere or forbidden. */

import { selectClass } from "./objects.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./api.js").LabelClass} LabelClass */

export class Legend {
  #drawn = "";

  /** @param {Editor} editor @param {HTMLElement} list */
  constructor(editor, list) {
    this.editor = editor;
    this.list = list;
    editor.addEventListener("change", () => this.#show());
  }

  #show() {
    const { editor } = this;
    const wanted = `${editor.model?.name} ${editor.classes.map(({ name }) => name)}`;
    if (wanted !== this.#drawn) {
      this.list.replaceChildren(this.#hole(), ...editor.classes.map((each) => this.#row(each)));
      this.#drawn = wanted;
    }
    for (const radio of this.list.querySelectorAll("input")) {
      radio.checked = radio.value === String(editor.target);
      radio.disabled = !editor.session;
    }
    for (const button of this.list.querySelectorAll("button")) {
      const { act, name } = button.dataset;
      button.disabled = !editor.session || (act !== "forbid" && editor.busy !== null);
      if (act === "forbid") button.setAttribute("aria-pressed", String(editor.forbidden.has(String(name))));
      button.closest("li")?.classList.toggle("forbidden", editor.forbidden.has(String(name)));
    }
  }

  #hole() {
    const row = document.createElement("li");
    row.append(choice("hole", "Hole", "H", () => this.editor.set({ target: "hole" })));
    return row;
  }

  /** @param {LabelClass} each */
  #row({ id, name, colour }) {
    const { editor } = this;
    const row = document.createElement("li");
    const label = choice(String(id), name, id < 9 ? String(id + 1) : "", () => choose(editor, id));
    const swatch = /** @type {HTMLElement} */ (label.querySelector(".swatch"));
    swatch.style.backgroundColor = `rgb(${colour.join(" ")})`;
    row.append(
      label,
      action("select", "select", name, `Make every ${name} part of the hole`, () => void selectClass(editor, id)),
      action("erase", "erase-all", name, `Erase every ${name} from the photo`, () => void editor.erase(name)),
      action("forbid", "forbid", name, `Keep ${name} out of the next fills`, () => editor.toggleForbidden(name)),
    );
    return row;
  }
}

/** Takes a class for painting. @param {Editor} editor @param {number} id */
export function choose(editor, id) {
  const tool = ["eraser", "dropper", "object"].includes(editor.tool) ? "brush" : editor.tool;
  editor.set({ target: id, tool });
}

/** @param {string} value @param {string} name @param {string} key @param {() => void} chosen */
function choice(value, name, key, chosen) {
  const label = document.createElement("label");
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "target", value });
  radio.addEventListener("change", chosen);
  const swatch = Object.assign(document.createElement("span"), { className: `swatch ${value === "hole" ? "hole" : ""}` });
  const text = Object.assign(document.createElement("span"), { className: "name", textContent: name });
  label.append(radio, swatch, text);
  if (key) label.append(Object.assign(document.createElement("kbd"), { textContent: key }));
  return label;
}

/** @param {string} act @param {string} icon @param {string} name @param {string} title @param {() => void} clicked */
function action(act, icon, name, title, clicked) {
  const button = Object.assign(document.createElement("button"), { type: "button", title });
  Object.assign(button.dataset, { act, name });
  button.setAttribute("aria-label", title);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `icons.svg#${icon}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  button.append(svg);
  button.addEventListener("click", clicked);
  return button;
}
