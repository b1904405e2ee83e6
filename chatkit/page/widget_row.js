// A widget as a row of the conversation: the widget itself, its copy button, and what was refused.

import { ApiError } from "./api.js";
import { SignInNeeded } from "./auth.js";
import { alertBox, copyText, el, icon } from "./dom.js";
import { Row, actionsBelow } from "./rows.js";
import { WidgetView } from "./widgets.js";
import { say } from "./words.js";

export class WidgetRow extends Row {
  #actions = actionsBelow(this);

  /**
   * `context.act(itemId, action, options)` sends an action, and rejects when the server refuses it.
   * @param {WidgetItem} item
   * @param {RowContext} context
   */
  constructor(item, context) {
    super(item.type, "from-widget", say("page.assistant"));
    this.alerts = el("div", {});
    this.body.after(this.alerts);
    this.id = item.id;
    this.copyText = "";
    /**
     * @param {WidgetAction} action
     * @param {ActionOptions} options
     */
    const act = (action, options) => {
      this.alerts.replaceChildren();
      return context.act(this.id, action, options);
    };
    /** @param {unknown} error */
    const refused = (error) => {
      if (error instanceof SignInNeeded) return; // the page asks to sign in by itself
      if (!(error instanceof ApiError)) console.error(error); // a fault of the page's own
      const message = error instanceof ApiError ? error.message : say("page.server");
      this.alerts.replaceChildren(alertBox(message, { dismissible: true }));
    };
    this.view = new WidgetView(this.body, { act, refused, showsImage: context.showsImage });
    /** @type {HTMLButtonElement} */
    this.copy = el(
      "button",
      {
        type: "button",
        className: "copy",
        title: say("page.copy_answer"),
        on: { click: () => copyText(this.copyText, this.copy) },
      },
      icon("copy"),
      el("span", { className: "button-label", textContent: say("page.copy") }),
    );
    this.#actions.append(this.copy);
    this.update(item);
  }

  get actions() {
    return this.#actions;
  }

  get plainText() {
    return this.copyText || this.body.innerText;
  }

  get spokenText() {
    return this.plainText;
  }

  /** @param {WidgetItem} item */
  update(item) {
    this.id = item.id;
    this.copyText = typeof item.copy_text === "string" ? item.copy_text : "";
    this.copy.hidden = this.copyText === "";
    this.view.update(item.widget);
  }

  /** @param {ItemUpdate} update */
  applyUpdate(update) {
    this.view.applyUpdate(update);
  }

  redraw() {
    this.view.redraw();
  }
}
