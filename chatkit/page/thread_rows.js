// The rows of a thread: its items by id, in the order of the screen.

import { el } from "./dom.js";
import { makeRow } from "./items.js";

/** @typedef {import("./rows.js").Row} Row */

export class ThreadRows {
  /** @type {Map<string, Row | null>} */
  #rows = new Map(); // item id -> row, or null for an item that is nothing to look at
  /** @type {Map<string, ThreadItem>} */
  #items = new Map(); // item id -> what its row was last given
  /** @type {Row | null} */
  #sent = null; // the row of a message that the server has not confirmed
  /** @type {RowContext} */
  #context;

  /**
   * `context` is what rows know of the thread.
   * @param {RowContext} context
   */
  constructor(context) {
    this.#context = context;
    this.list = el("ol", { className: "items" });
  }

  get isEmpty() {
    return this.#rows.size === 0 && this.#sent === null;
  }

  /** Whether a message is on its way. */
  get isSending() {
    return this.#sent !== null;
  }

  /** A map of item ids to rows. */
  get all() {
    return this.#rows;
  }

  get firstId() {
    return this.#rows.keys().next().value;
  }

  get last() {
    return [...this.#rows.values()].findLast((row) => row !== null);
  }

  /** @param {string} id */
  get(id) {
    return this.#rows.get(id);
  }

  /** @param {string} id */
  has(id) {
    return this.#rows.has(id);
  }

  /**
   * Show a message that is on its way; the first one of the server's takes its row.
   * @param {UnsentMessage} message
   */
  send(message) {
    this.#sent = makeRow(message, this.#context);
    if (this.#sent) this.list.append(this.#sent.node);
  }

  /** Take back the message that is on its way, if there is one. Returns whether there was. */
  takeBack() {
    const was = this.isSending;
    this.#sent?.node.remove();
    this.#sent = null;
    return was;
  }

  /** @param {ThreadItem} item */
  put(item) {
    this.#items.set(item.id, item);
    const row = this.#rows.get(item.id);
    if (row && row.type === item.type) {
      row.update(item);
    } else if (item.type === "user_message" && this.#sent !== null) {
      this.#sent.update(item);
      this.#rows.set(item.id, this.#sent);
      this.#sent = null;
    } else {
      const made = makeRow(item, this.#context);
      if (row) row.node.replaceWith(...(made ? [made.node] : []));
      else if (made) this.list.append(made.node);
      this.#rows.set(item.id, made);
    }
  }

  /** @param {string} id */
  remove(id) {
    this.#rows.get(id)?.node.remove();
    this.#rows.delete(id);
    this.#items.delete(id);
  }

  /** Take away what answers the last message. Returns its id; null where there is no message. */
  cutAnswer() {
    const ids = [...this.#rows.keys()];
    const place = ids.findLastIndex((id) => this.#rows.get(id)?.type === "user_message");
    if (place < 0) return null;
    for (const id of ids.slice(place + 1)) this.remove(id);
    return ids[place];
  }

  /**
   * Put older items before all others.
   * @param {ThreadItem[]} items
   */
  prepend(items) {
    const older = items.filter(({ id }) => !this.#rows.has(id));
    const ids = [...older.map(({ id }) => id), ...this.#rows.keys()];
    for (const item of older) this.put(item);
    this.#order(ids);
  }

  /**
   * Make the end of the thread equal to `items`, the newest ones as stored, oldest first. Rows whose
   * item is the same are not touched. Returns whether older rows stay before them.
   * @param {ThreadItem[]} items
   */
  merge(items) {
    const stored = new Set(items.map(({ id }) => id));
    const ids = [...this.#rows.keys()];
    // Without any in common there would be a gap between the older ones and these.
    const older = ids.slice(
      0,
      Math.max(
        0,
        ids.findIndex((id) => stored.has(id)),
      ),
    );
    for (const id of ids.slice(older.length)) if (!stored.has(id)) this.remove(id);
    for (const item of items) if (!isSame(item, this.#items.get(item.id))) this.put(item);
    this.#order([...older, ...stored]);
    return older.length > 0;
  }

  /** What the thread says about its images has changed. */
  redraw() {
    for (const row of this.#rows.values()) row?.redraw();
  }

  /**
   * Bring all rows into the order of `ids`; those in their place are not touched.
   * @param {string[]} ids
   */
  #order(ids) {
    this.#rows = new Map(ids.map((id) => [id, this.#rows.get(id) ?? null]));
    let place = this.list.firstElementChild;
    for (const row of this.#rows.values()) {
      if (row === null) continue;
      if (row.node === place) place = place.nextElementSibling;
      else this.list.insertBefore(row.node, place);
    }
  }
}

/**
 * @param {ThreadItem} item
 * @param {ThreadItem | undefined} other
 */
const isSame = (item, other) => JSON.stringify(item) === JSON.stringify(other);
