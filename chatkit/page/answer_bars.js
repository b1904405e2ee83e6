// Which rows make up one answer; the last of them has the buttons about it.

import { AnswerBar } from "./answer_bar.js";

export class AnswerBars {
  #bars = new Map(); // the row that has it -> {bar, ids}
  #host;

  /** `host.feedback(ids, kind)` sends an opinion about items, `host.retry()` asks for another answer. */
  constructor(host) {
    this.#host = host;
  }

  /**
   * Put the bars where they belong among `rows`, a map of item ids to rows. `busy` while an answer comes
   * about, `sending` while the message that it answers is not among them yet.
   */
  arrange(rows, { busy, sending }) {
    const turns = turnsOf(rows);
    if (sending) turns.push({ ids: [], asked: true });
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
      const entry = this.#bars.get(row) ?? this.#make(row);
      entry.ids = ids;
      entry.bar.canRetry = canRetry;
    }
  }

  #make(row) {
    const entry = { ids: [] };
    entry.bar = new AnswerBar({
      onFeedback: (kind) => this.#host.feedback(entry.ids, kind),
      onRetry: () => this.#host.retry(),
    });
    row.actions.append(entry.bar.node);
    this.#bars.set(row, entry);
    return entry;
  }
}

const isBlank = ({ node }) => node.classList.contains("is-empty");

/** The answers, as `{ids, asked}`: what follows a message, and whether that message is there. */
function turnsOf(rows) {
  const turns = [{ ids: [], asked: false }];
  for (const [id, row] of rows) {
    if (row?.type === "user_message") turns.push({ ids: [], asked: true });
    else turns.at(-1).ids.push(id);
  }
  return turns;
}
