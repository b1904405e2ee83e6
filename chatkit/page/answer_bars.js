// Which rows make up one answer; the last of them has the buttons about it.

import { el, icon } from "./dom.js";
import { say } from "./words.js";

/** @typedef {"positive" | "negative"} Opinion */
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

// ---- The buttons -----------------------------------------------------------------------------------

/** @type {{ kind: Opinion, code: string, mark: string }[]} */
const OPINIONS = [
  { kind: "positive", code: "page.feedback_positive", mark: "thumb-up" },
  { kind: "negative", code: "page.feedback_negative", mark: "thumb-down" },
];

/** What can be said about a finished answer: whether it was good, and to try again. */
class AnswerBar {
  /** @type {Opinion | null} */
  #kind = null;

  /**
   * `onFeedback(kind)` sends the opinion and rejects when it did not arrive.
   * @param {{ onFeedback: (kind: Opinion) => Promise<unknown>, onRetry: () => unknown }} handlers
   */
  constructor({ onFeedback, onRetry }) {
    this.buttons = OPINIONS.map(({ kind, code, mark }) => {
      const button = small(mark, say(code));
      button.addEventListener("click", () => this.#give(kind, onFeedback));
      return button;
    });
    this.retry = small("retry", say("page.answer_again"));
    this.retry.addEventListener("click", onRetry);
    this.node = el("span", { className: "answer-bar" }, ...this.buttons, this.retry);
    this.#show(null);
  }

  /**
   * Only the last answer can be given again.
   * @param {boolean} can
   */
  set canRetry(can) {
    this.retry.hidden = !can;
  }

  /**
   * @param {Opinion} kind
   * @param {(kind: Opinion) => Promise<unknown>} send
   */
  async #give(kind, send) {
    const before = this.#kind;
    this.#show(kind); // at once; the last click counts
    try {
      await send(kind);
    } catch {
      if (this.#kind === kind) this.#show(before);
    }
  }

  /** @param {Opinion | null} kind */
  #show(kind) {
    this.#kind = kind;
    this.buttons[0].setAttribute("aria-pressed", String(kind === "positive"));
    this.buttons[1].setAttribute("aria-pressed", String(kind === "negative"));
  }
}

/**
 * @param {string} name
 * @param {string} label
 */
const small = (name, label) =>
  el(
    "button",
    { type: "button", className: "small-button", "aria-label": label, title: label },
    icon(name),
  );
