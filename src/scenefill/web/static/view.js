/** The window onto the photo: where it lies on the screen, and when it is drawn again. */

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./geometry.js").Rect} Rect */

const LARGEST = 32;
/** Screen pixels that stay free round a photo that is fitted into the window. */
const MARGIN = 16;

export class View {
  /** Screen pixels (of the device) per pixel of the photo. */
  scale = 1;
  /** Where the corner of the photo lies, in device pixels. */
  x = 0;
  y = 0;
  /** Size of the photo. */
  width = 0;
  height = 0;
  #fitted = true;
  #frame = 0;
  /** @type {(() => void)[]} */
  #listeners = [];

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(context: CanvasRenderingContext2D) => void} draw  Draws what is visible; called at most once per frame.
   */
  constructor(canvas, draw) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.draw = draw;
    new ResizeObserver(() => this.#resize()).observe(canvas);
  }

  /** @param {() => void} listener  Told after each change of place or scale. */
  onMove(listener) {
    this.#listeners.push(listener);
  }

  /** Device pixels per CSS pixel. */
  get density() {
    return window.devicePixelRatio || 1;
  }

  /** The part of the photo that can be seen. @returns {Rect} */
  get visible() {
    return {
      left: Math.max(0, Math.floor(-this.x / this.scale)),
      top: Math.max(0, Math.floor(-this.y / this.scale)),
      right: Math.min(this.width, Math.ceil((this.canvas.width - this.x) / this.scale)),
      bottom: Math.min(this.height, Math.ceil((this.canvas.height - this.y) / this.scale)),
    };
  }

  /** Shows a photo of this size as a whole. @param {number} width @param {number} height */
  open(width, height) {
    this.width = width;
    this.height = height;
    this.fit();
  }

  fit() {
    this.#measure();
    const { canvas } = this;
    const room = Math.min((canvas.width - 2 * MARGIN) / this.width, (canvas.height - 2 * MARGIN) / this.height);
    this.scale = Math.min(Math.max(room, 1e-3), LARGEST);
    this.x = (canvas.width - this.width * this.scale) / 2;
    this.y = (canvas.height - this.height * this.scale) / 2;
    this.#fitted = true;
    this.#changed();
  }

  /** @param {number} factor @param {Point} about  Stays where it is; in CSS pixels of the window. */
  zoom(factor, about = this.centre) {
    const x = about.x * this.density;
    const y = about.y * this.density;
    const least = Math.min(1, 64 / Math.max(this.width, this.height));
    const scale = Math.min(LARGEST, Math.max(least, this.scale * factor));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.#fitted = false;
    this.#changed();
  }

  /** @param {number} dx @param {number} dy  In CSS pixels. */
  pan(dx, dy) {
    const keep = 48; // so much of the photo never leaves the window
    const { canvas, density } = this;
    this.x = Math.min(canvas.width - keep, Math.max(keep - this.width * this.scale, this.x + dx * density));
    this.y = Math.min(canvas.height - keep, Math.max(keep - this.height * this.scale, this.y + dy * density));
    this.#fitted = false;
    this.#changed();
  }

  /** Middle of the window, in CSS pixels. @returns {Point} */
  get centre() {
    return { x: this.canvas.clientWidth / 2, y: this.canvas.clientHeight / 2 };
  }

  /** CSS pixels of the window -> pixels of the photo. @param {Point} point @returns {Point} */
  toPhoto({ x, y }) {
    return { x: (x * this.density - this.x) / this.scale, y: (y * this.density - this.y) / this.scale };
  }

  /** Pixels of the photo -> CSS pixels of the window. @param {Point} point @returns {Point} */
  toScreen({ x, y }) {
    return { x: (x * this.scale + this.x) / this.density, y: (y * this.scale + this.y) / this.density };
  }

  /** Asks for a new frame. */
  refresh() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const { context, canvas } = this;
      context.resetTransform();
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.setTransform(this.scale, 0, 0, this.scale, Math.round(this.x), Math.round(this.y)); // sharp at 100 %
      if (this.width) this.draw(context);
    });
  }

  #changed() {
    for (const listener of this.#listeners) listener();
    this.refresh();
  }

  /** Gives the canvas as many pixels as it has room for. */
  #measure() {
    const { canvas, density } = this;
    const width = Math.max(1, Math.round(canvas.clientWidth * density));
    const height = Math.max(1, Math.round(canvas.clientHeight * density));
    if (width !== canvas.width || height !== canvas.height) Object.assign(canvas, { width, height }); // setting them clears it
  }

  #resize() {
    const { canvas, density } = this;
    const middle = this.toPhoto({ x: canvas.width / 2 / density, y: canvas.height / 2 / density });
    this.#measure();
    if (!this.width) return;
    if (this.#fitted) return this.fit();
    this.x = canvas.width / 2 - middle.x * this.scale;
    this.y = canvas.height / 2 - middle.y * this.scale;
    this.#changed();
  }
}
