// Which rows make up one answer; the last of them has the buttons about it.

import { AnswerBar } from "./answer_bar.js";

/** @typedef {import("./answer_bar.js").Opinion} Opinion */
/** @typedef {import("./rows.js").Row} Row */

/**
 * @typedef {object} Host
 * @property {(ids: string[], kind: Opinion) => Promise<unknown>} feedback sends an opinion about items
 * @property {() => unknown} retry asks for another answer
 */

export class AnswerBars {
  /** @type {Map<Row, { bar: AnswerBar, ids: string[] }>} */
  #bars = new Map(); // the row that has it -> {bar, ids}
  /** @type {Host} */
  #host;

  /**
   * `host.feedback(ids, kind)` sends an opinion about items, `host.retry()` asks for another answer.
   * @param {Host} host
   */
  constructor(host) {
    this.#host = host;
  }

  /**
   * Put the bars where they belong among `rows`, a map of item ids to rows. `busy` while an answer comes
   * about, `sending` while the message that it answers is not among them yet.
   * @param {Map<string, Row | null>} rows
   * @param {{ busy: boolean, sending: boolean }} state
   */
  arrange(rows, { busy, sending }) {
    const turns = turnsOf(rows);
    if (sending) turns.push({ ids: [], asked: true });
    /** @type {Map<Row, { ids: string[], canRetry: boolean }>} */
    const wanted = new Map();
    turns.forEach(({ ids, asked }, place) => {
      const isLast = place === turns.length - 1;
      const row = ids.map((id) => rows.get(id)).findLast((one) => one?.actions && !isBlank(one));
      if (row && !(isLast && busy)) wanted.set(row, { ids, canRetry: isLast && asked });
    });
    for (const [row, { bar }] of this.#bars) {
      if (wanted.has(row)) continue;
      bar.node.remove();
      this.#bars.delete(row);
    }
    for (const [row, { ids, canRetry }] of wanted) {
      const entry = this.#bars.get(row) ?? this.#make(row, ids);
      entry.ids = ids;
      entry.bar.canRetry = canRetry;
    }
  }

  /**
   * @param {Row} row
   * @param {string[]} ids
   */
  #make(row, ids) {
    const bar = new AnswerBar({
      onFeedback: (kind) => this.#host.feedback(entry.ids, kind),
      onRetry: () => this.#host.retry(),
    });
    const entry = { bar, ids };
    row.actions?.append(bar.node);
    this.#bars.set(row, entry);
    return entry;
  }
}

/** @param {Row} row */
const isBlank = ({ node }) => node.classList.contains("is-empty");

/**
 * The answers, as `{ids, asked}`: what follows a message, and whether that message is there.
 * @param {Map<string, Row | null>} rows
 * @returns {{ ids: string[], asked: boolean }[]}
 */
function turnsOf(rows) {
  let turn = { ids: /** @type {string[]} */ ([]), asked: false };
  const turns = [turn];
  for (const [id, row] of rows) {
    if (row?.type === "user_message") turns.push((turn = { ids: [], asked: true }));
    else turn.ids.push(id);
  }
  return turns;
}
