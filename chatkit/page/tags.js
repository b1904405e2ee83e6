// Mentions in the text of the composer: where they are, while the text around them changes.

import { el } from "./dom.js";

/**
 * A mention is `@Title` in the text and stays one for as long as none of its characters is changed.
 * `mirror` lies behind the text box and shows which parts of it are mentions.
 */
export class Tags {
  /** @type {HTMLTextAreaElement} */
  #box;
  /** @type {HTMLElement} */
  #mirror;
  /** @type {Tag[]} */
  #tags = []; // {start, end, part} in the order of the text
  #text = "";

  /**
   * @param {HTMLTextAreaElement} box
   * @param {HTMLElement} mirror
   */
  constructor(box, mirror) {
    this.#box = box;
    this.#mirror = mirror;
    box.addEventListener("input", () => this.#follow());
    box.addEventListener("keydown", (event) => this.#removeWhole(event));
    box.addEventListener("scroll", () => (mirror.scrollTop = box.scrollTop), { passive: true });
  }

  get all() {
    return this.#tags;
  }

  /**
   * Show `text` in the box, with these mentions in it.
   * @param {string} text
   * @param {Tag[]} tags
   */
  set(text, tags) {
    this.#box.value = text;
    this.#text = text;
    this.#tags = tags;
    this.#draw();
  }

  /**
   * Put a mention of `part`, an `input_tag`, in the place of what is between `start` and `end`.
   * @param {number} start
   * @param {number} end
   * @param {TagPart} part
   */
  insert(start, end, part) {
    const title = `@${part.text}`;
    this.#box.setRangeText(`${title} `, start, end, "end");
    this.#follow(); // moves those after it
    const added = { start, end: start + title.length, part };
    this.#tags = [...this.#tags, added].sort((one, other) => one.start - other.start);
    this.#draw();
    this.#box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /**
   * What is written, as content of a message. White space around it is left out.
   * @returns {InputPart[]}
   */
  content() {
    /** @type {InputPart[]} */
    const parts = [];
    let from = 0;
    /** @param {number} to */
    const text = (to) =>
      to > from && parts.push({ type: "input_text", text: this.#text.slice(from, to) });
    for (const { start, end, part } of this.#tags) {
      text(start);
      parts.push(part);
      from = end;
    }
    text(this.#text.length);
    const [first, last] = [parts[0], parts.at(-1)];
    if (first?.type === "input_text") first.text = first.text.trimStart();
    if (last?.type === "input_text") last.text = last.text.trimEnd();
    return parts.filter((part) => part.type !== "input_text" || part.text !== "");
  }

  /** The text has changed in one place: find it, move the mentions after it, let go of those in it. */
  #follow() {
    const [before, after] = [this.#text, this.#box.value];
    if (before === after) return;
    // The caret stands at the end of the change; that tells which of two equal letters is new.
    const mostEnd = Math.min(before.length, after.length - this.#box.selectionEnd);
    let end = 0;
    while (end < mostEnd && before.at(-1 - end) === after.at(-1 - end)) end += 1;
    const mostStart = Math.min(before.length, after.length) - end;
    let start = 0;
    while (start < mostStart && before[start] === after[start]) start += 1;
    const shift = after.length - before.length;
    this.#tags = this.#tags
      .filter((tag) => tag.end <= start || tag.start >= before.length - end)
      .map((tag) =>
        tag.end <= start ? tag : { ...tag, start: tag.start + shift, end: tag.end + shift },
      );
    this.#text = after;
    this.#draw();
  }

  /**
   * Backspace after a mention takes it away as a whole.
   * @param {KeyboardEvent} event
   */
  #removeWhole(event) {
    const { selectionStart: at, selectionEnd } = this.#box;
    if (event.key !== "Backspace" || event.isComposing || at !== selectionEnd) return;
    const tag = this.#tags.find(({ end }) => end === at);
    if (tag === undefined) return;
    event.preventDefault();
    this.#box.setRangeText("", tag.start, tag.end, "end");
    this.#box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #draw() {
    const nodes = [];
    let from = 0;
    for (const { start, end } of this.#tags) {
      nodes.push(
        this.#text.slice(from, start),
        el("mark", { textContent: this.#text.slice(start, end) }),
      );
      from = end;
    }
    this.#mirror.replaceChildren(
      ...(nodes.length > 0 ? [...nodes, `${this.#text.slice(from)}\n`] : []),
    );
    this.#mirror.scrollTop = this.#box.scrollTop;
  }
}
