import assert from "node:assert/strict";
import { test } from "node:test";

import { Edit, Plane, TILE, bounds, weight } from "../../../src/scenefill/web/static/plane.js";

const WIDTH = 2 * TILE + 40;
const HEIGHT = TILE + 30;

function filled(plane) {
  return plane.data.reduce((sum, value) => sum + (value !== plane.empty), 0);
}

/** An edit that paints a box. */
function box(plane, left, top, right, bottom, value, within) {
  const edit = new Edit(plane, within);
  for (let y = top; y < bottom; y++) edit.painter(value)(y, left, right);
  return edit;
}

test("an edit paints, and swapping with what it returns takes it back and does it again", () => {
  const plane = new Plane(WIDTH, HEIGHT, 0);
  const tiles = box(plane, TILE - 5, TILE - 5, TILE + 5, TILE + 5, 255).finish();
  const after = plane.data.slice();
  assert.equal(filled(plane), 100);
  assert.equal(tiles.size, 4);
  const redo = plane.swap(tiles);
  assert.equal(filled(plane), 0);
  plane.swap(redo);
  assert.deepEqual(plane.data, after);
});

test("spans are clipped at the borders of the photo", () => {
  const plane = new Plane(WIDTH, HEIGHT, 0);
  box(plane, -50, -50, WIDTH + 50, HEIGHT + 50, 7).finish();
  assert.equal(filled(plane), WIDTH * HEIGHT);
});

test("an edit keeps only tiles that are different in the end", () => {
  const plane = new Plane(WIDTH, HEIGHT, 0);
  const edit = box(plane, 0, 0, WIDTH, HEIGHT, 255);
  for (let y = 0; y < HEIGHT; y++) edit.painter(0)(y, 0, WIDTH);
  edit.painter(255)(3, 3, 4);
  assert.deepEqual([...edit.finish().keys()], [0]);
});

test("an edit within a mask leaves the rest alone", () => {
  const hole = new Plane(WIDTH, HEIGHT, 0);
  box(hole, 10, 10, 20, 20, 255).finish();
  const hints = new Plane(WIDTH, HEIGHT, 255);
  box(hints, 0, 0, 15, 15, 4, hole.data).finish();
  assert.equal(filled(hints), 25);
  assert.equal(hints.data[12 * WIDTH + 12], 4);
});

test("uniform tiles weigh next to nothing", () => {
  const plane = new Plane(1024, 1024, 0);
  const tiles = box(plane, 0, 0, 1024, 1024, 255).finish();
  assert.equal(tiles.size, 64);
  assert.equal(weight(tiles), 64 * 16);
  assert.equal(weight(plane.snapshot()), 64 * 16);
});

test("a snapshot brings everything back", () => {
  const plane = new Plane(WIDTH, HEIGHT, 255);
  box(plane, 30, 20, 200, 90, 3).finish();
  const [before, snapshot] = [plane.data.slice(), plane.snapshot()];
  box(plane, 0, 0, WIDTH, 40, 255).finish();
  box(plane, 250, 100, 280, 130, 6).finish();
  const edit = new Edit(plane);
  edit.load(snapshot);
  const tiles = edit.finish();
  assert.deepEqual(plane.data, before);
  plane.swap(tiles);
  assert.notDeepEqual(plane.data, before);
});

test("listeners hear which rectangle changed", () => {
  const plane = new Plane(WIDTH, HEIGHT, 0);
  const heard = [];
  plane.onChange((rect) => heard.push(rect));
  const tiles = box(plane, 3, 5, 9, 8, 255).finish();
  assert.deepEqual(heard, [{ left: 3, top: 5, right: 9, bottom: 8 }]);
  plane.swap(tiles);
  assert.deepEqual(heard[1], { left: 0, top: 0, right: TILE, bottom: TILE });
});

test("the bounds of a snapshot are those of its pixels", () => {
  const plane = new Plane(WIDTH, HEIGHT, 0);
  assert.equal(bounds(plane, plane.snapshot()), null);
  box(plane, 100, 20, 100 + TILE, 50, 255).finish();
  assert.deepEqual(bounds(plane, plane.snapshot()), { left: 100, top: 20, right: 100 + TILE, bottom: 50 });
  box(plane, 0, 0, WIDTH, HEIGHT, 255).finish();
  assert.deepEqual(bounds(plane, plane.snapshot()), { left: 0, top: 0, right: WIDTH, bottom: HEIGHT });
});
