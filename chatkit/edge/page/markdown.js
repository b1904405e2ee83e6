// Markdown as DOM nodes, and a view that grows with a streamed answer.

import { lastBlockStart, parseBlocks } from "./blocks.js";
import { el, icon } from "./dom.js";
import { appendInline } from "./inline.js";
import { words } from "./words.js";

function buildBlock(block) {
  switch (block.kind) {
    case "heading": // the page has its own h1 and h2
      return withInline(el(`h${Math.min(block.level + 2, 6)}`), block.text);
    case "code":
      return buildCode(block);
    case "rule":
      return el("hr");
    case "quote":
      return el("blockquote", {}, ...block.blocks.map(buildBlock));
    case "list":
      return buildList(block);
    case "table":
      return buildTable(block);
    default:
      return withInline(el("p"), block.text);
  }
}

function withInline(node, text) {
  appendInline(node, text);
  return node;
}

function buildCode({ language, text }) {
  const copy = el(
    "button",
    { type: "button", className: "copy", "data-copy": "code" },
    icon("copy"),
    el("span", { className: "button-label", textContent: words.copy }),
  );
  return el(
    "div",
    { className: "code", dir: "ltr" },
    el("div", { className: "code-head" }, el("span", { textContent: language || words.codeBlock }), copy),
    el("pre", { tabIndex: 0 }, el("code", {}, document.createTextNode(text))),
  );
}

function buildList({ start, items, loose }) {
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
      if (block.kind === "paragraph" && !loose) appendInline(item, block.text);
      else item.append(buildBlock(block));
    }
    list.append(item);
  }
  return list;
}

function buildTable({ head, align, rows }) {
  const row = (tag, cells) =>
    el(
      "tr",
      {},
      ...cells.map((cell, column) => withInline(el(tag, { className: `align-${align[column]}` }), cell)),
    );
  const table = el(
    "table",
    {},
    el("thead", {}, row("th", head)),
    el("tbody", {}, ...rows.map((cells) => row("td", cells))),
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
  #settled = ""; // the text whose nodes stay
  #live = []; // the nodes of the rest
  #code = null; // the last block, when it is the only live one and is code

  constructor(element) {
    this.#element = element;
  }

  /** Show `text`, which usually is the former text and more. */
  update(text) {
    if (!text.startsWith(this.#settled)) {
      this.#settled = "";
      this.#element.replaceChildren();
      this.#live = [];
      this.#code = null;
    }
    const rest = text.slice(this.#settled.length);
    if (this.#growCode(rest)) return;
    for (const node of this.#live) node.remove();
    const settled = lastBlockStart(rest.slice(0, rest.lastIndexOf("\n") + 1));
    this.#append(rest.slice(0, settled));
    this.#settled += rest.slice(0, settled);
    this.#live = this.#append(rest.slice(settled));
  }

  #append(text) {
    const blocks = parseBlocks(text);
    const nodes = blocks.map(buildBlock);
    for (const node of nodes) if (!node.dir) node.dir = "auto";
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
    if (!same || blocks[0].kind !== "code" || !blocks[0].text.startsWith(this.#code.text)) return false;
    this.#code.node.appendData(blocks[0].text.slice(this.#code.text.length));
    this.#code.text = blocks[0].text;
    return true;
  }
}
