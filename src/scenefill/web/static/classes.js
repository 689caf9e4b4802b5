/** The classes of models: how their ids go over into each other, and how they look in a file. */

/** @typedef {import("./api.js").LabelClass} LabelClass */
/** @typedef {import("./api.js").Model} Model */

/** The id where no class is known: the model decides. */
export const UNKNOWN = 255;

/**
 * Class ids of one model -> those of another, by name.
 * @param {Model | null} from @param {Model | null} to
 */
export function translation(from, to) {
  const table = new Uint8Array(256).fill(UNKNOWN);
  for (const { id, name } of from?.labels?.classes ?? []) {
    table[id] = to?.labels?.classes.find((other) => other.name === name)?.id ?? UNKNOWN;
  }
  return table;
}

/**
 * The palette of a PNG: 768 bytes, RGB by id; what is no class is black.
 * @param {readonly LabelClass[]} classes
 */
export function palette(classes) {
  const bytes = new Uint8Array(768);
  for (const { id, colour } of classes) bytes.set(colour, 3 * id);
  return bytes;
}
