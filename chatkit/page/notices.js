// What stands below a thread: remarks of the server, and the last thing that went wrong.

import { alertBox, el } from "./dom.js";
import { MarkdownView } from "./markdown.js";

export class Notices {
  #remarks = el("div", {});
  #alerts = el("div", {});
  #isPassing = false;

  constructor() {
    this.node = el("div", {}, this.#remarks, this.#alerts);
  }

  get isEmpty() {
    return !this.#remarks.hasChildNodes() && !this.hasAlert;
  }

  /**
   * Show an alert in place of the last; `passing` until the connection is back.
   * @param {string} message
   * @param {AlertOptions & { passing?: boolean }} options
   */
  alert(message, { passing = false, ...options }) {
    this.#isPassing = passing;
    this.#alerts.replaceChildren(alertBox(message, options));
  }

  get hasAlert() {
    return this.#alerts.hasChildNodes();
  }

  clearPassing() {
    if (this.#isPassing) this.clearAlert();
  }

  clearAlert() {
    this.#alerts.replaceChildren();
  }

  /**
   * Add a remark of the server's, in Markdown, that stays until it is dismissed.
   * @param {NoticeEvent} notice
   */
  add({ level, message, title }) {
    const text = el("div", { className: "markdown" });
    new MarkdownView(text).update(message);
    const known = ["info", "warning", "danger"].includes(level) ? level : "info";
    this.#remarks.append(alertBox(text, { level: known, title, dismissible: true }));
  }

  /**
   * Add a remark of the page's own.
   * @param {string} sentence
   */
  say(sentence) {
    this.#remarks.append(alertBox(sentence, { level: "info", dismissible: true }));
  }

  clearRemarks() {
    this.#remarks.replaceChildren();
  }
}
