/**
 * Shapes as rows of pixels. A shape calls `span(y, from, to)` for each row: pixels from <= x < to.
 * A pixel belongs to a shape when its centre lies inside. Spans may reach beyond the picture; who paints them clips.
 */

/** @typedef {{x: number, y: number}} Point  In pixels of the photo; (0, 0) is the outer corner of the first pixel. */
/** @typedef {(y: number, from: number, to: number) => void} Span */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Rect  Half open: right and bottom are outside. */

/**
 * A round brush drawn from `a` to `b`.
 * @param {Point} a @param {Point} b @param {number} radius @param {Span} span
 */
export function capsule(a, b, radius, span) {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const nx = length ? ((a.y - b.y) / length) * radius : 0;
  const ny = length ? ((b.x - a.x) / length) * radius : 0;
  const corners = [
    { x: a.x + nx, y: a.y + ny }, { x: b.x + nx, y: b.y + ny },
    { x: b.x - nx, y: b.y - ny }, { x: a.x - nx, y: a.y - ny },
  ];
  const first = Math.floor(Math.min(a.y, b.y) - radius);
  const last = Math.ceil(Math.max(a.y, b.y) + radius);
  for (let y = first; y <= last; y++) {
    const row = y + 0.5;
    let low = Infinity;
    let high = -Infinity;
    for (const end of [a, b]) {
      const half = Math.sqrt(radius * radius - (row - end.y) ** 2);
      if (half >= 0) {
        low = Math.min(low, end.x - half);
        high = Math.max(high, end.x + half);
      }
    }
    for (const x of length ? crossings(corners, row).map((crossing) => crossing.x) : []) {
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
    emit(y, low, high, span);
  }
}

/**
 * The upright rectangle with these opposite corners.
 * @param {Point} a @param {Point} b @param {Span} span
 */
export function rectangle(a, b, span) {
  const bottom = Math.ceil(Math.max(a.y, b.y) - 0.5);
  for (let y = Math.ceil(Math.min(a.y, b.y) - 0.5); y < bottom; y++) {
    emit(y, Math.min(a.x, b.x), Math.max(a.x, b.x), span);
  }
}

/**
 * The inside of a closed line. Where it crosses itself, everything that it goes round belongs to it.
 * @param {readonly Point[]} points @param {Span} span
 */
export function polygon(points, span) {
  const top = Math.floor(points.reduce((low, point) => Math.min(low, point.y), Infinity));
  const bottom = Math.ceil(points.reduce((high, point) => Math.max(high, point.y), -Infinity));
  for (let y = top; y < bottom; y++) {
    let turns = 0;
    let start = 0;
    for (const { x, turn } of crossings(points, y + 0.5).sort((p, q) => p.x - q.x)) {
      if (turns === 0) start = x;
      turns += turn;
      if (turns === 0) emit(y, start, x, span);
    }
  }
}

/**
 * The connected area round a pixel in which `same` holds.
 * @param {number} width @param {number} height @param {Point} seed
 * @param {(index: number) => boolean} same  Asked at most once per pixel, before any span of the area is emitted.
 * @param {Span} span
 * @returns {boolean}  Whether the area reaches the border of the picture.
 */
export function flood(width, height, seed, same, span) {
  const inside = new Uint8Array(width * height);
  const x0 = Math.floor(seed.x);
  const y0 = Math.floor(seed.y);
  if (x0 < 0 || y0 < 0 || x0 >= width || y0 >= height || !same(y0 * width + x0)) return false;
  let atBorder = false;
  /** @type {[number, number, number][]} */
  const spans = [];
  const stack = [y0 * width + x0];
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    if (inside[index]) continue;
    const row = index - (index % width);
    let from = index;
    while (from > row && !inside[from - 1] && same(from - 1)) from--;
    let to = index + 1;
    while (to < row + width && !inside[to] && same(to)) to++;
    inside.fill(1, from, to);
    spans.push([row / width, from - row, to - row]);
    atBorder ||= from === row || to === row + width || row === 0 || row === width * (height - 1);
    for (const shift of [-width, width]) {
      if (row + shift < 0 || row + shift >= inside.length) continue;
      let open = false;
      for (let i = from + shift; i < to + shift; i++) {
        const is = !inside[i] && same(i);
        if (is && !open) stack.push(i);
        open = is;
      }
    }
  }
  for (const [y, from, to] of spans) span(y, from, to);
  return atBorder;
}

/**
 * What is not 0 in a picture, row by row.
 * @param {Uint8Array} data  0 or 255 per pixel. @param {number} width @param {Span} span
 */
export function runs(data, width, span) {
  for (let from = data.indexOf(255); from >= 0; ) {
    const row = from - (from % width);
    let to = from + 1;
    while (to < row + width && data[to]) to++;
    span(row / width, from - row, to - row);
    from = data.indexOf(255, to);
  }
}

/**
 * The smallest rectangle round two.
 * @param {Rect | null} a @param {Rect} b @returns {Rect}
 */
export function union(a, b) {
  if (!a) return b;
  return {
    left: Math.min(a.left, b.left), top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom),
  };
}

/**
 * Where the edges of a closed line cross a row, and whether they go down (1) or up (-1).
 * @param {readonly Point[]} points @param {number} row
 */
function crossings(points, row) {
  const found = [];
  for (let i = 0, before = points.length - 1; i < points.length; before = i++) {
    const p = points[before];
    const q = points[i];
    if (p.y <= row !== q.y <= row) {
      found.push({ x: p.x + ((row - p.y) / (q.y - p.y)) * (q.x - p.x), turn: p.y < q.y ? 1 : -1 });
    }
  }
  return found;
}

/** @param {number} y @param {number} low @param {number} high @param {Span} span */
function emit(y, low, high, span) {
  const from = Math.ceil(low - 0.5);
  const to = Math.ceil(high - 0.5);
  if (from < to) span(y, from, to);
}
