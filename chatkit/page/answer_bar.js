// What can be said about a finished answer: whether it was good, and to try again.

import { el, icon } from "./dom.js";
import { words } from "./words.js";

/** @typedef {"positive" | "negative"} Opinion */

/** @type {Opinion[]} */
const OPINIONS = ["positive", "negative"];

export class AnswerBar {
  /** @type {Opinion | null} */
  #kind = null;

  /**
   * `onFeedback(kind)` sends the opinion and rejects when it did not arrive.
   * @param {{ onFeedback: (kind: Opinion) => Promise<unknown>, onRetry: () => unknown }} handlers
   */
  constructor({ onFeedback, onRetry }) {
    this.buttons = OPINIONS.map((kind) => {
      const button = small(kind === "positive" ? "thumb-up" : "thumb-down", words.feedback[kind]);
      button.addEventListener("click", () => this.#give(kind, onFeedback));
      return button;
    });
    this.retry = small("retry", words.answerAgain);
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
