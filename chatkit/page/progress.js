// The line under the last item that says what is going on while there is nothing else to see.

import { el } from "./dom.js";
import { widgetIcon } from "./widget_icons.js";
import { say } from "./words.js";

export class ProgressLine {
  #given = false; // the server has said what is going on

  constructor() {
    this.mark = el("span", { className: "progress-mark", "aria-hidden": "true" });
    this.dots = el("span", { className: "dots" }, el("i"), el("i"), el("i"));
    this.text = el("span", { className: "progress-text", dir: "auto" });
    this.node = el("div", { className: "progress", hidden: true }, this.mark, this.text);
  }

  /** Something is going on, nobody knows what. */
  wait() {
    this.#draw(say("page.thinking"), this.dots);
    this.#given = false;
  }

  /**
   * @param {string} text
   * @param {string | null} [iconName]
   */
  show(text, iconName = null) {
    this.#draw(text, widgetIcon(iconName) ?? this.dots);
    this.#given = true;
  }

  hide() {
    this.node.hidden = true;
  }

  /**
   * An item has come, or is `done`: what was said lasts until there is a message or a widget.
   * @param {ThreadItem} item
   * @param {{ done?: boolean }} state
   */
  seeItem(item, { done = false } = {}) {
    const { type } = item;
    const isStep = type === "workflow" || type === "task";
    if (type === "user_message" || type === "end_of_turn") return;
    if (
      item.type === "assistant_message" &&
      !done &&
      !(item.content ?? []).some(({ text }) => text)
    ) {
      return;
    }
    if (!isStep && type !== "client_tool_call") this.hide();
    else if (this.#given && !this.node.hidden) return;
    else if (done) {
      this.wait();
    } // for what comes after it
    else this.hide(); // a workflow shows by itself that it is under way
  }

  /**
   * @param {string} text
   * @param {Node} mark
   */
  #draw(text, mark) {
    this.mark.replaceChildren(mark);
    this.text.textContent = text;
    this.node.hidden = false;
  }
}
