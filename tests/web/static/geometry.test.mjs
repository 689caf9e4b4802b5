import assert from "node:assert/strict";
import { test } from "node:test";

import { capsule, flood, polygon, rectangle, union } from "../../../src/scenefill/web/static/geometry.js";

/** Paints a shape into rows of characters: "#" inside, "." outside; what lies beyond is dropped. */
function painted(width, height, shape) {
  const rows = Array.from({ length: height }, () => Array(width).fill("."));
  shape((y, from, to) => {
    for (let x = Math.max(0, from); x < Math.min(width, to); x++) if (rows[y]) rows[y][x] = "#";
  });
  return rows.map((row) => row.join(""));
}

const area = (rows) => rows.join("").replaceAll(".", "").length;

test("a dab is the pixels whose centres lie in the disc", () => {
  const rows = painted(6, 6, (span) => capsule({ x: 3, y: 3 }, { x: 3, y: 3 }, 2, span));
  assert.deepEqual(rows, ["......", "..##..", ".####.", ".####.", "..##..", "......"]);
});

test("the smallest brush paints one pixel", () => {
  assert.deepEqual(painted(3, 3, (span) => capsule({ x: 1.5, y: 1.5 }, { x: 1.5, y: 1.5 }, 0.5, span)), ["...", ".#.", "..."]);
});

test("a stroke covers exactly what lies within its radius of the line", () => {
  const [a, b, radius] = [{ x: 6.2, y: 5.1 }, { x: 22.7, y: 16.4 }, 4.3];
  const rows = painted(30, 24, (span) => capsule(a, b, radius, span));
  for (let y = 0; y < 24; y++) {
    for (let x = 0; x < 30; x++) {
      const [px, py] = [x + 0.5 - a.x, y + 0.5 - a.y];
      const [dx, dy] = [b.x - a.x, b.y - a.y];
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy)));
      const near = Math.hypot(px - along * dx, py - along * dy) <= radius;
      assert.equal(rows[y][x], near ? "#" : ".", `pixel ${x}, ${y}`);
    }
  }
});

test("strokes along an axis and strokes backwards are the same areas", () => {
  const there = painted(20, 9, (span) => capsule({ x: 3, y: 4.5 }, { x: 17, y: 4.5 }, 2, span));
  const back = painted(20, 9, (span) => capsule({ x: 17, y: 4.5 }, { x: 3, y: 4.5 }, 2, span));
  assert.deepEqual(there, back);
  assert.equal(there[4], ".##################.");
});

test("a rectangle may be drawn from any corner", () => {
  const wanted = ["....", ".##.", ".##.", "...."];
  for (const [a, b] of [[{ x: 1, y: 1 }, { x: 3, y: 3 }], [{ x: 3, y: 1 }, { x: 1, y: 3 }], [{ x: 2.9, y: 3.2 }, { x: 0.8, y: 1.4 }]]) {
    assert.deepEqual(painted(4, 4, (span) => rectangle(a, b, span)), wanted);
  }
});

test("a lasso is the inside of its closed line", () => {
  const triangle = [{ x: 0, y: 0 }, { x: 8, y: 0 }, { x: 0, y: 8 }];
  const rows = painted(8, 8, (span) => polygon(triangle, span));
  rows.forEach((row, y) => assert.equal(row, "#".repeat(7 - y).padEnd(8, ".")));
});

test("a lasso that crosses itself holds all that it goes round", () => {
  // Twice round the same square: the inner turn is no hole.
  const twice = [0, 1].flatMap((i) => [{ x: 1 + i, y: 1 + i }, { x: 7 - i, y: 1 + i }, { x: 7 - i, y: 7 - i }, { x: 1 + i, y: 7 - i }]);
  assert.equal(area(painted(8, 8, (span) => polygon(twice, span))), 36);
  const eight = [{ x: 0, y: 0 }, { x: 8, y: 8 }, { x: 8, y: 0 }, { x: 0, y: 8 }];
  const rows = painted(8, 8, (span) => polygon(eight, span));
  assert.equal(rows[4][0], "#");
  assert.equal(rows[4][7], "#");
  assert.equal(rows[0][4], ".");
});

test("a flood stays inside a closed line and tells when it does not", () => {
  const picture = ["........", ".####...", ".#..#...", ".#..##..", ".####...", "........"].join("");
  const open = (i) => picture[i] === ".";
  let reached;
  const inner = painted(8, 6, (span) => (reached = flood(8, 6, { x: 2.5, y: 2.5 }, open, span)));
  assert.equal(area(inner), 4);
  assert.equal(reached, false);
  const outer = painted(8, 6, (span) => (reached = flood(8, 6, { x: 0, y: 0 }, open, span)));
  assert.equal(area(outer), 48 - 4 - 13);
  assert.equal(reached, true);
  assert.deepEqual(painted(8, 6, (span) => flood(8, 6, { x: 9, y: 0 }, open, span)), Array(6).fill("........"));
});

test("a flood finds its way through a maze and asks of each pixel", () => {
  const size = 64;
  const wall = (i) => Math.floor(i / size) % 4 === 1 ? i % size !== size - 1 : Math.floor(i / size) % 4 === 3 ? i % size !== 0 : false;
  const rows = painted(size, size, (span) => flood(size, size, { x: 0.5, y: 0.5 }, (i) => !wall(i), span));
  for (let i = 0; i < size * size; i++) assert.equal(rows[Math.floor(i / size)][i % size], wall(i) ? "." : "#");
});

test("the union of rectangles", () => {
  const a = { left: 1, top: 5, right: 3, bottom: 6 };
  assert.equal(union(null, a), a);
  assert.deepEqual(union(a, { left: 2, top: 2, right: 9, bottom: 4 }), { left: 1, top: 2, right: 9, bottom: 6 });
});
