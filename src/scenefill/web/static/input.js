/** Mouse, pen, fingers and arrow keys over the photo: what becomes a stroke, what moves the window. */

import { begin } from "./tools.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./tools.js").Stroke} Stroke */

const MIDDLE_BUTTON = 1;
/** In `buttons`: the end of the pen that erases. */
const PEN_ERASER = 32;
/** How much the lightest touch of a pen leaves of the brush. */
const LIGHTEST = 0.3;
/** Tools for which Enter may be tapped to begin and tapped again to end. */
const TWO_TAPS = ["rectangle", "lasso"];
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Input {
  /** Where the fingers and buttons are that touch the window, in CSS pixels of it. @type {Map<number, Point>} */
  #touching = new Map();
  /** @type {Stroke | null} */
  #stroke = null;
  /** What the pointer that is down does. @type {"stroke" | "pan" | "wipe" | "gesture" | null} */
  #action = null;
  /** Where the brush is, in pixels of the photo; moved by the pointer and by the arrow keys. @type {Point} */
  #cursor = { x: 0, y: 0 };
  /** Whether Enter holds the brush down, and whether the cursor has moved since. */
  #pressed = false;
  #moved = false;
  #panning = false;

  /** @param {Editor} editor @param {Stage} stage @param {HTMLElement} ring  Drawn round the brush. */
  constructor(editor, stage, ring) {
    this.editor = editor;
    this.stage = stage;
    this.view = stage.view;
    this.ring = ring;
    const { canvas } = this.view;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#lost(event));
    canvas.addEventListener("pointerleave", () => this.#touching.size || this.#hide());
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.#keyDown(event));
    canvas.addEventListener("keyup", (event) => event.key === "Enter" && this.#release());
    canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && this.#showCursor());
    canvas.addEventListener("blur", () => this.#hide());
    editor.addEventListener("open", () => {
      this.cancel();
      this.#cursor = { x: editor.hole.width / 2, y: editor.hole.height / 2 };
    });
    editor.addEventListener("change", () => this.#place());
    this.view.onMove(() => this.#place());
  }

  /** While the space bar is held, dragging moves the photo. @param {boolean} on */
  set panning(on) {
    this.#panning = on;
    this.view.canvas.classList.toggle("panning", on);
  }

  /** Takes back the stroke being made. @returns {boolean}  Whether there was one. */
  cancel() {
    const stroke = this.#stroke;
    if (!stroke) return false;
    stroke.cancel();
    this.#finished();
    return true;
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const { canvas } = this.view;
    if (!this.editor.session || (event.pointerType === "touch" && this.#touching.size >= 2)) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const at = this.#at(event);
    this.#touching.set(event.pointerId, at);
    if (this.#touching.size === 2) {
      this.cancel();
      this.#action = "gesture";
    } else if (this.#panning || event.button === MIDDLE_BUTTON) this.#action = "pan";
    else if (this.editor.comparison) {
      this.#action = "wipe";
      this.#wipe(at);
    } else if (event.button === 0 || event.buttons & PEN_ERASER) {
      this.#action = "stroke";
      this.#aim(at, event);
      this.#begin(pressure(event), event.buttons & PEN_ERASER ? "eraser" : undefined);
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const at = this.#at(event);
    const before = this.#touching.get(event.pointerId);
    if (this.#action === "stroke" && before) {
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) this.#stroke?.move(this.view.toPhoto(this.#at(each)), pressure(each));
      this.#outline();
    } else if (this.#action === "pan" && before) this.view.pan(at.x - before.x, at.y - before.y);
    else if (this.#action === "wipe" && before) this.#wipe(at);
    else if (this.#action === "gesture" && before) this.#pinch(event.pointerId, at);
    if (before) this.#touching.set(event.pointerId, at);
    if (this.#action === null || this.#action === "stroke") this.#aim(at, event);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (!this.#touching.delete(event.pointerId)) return;
    if (this.#action === "stroke") this.#end();
    if (event.pointerType === "touch") this.#hide();
    if (!this.#touching.size) this.#action = null;
  }

  /** @param {PointerEvent} event */
  #lost(event) {
    this.#touching.delete(event.pointerId);
    this.cancel();
    if (!this.#touching.size) this.#action = null;
  }

  /** Two fingers: the point between them stays between them. @param {number} pointer @param {Point} at */
  #pinch(pointer, at) {
    const before = [...this.#touching.values()];
    this.#touching.set(pointer, at);
    const now = [...this.#touching.values()];
    if (now.length < 2) return;
    const [from, to] = [before, now].map(([p, q]) => ({
      x: (p.x + q.x) / 2, y: (p.y + q.y) / 2, apart: Math.max(1, Math.hypot(p.x - q.x, p.y - q.y)),
    }));
    this.view.pan(to.x - from.x, to.y - from.y);
    this.view.zoom(to.apart / from.apart, to);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    if (!this.editor.session) return;
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1;
    const pinch = event.ctrlKey ? 5 : 1; // a trackpad reports pinches as small steps of the wheel with Ctrl
    this.view.zoom(2 ** (-event.deltaY * lines * pinch / 400), this.#at(event));
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    if (!this.editor.session || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      const step = event.shiftKey ? 1 : Math.max(1, Math.round(this.editor.brush / 4));
      const { width, height } = this.editor.hole;
      this.#cursor = {
        x: Math.min(width - 0.5, Math.max(0.5, this.#cursor.x + arrow[0] * step)),
        y: Math.min(height - 0.5, Math.max(0.5, this.#cursor.y + arrow[1] * step)),
      };
      this.#moved = true;
      this.#stroke?.move(this.#cursor, 1);
      this.#outline();
      this.#showCursor();
    } else if (event.key === "Enter") {
      if (event.repeat) return;
      if (this.#stroke) this.#end();
      else {
        this.#begin(1);
        this.#pressed = true;
        this.#moved = false;
        this.#showCursor();
      }
    } else return;
    event.preventDefault();
  }

  /** Enter was let go. */
  #release() {
    if (!this.#pressed) return;
    this.#pressed = false;
    if (this.#moved || !TWO_TAPS.includes(this.editor.tool)) this.#end();
  }

  /** @param {number} pressure @param {import("./editor.js").ToolName} [tool] */
  #begin(pressure, tool) {
    this.editor.set({ showsOriginal: false });
    this.#stroke = begin(this.editor, this.#cursor, pressure, tool);
    this.#outline();
  }

  #end() {
    const stroke = this.#stroke;
    this.#finished();
    stroke?.end();
  }

  #finished() {
    this.#stroke = null;
    this.#pressed = false;
    if (this.#action === "stroke") this.#action = null;
    this.#outline();
  }

  #outline() {
    this.stage.outline = this.#stroke?.outline ?? [];
    this.view.refresh();
  }

  /** @param {Point} at */
  #wipe(at) {
    const { comparison } = this.editor;
    if (!comparison) return;
    comparison.at = Math.min(1, Math.max(0, at.x / this.view.canvas.clientWidth));
    this.editor.changed();
  }

  /** Brings the cursor of the arrow keys into view and shows it. */
  #showCursor() {
    if (!this.editor.session) return;
    const { canvas } = this.view;
    const { x, y } = this.view.toScreen(this.#cursor);
    const margin = Math.min(40, canvas.clientWidth / 4);
    const dx = Math.max(margin - x, 0) + Math.min(canvas.clientWidth - margin - x, 0);
    const dy = Math.max(margin - y, 0) + Math.min(canvas.clientHeight - margin - y, 0);
    if (dx || dy) this.view.pan(dx, dy);
    this.ring.hidden = false;
    this.#place();
  }

  /** @param {Point} at @param {PointerEvent} event */
  #aim(at, event) {
    this.#cursor = this.view.toPhoto(at);
    this.ring.hidden = event.pointerType === "touch" || !this.editor.session || this.editor.comparison !== null;
    this.#place();
  }

  #hide() {
    this.ring.hidden = true;
  }

  #place() {
    if (this.editor.comparison) this.#hide();
    if (this.ring.hidden) return;
    const { x, y } = this.view.toScreen(this.#cursor);
    const brush = ["brush", "eraser"].includes(this.editor.tool);
    const size = brush ? Math.max(3, (this.editor.brush * this.view.scale) / this.view.density) : 12;
    this.ring.style.translate = `${x - size / 2}px ${y - size / 2}px`;
    this.ring.style.width = this.ring.style.height = `${size}px`;
  }

  /** @param {MouseEvent} event @returns {Point} */
  #at(event) {
    const { left, top } = this.view.canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }
}

/** @param {PointerEvent} event */
function pressure(event) {
  return event.pointerType === "pen" && event.pressure > 0 ? LIGHTEST + (1 - LIGHTEST) * event.pressure : 1;
}
