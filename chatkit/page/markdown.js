// Markdown as DOM nodes, and a view that grows with a streamed answer.

import { lastBlockStart, parseBlocks } from "./blocks.js";
import { around, copyText, el, icon } from "./dom.js";
import { appendInline } from "./inline.js";
import { Places, atWords } from "./places.js";
import { say } from "./words.js";

/** @typedef {{ places: Places, showsImage: ShowsImage }} BlockContext */

/** @type {("h3" | "h4" | "h5" | "h6")[]} */
const HEADINGS = ["h3", "h4", "h5", "h6"]; // the page has its own h1 and h2

/**
 * `context` has `places`, which gives the marks, and `showsImage(address)`.
 * @param {Block} block
 * @param {BlockContext} context
 * @returns {HTMLElement}
 */
function buildBlock(block, context) {
  switch (block.kind) {
    case "heading":
      return withInline(el(HEADINGS[Math.min(block.level, HEADINGS.length) - 1]), block, context);
    case "code":
      return buildCode(block, context);
    case "rule": {
      const marks = context.places.take(block.until);
      return marks.length > 0 ? el("div", {}, el("hr"), ...marks) : el("hr");
    }
    case "quote":
      return el("blockquote", {}, ...buildBlocks(block, context));
    case "list":
      return buildList(block, context);
    case "table":
      return buildTable(block, context);
    default:
      return withInline(el("p"), block, context);
  }
}

/**
 * @param {{ blocks: Block[] }} block
 * @param {BlockContext} context
 */
const buildBlocks = ({ blocks }, context) => blocks.map((block) => buildBlock(block, context));

/**
 * @param {HTMLElement} node
 * @param {Block & { text: string }} block
 * @param {BlockContext} context
 */
function withInline(node, block, { places, showsImage }) {
  appendInline(node, block.text, { marks: places.inText(block), showsImage });
  return node;
}

/**
 * @param {BlockOf<"code">} block
 * @param {BlockContext} context
 */
function buildCode({ language, text, until }, { places }) {
  const copy = el(
    "button",
    { type: "button", className: "copy", "data-copy": "code" },
    icon("copy"),
    el("span", { className: "button-label", textContent: say("page.copy") }),
  );
  const name = el("span", { textContent: language || say("page.code_block") });
  name.append(...places.take(until)); // code stays as it was written
  return el(
    "div",
    { className: "code", dir: "ltr" },
    el("div", { className: "code-head" }, name, copy),
    el("pre", { tabIndex: 0 }, el("code", {}, document.createTextNode(text))),
  );
}

/**
 * @param {BlockOf<"list">} block
 * @param {BlockContext} context
 */
function buildList({ start, items, loose }, context) {
  const list = start === null ? el("ul") : el("ol", start === 1 ? {} : { start });
  for (const { blocks, task } of items) {
    const item = el("li");
    if (task !== null) {
      const label = task ? say("page.done") : say("page.not_done");
      item.className = "task-item";
      const box = { type: "checkbox", disabled: true, defaultChecked: task, "aria-label": label };
      item.append(el("input", box));
    }
    for (const block of blocks) {
      if (block.kind === "paragraph" && !loose) withInline(item, block, context);
      else item.append(buildBlock(block, context));
    }
    list.append(item);
  }
  return list;
}

/**
 * @param {BlockOf<"table">} block
 * @param {BlockContext} context
 */
function buildTable(block, { places, showsImage }) {
  const { head, align, rows } = block;
  const marksAt = places.inTable(block);
  /**
   * @param {"th" | "td"} tag
   * @param {string[]} cells
   * @param {number} place
   */
  const row = (tag, cells, place) =>
    el(
      "tr",
      {},
      ...cells.map((text, column) => {
        const cell = el(tag, { className: `align-${align[column]}` });
        appendInline(cell, text, { showsImage });
        cell.append(...marksAt(place, column));
        return cell;
      }),
    );
  const table = el(
    "table",
    {},
    el("thead", {}, row("th", head, 0)),
    el("tbody", {}, ...rows.map((cells, place) => row("td", cells, place + 1))),
  );
  return el(
    "div",
    { className: "table", tabIndex: 0, role: "region", "aria-label": say("page.table") },
    table,
  );
}

// ---- A view that grows ----------------------------------------------------------------------------

/**
 * Shows Markdown in `element`. While the text grows only its last block is built again: a block is
 * settled once a later block has begun on a complete line, for no later text can change it then.
 */
export class MarkdownView {
  /** @type {HTMLElement} */
  #element;
  /** @type {ShowsImage} */
  #showsImage;
  #settled = ""; // the text whose nodes stay
  #settledMarks = ""; // the marks among them, by their keys
  /** @type {HTMLElement[]} */
  #live = []; // the nodes of the rest
  #liveMarks = "";
  /** @type {{ language: string, text: string, node: Text } | null} */
  #code = null; // the last block, when it is the only live one and is code

  /**
   * `showsImage(address)` tells whether an image of the text may load; else it is a link.
   * @param {HTMLElement} element
   * @param {{ showsImage?: ShowsImage }} context
   */
  constructor(element, { showsImage = () => false } = {}) {
    this.#element = element;
    this.#showsImage = showsImage;
  }

  /** Build everything again with the next update. */
  forget() {
    this.#settled = "";
    this.#settledMarks = "";
    this.#element.replaceChildren();
    this.#live = [];
    this.#code = null;
  }

  /**
   * Show `text`, which usually is the former text and more. `marks` are `{at, key, build}`: the node of
   * `build()` is put at the offset `at`; `key` tells one from another.
   * @param {string} text
   * @param {Cite[]} marks
   */
  update(text, marks = []) {
    const placed = atWords(text, marks);
    /**
     * @param {number} from
     * @param {number} to
     */
    const keys = (from, to) =>
      within(placed, from, to)
        .map(({ at, key }) => `${at} ${key}`)
        .join("\n");
    const known = this.#settled;
    if (!text.startsWith(known) || keys(0, known.length) !== this.#settledMarks) this.forget();
    const from = this.#settled.length;
    const liveMarks = keys(from, text.length);
    if (liveMarks === this.#liveMarks && this.#growCode(text.slice(from))) return;
    for (const node of this.#live) node.remove();
    const to = from + lastBlockStart(text.slice(from, text.lastIndexOf("\n") + 1));
    this.#append(text, from, to, placed);
    this.#settled = text.slice(0, to);
    this.#settledMarks = keys(0, to);
    this.#liveMarks = keys(to, text.length);
    this.#live = this.#append(text, to, text.length, placed);
  }

  /**
   * @param {string} text
   * @param {number} from
   * @param {number} to
   * @param {Cite[]} marks
   */
  #append(text, from, to, marks) {
    const part = text.slice(from, to);
    const blocks = parseBlocks(part);
    const inPart = within(marks, from, to).map((mark) => ({ ...mark, at: mark.at - from }));
    const places = new Places(part, inPart);
    const nodes = blocks.map((block) =>
      buildBlock(block, { places, showsImage: this.#showsImage }),
    );
    for (const node of nodes) if (!node.dir) node.dir = "auto";
    nodes.at(-1)?.append(...places.take(Infinity));
    this.#element.append(...nodes);
    const only = blocks.length === 1 && blocks[0].kind === "code" ? blocks[0] : null;
    const code = only && nodes[0].querySelector("code")?.firstChild;
    this.#code = only && code instanceof Text ? { ...only, node: code } : null;
    return nodes;
  }

  /**
   * Add to an open code block without building it again: long listings stay cheap.
   * @param {string} rest
   */
  #growCode(rest) {
    if (this.#code === null) return false;
    const [block, ...others] = parseBlocks(rest);
    if (block?.kind !== "code" || others.length > 0) return false;
    const { language, text, node } = this.#code;
    if (block.language !== language || !block.text.startsWith(text)) return false;
    node.appendData(block.text.slice(text.length));
    this.#code.text = block.text;
    return true;
  }
}

/**
 * The marks after `from` up to `to`; one at the very beginning belongs to the first part that is.
 * @param {Cite[]} marks
 * @param {number} from
 * @param {number} to
 */
const within = (marks, from, to) =>
  marks.filter(({ at }) => at <= to && (at > from || (from === 0 && to > 0)));

/**
 * Answer to a click anywhere: on the button of a code block it copies the code.
 * @param {Event} event
 */
export function copyCode(event) {
  const button = around(event, "[data-copy=code]");
  const code = button?.closest(".code")?.querySelector("code");
  if (button && code) copyText(code.textContent, button);
}
