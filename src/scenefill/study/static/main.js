/** Puts the page together: shows one pair after the other, and hands on what the rater says of it. */

import { Http, ServiceError } from "./http.js";
import { element, takeToken } from "./page.js";
import { Rater, whoIs } from "./rater.js";

/** @typedef {import("./rater.js").Choice} Choice */
/** @typedef {import("./rater.js").Standing} Standing */

const COMFORT = "Nothing is lost, and this page goes on by itself when it is back.";
const KEYS = /** @type {Record<string, Choice>} */ ({ ArrowLeft: "left", ArrowRight: "right", ArrowDown: "neither", " ": "neither" });
/** Milliseconds after which a service that did not answer is asked again. */
const PAUSE = 1000;

const rater = new Rater(new Http(document.baseURI, takeToken(), COMFORT), whoIs(location.href));
const pair = element("pair");
const choices = /** @type {Choice[]} */ (["left", "right", "neither"]);
/** What is asked now; null while nothing can be answered. @type {string | null} */
let question = null;
/** Addresses of the pictures on display. @type {string[]} */
let shown = [];

for (const choice of choices) element(choice).addEventListener("click", () => void say(choice));
document.addEventListener("keydown", (event) => {
  const choice = KEYS[event.key];
  if (!choice || event.ctrlKey || event.altKey || event.metaKey || document.body.dataset.state !== "asking") return;
  event.preventDefault(); // a space would press the button that has the focus as well
  if (!event.repeat) void say(choice);
});
document.addEventListener("keyup", (event) => {
  if (event.key === " " && document.body.dataset.state === "asking") event.preventDefault();
});
element("begin").addEventListener("click", () => void start(true));
void start(false);

/** @param {boolean} begun */
async function start(begun) {
  const standing = await insist(() => rater.standing());
  if (standing) await show(standing, begun);
}

/** @param {Choice} choice */
async function say(choice) {
  if (!question) return;
  const answered = question;
  rest();
  const standing = await insist(() => rater.say(answered, choice));
  if (standing) await show(standing, true);
}

/** Nothing can be answered until the next pair is there. */
function rest() {
  question = null;
  pair.setAttribute("aria-busy", "true");
  for (const choice of choices) element(choice, HTMLButtonElement).disabled = true;
}

/** @param {Standing} standing @param {boolean} begun */
async function show(standing, begun) {
  element("asked").textContent = document.title = standing.asked;
  element("count").textContent = `${standing.done} of ${standing.total}`;
  element("progress", HTMLProgressElement).value = standing.done / Math.max(1, standing.total);
  if (!standing.question) {
    document.body.dataset.state = "done";
    return element("done-title").focus();
  }
  if (!begun && !standing.done) {
    document.body.dataset.state = "welcome";
    return element("begin").focus();
  }
  document.body.dataset.state = "asking";
  await showPair(standing.question, standing.has_input);
  if (question && standing.then) rater.pictures(standing.then, standing.has_input).catch(() => {}); // asked for again when it is shown
}

/** Both pictures appear at once, or neither. @param {string} asked @param {boolean} hasInput */
async function showPair(asked, hasInput) {
  const pictures = await insist(() => rater.pictures(asked, hasInput));
  if (!pictures) return;
  shown.forEach((address) => URL.revokeObjectURL(address));
  shown = [];
  element("given").hidden = !pictures.input;
  const images = [...pair.querySelectorAll("img")].filter((image) => pictures.input || image.id !== "input");
  const blobs = [...(pictures.input ? [pictures.input] : []), pictures.left, pictures.right];
  images.forEach((image, index) => shown.push((image.src = URL.createObjectURL(blobs[index]))));
  await Promise.all(images.map((image) => image.decode().catch(() => {})));
  pair.dataset.question = question = asked;
  for (const choice of choices) element(choice, HTMLButtonElement).disabled = false;
  pair.setAttribute("aria-busy", "false");
}

/**
 * Asks until the service answers. What it refuses is said, and there is nothing then.
 * @template T
 * @param {() => Promise<T>} ask @returns {Promise<T | null>}
 */
async function insist(ask) {
  for (;;) {
    try {
      const answer = await ask();
      element("status").textContent = "";
      return answer;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      element("status").textContent = error.message;
      if (error.status && error.status < 500) return null;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
