// Markdown as DOM nodes, and a view that grows with a streamed answer.

import { lastBlockStart, parseBlocks } from "./blocks.js";
import { copyText, el, icon } from "./dom.js";
import { appendInline } from "./inline.js";
import { Places, atWords } from "./places.js";
import { words } from "./words.js";

/** `context` has `places`, which gives the marks, and `showsImage(address)`. */
function buildBlock(block, context) {
  switch (block.kind) {
    case "heading": // the page has its own h1 and h2
      return withInline(el(`h${Math.min(block.level + 2, 6)}`), block, context);
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

const buildBlocks = ({ blocks }, context) => blocks.map((block) => buildBlock(block, context));

function withInline(node, block, { places, showsImage }) {
  appendInline(node, block.text, { marks: places.inText(block), showsImage });
  return node;
}

function buildCode({ language, text, until }, { places }) {
  const copy = el(
    "button",
    { type: "button", className: "copy", "data-copy": "code" },
    icon("copy"),
    el("span", { className: "button-label", textContent: words.copy }),
  );
  const name = el("span", { textContent: language || words.codeBlock });
  name.append(...places.take(until)); // code stays as it was written
  return el(
    "div",
    { className: "code", dir: "ltr" },
    el("div", { className: "code-head" }, name, copy),
    el("pre", { tabIndex: 0 }, el("code", {}, document.createTextNode(text))),
  );
}

function buildList({ start, items, loose }, context) {
  const list = el(start === null ? "ul" : "ol");
  if (start !== null && start !== 1) list.start = start;
  for (const { blocks, task } of items) {
    const item = el("li");
    if (task !== null) {
      const label = task ? words.done : words.notDone;
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

function buildTable(block, { places, showsImage }) {
  const { head, align, rows } = block;
  const marksAt = places.inTable(block);
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
    { className: "table", tabIndex: 0, role: "region", "aria-label": words.table },
    table,
  );
}

// ---- A view that grows ----------------------------------------------------------------------------

/**
 * Shows Markdown in `element`. While the text grows only its last block is built again: a block is
 * settled once a later block has begun on a complete line, for no later text can change it then.
 */
export class MarkdownView {
  #element;
  #showsImage;
  #settled = ""; // the text whose nodes stay
  #settledMarks = ""; // the marks among them, by their keys
  #live = []; // the nodes of the rest
  #liveMarks = "";
  #code = null; // the last block, when it is the only live one and is code

  /** `showsImage(address)` tells whether an image of the text may load; else it is a link. */
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
   */
  update(text, marks = []) {
    const placed = atWords(text, marks);
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
    this.#code = only && { ...only, node: nodes[0].querySelector("code").firstChild };
    return nodes;
  }

  /** Add to an open code block without building it again: long listings stay cheap. */
  #growCode(rest) {
    if (this.#code === null) return false;
    const blocks = parseBlocks(rest);
    const same = blocks.length === 1 && blocks[0].language === this.#code.language;
    if (!same || blocks[0].kind !== "code" || !blocks[0].text.startsWith(this.#code.text))
      return false;
    this.#code.node.appendData(blocks[0].text.slice(this.#code.text.length));
    this.#code.text = blocks[0].text;
    return true;
  }
}

/** The marks after `from` up to `to`; one at the very beginning belongs to the first part that is. */
const within = (marks, from, to) =>
  marks.filter(({ at }) => at <= to && (at > from || (from === 0 && to > 0)));

/** Answer to a click anywhere: on the button of a code block it copies the code. */
export function copyCode({ target }) {
  const button = target.closest("[data-copy=code]");
  if (button) copyText(button.closest(".code").querySelector("code").textContent, button);
}
