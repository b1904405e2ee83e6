// What all rows of the conversation have in common, and when they are drawn.

import { el } from "./dom.js";

/**
 * An item of the thread on the screen. `update(item)` shows it as it is now, `applyUpdate(update)` one
 * change of it; kinds that change only as a whole ignore the latter.
 */
export class Row {
  /**
   * @param {string} type
   * @param {string} className
   * @param {string} label
   */
  constructor(type, className, label) {
    this.type = type;
    this.body = el("div", { className: "body" });
    const attributes = { className: "message", "aria-label": label };
    this.article = el("article", attributes, this.body);
    this.node = el("li", { className: `item ${className}` }, this.article);
  }

  /** @param {ThreadItem | UnsentMessage} _item */
  update(_item) {}

  /** @param {ItemUpdate} _update */
  applyUpdate(_update) {}

  /**
   * `live` while further updates are to come.
   * @param {boolean} _live
   */
  setLive(_live) {}

  /** What the thread says about its images has changed. */
  redraw() {}

  /** The text of an answer so far; empty for a row without one. */
  get plainText() {
    return "";
  }

  /** What a screen reader announces. */
  get spokenText() {
    return "";
  }

  /**
   * Where buttons about the answer that ends with this row go; null for a row without such a place.
   * @returns {HTMLElement | null}
   */
  get actions() {
    return null;
  }
}

/**
 * The place for buttons below a row that answers.
 * @param {Row} row
 */
export function actionsBelow(row) {
  const actions = el("div", { className: "actions" });
  row.article.append(actions);
  return actions;
}

// ---- Drawing no more often than the screen does ------------------------------------------------------

/** @type {Set<{ draw: () => void }>} */
const waiting = new Set();
let scheduled = false;

/**
 * Draw `row` with the next frame; after slow frames less often, so that the page stays responsive.
 * @param {{ draw: () => void }} row
 */
export function drawSoon(row) {
  waiting.add(row);
  if (!scheduled) {
    scheduled = true;
    requestAnimationFrame(drawAll);
  }
}

function drawAll() {
  const started = performance.now();
  for (const row of waiting) row.draw();
  waiting.clear();
  const cost = performance.now() - started;
  const again = () => {
    scheduled = false;
    for (const row of waiting) drawSoon(row);
  };
  if (cost < 8) again();
  else setTimeout(again, cost * 3);
}
