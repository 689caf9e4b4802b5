import assert from "node:assert/strict";
import { test } from "node:test";

import { Rater, whoIs } from "../../../src/scenefill/study/static/rater.js";

/** A service that notes what it is asked, and fails where it is told to. */
class Service {
  asked = [];
  down = false;

  async ask(method, path, body) {
    this.asked.push([method, path, ...(body ? [body.choice] : [])].join(" "));
    if (this.down) throw new Error("down");
    return { json: async () => ({ done: this.asked.length }), blob: async () => new Blob([path]) };
  }
}

/** What a browser keeps for the page. */
function storage() {
  const kept = new Map();
  return { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) };
}

test("pictures are asked for once, those of the next pair beforehand", async () => {
  const http = new Service();
  const rater = new Rater(http, "ann");
  await Promise.all([rater.pictures("q1", true), rater.pictures("q1", true)]);
  assert.deepEqual(http.asked, ["left", "right", "input"].map((side) => `GET raters/ann/questions/q1/${side}`));
  const { left, input } = await rater.pictures("q2", false);
  assert.equal(await left.text(), "raters/ann/questions/q2/left");
  assert.equal(input, null);
});

test("pictures that did not come are asked for again", async () => {
  const http = new Service();
  const rater = new Rater(http, "ann");
  http.down = true;
  await assert.rejects(rater.pictures("q1", false));
  http.down = false;
  assert.equal(await (await rater.pictures("q1", false)).right.text(), "raters/ann/questions/q1/right");
});

test("an answer names its question and the side", async () => {
  const http = new Service();
  const rater = new Rater(http, "a/b");
  assert.deepEqual(await rater.say("q1", "neither"), { done: 1 });
  assert.deepEqual(await rater.standing(), { done: 2 });
  assert.deepEqual(http.asked, ["POST raters/a%2Fb/questions/q1 neither", "GET raters/a%2Fb"]);
});

test("a rater is who the address says, or who he was before", () => {
  globalThis.localStorage = storage();
  assert.equal(whoIs("http://x/?rater=ann"), "ann");
  const drawn = whoIs("http://x/");
  assert.match(drawn, /^[0-9a-f]{24}$/);
  assert.equal(whoIs("http://x/"), drawn);
  localStorage.setItem("scenefill-rater", "no name");
  assert.notEqual(whoIs("http://x/"), "no name");
  delete globalThis.localStorage;
  assert.match(whoIs("http://x/"), /^[0-9a-f]{24}$/, "a browser that keeps nothing");
});
