import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../../src/scenefill/web/static/history.js";

/** A number that steps change. */
function counter(history) {
  const state = { value: 0 };
  const add = (amount, bytes = 1) => {
    state.value += amount;
    history.push({ name: `add ${amount}`, bytes, undo: () => (state.value -= amount), redo: () => (state.value += amount) });
  };
  return { state, add };
}

test("steps are undone and done again in order", () => {
  const history = new History();
  const { state, add } = counter(history);
  [1, 10, 100].forEach((amount) => add(amount));
  assert.equal(history.undo(), "add 100");
  assert.equal(history.undo(), "add 10");
  assert.equal(state.value, 1);
  assert.equal(history.redo(), "add 10");
  assert.equal(state.value, 11);
});

test("at the ends nothing happens", () => {
  const history = new History();
  const { state, add } = counter(history);
  assert.equal(history.undo(), null);
  add(5);
  assert.equal(history.redo(), null);
  assert.deepEqual([history.canUndo, history.canRedo, state.value], [true, false, 5]);
});

test("a new step ends what could be done again", () => {
  const history = new History();
  const { state, add } = counter(history);
  add(1);
  history.undo();
  add(2);
  assert.equal(history.canRedo, false);
  assert.equal(state.value, 2);
});

test("the oldest steps go when memory runs out, the newest never", () => {
  const history = new History(100);
  const { state, add } = counter(history);
  [1, 2, 3].forEach((amount) => add(amount, 40));
  while (history.canUndo) history.undo();
  assert.equal(state.value, 1);
  add(1000, 5000);
  assert.equal(history.undo(), "add 1000");
});
