/** A picture that is drawn quickly at any scale: the whole, its half, its quarter ... of which the next larger is taken. */

/** @typedef {import("./geometry.js").Rect} Rect */

/** A level this small needs no smaller one. */
const SMALLEST = 512;

export class Picture {
  /** @param {ImageBitmap[]} levels  Largest first. */
  constructor(levels) {
    this.levels = levels;
  }

  /** @param {Blob} file @returns {Promise<Picture>} */
  static async decode(file) {
    const levels = [await createImageBitmap(file)];
    for (let { width, height } = levels[0]; Math.max(width, height) > SMALLEST; ) {
      width = Math.ceil(width / 2);
      height = Math.ceil(height / 2);
      const options = /** @type {const} */ ({ resizeWidth: width, resizeHeight: height, resizeQuality: "medium" });
      levels.push(await createImageBitmap(levels[levels.length - 1], options));
    }
    return new Picture(levels);
  }

  get bytes() {
    return this.levels.reduce((sum, { width, height }) => sum + width * height * 4, 0);
  }

  /**
   * Draws the visible part.
   * @param {CanvasRenderingContext2D} context  Its unit is one pixel of the photo.
   * @param {Rect} place  Where the picture lies in the photo. @param {Rect} visible @param {number} scale  Of the context.
   */
  draw(context, place, visible, scale) {
    const left = Math.max(place.left, visible.left);
    const top = Math.max(place.top, visible.top);
    const width = Math.min(place.right, visible.right) - left;
    const height = Math.min(place.bottom, visible.bottom) - top;
    if (width <= 0 || height <= 0) return;
    const wanted = (place.right - place.left) * scale;
    const level = this.levels.findLast((bitmap) => bitmap.width >= wanted) ?? this.levels[0];
    const fx = level.width / (place.right - place.left);
    const fy = level.height / (place.bottom - place.top);
    const [x, y] = [(left - place.left) * fx, (top - place.top) * fy];
    context.drawImage(level, x, y, width * fx, height * fy, left, top, width, height);
  }

  close() {
    for (const level of this.levels) level.close();
  }
}
