// Thread items as rows of the conversation. A kind that the page does not know has none.

import { AssistantRow } from "./answer.js";
import { el } from "./dom.js";
import { imageAddress } from "./files.js";
import { Row, actionsBelow } from "./rows.js";
import { QuestionsRow } from "./structured_input.js";
import { UserRow } from "./user_message.js";
import { WidgetRow } from "./widget_row.js";
import { say } from "./words.js";
import { WorkflowRow } from "./workflow.js";

/**
 * A row for `item`, or null when it is nothing to look at. `context` is what rows know of the thread.
 * @param {ThreadItem | UnsentMessage} item
 * @param {RowContext} context
 * @returns {Row | null}
 */
export function makeRow(item, context) {
  switch (item.type) {
    case "user_message":
      return new UserRow(item);
    case "assistant_message":
      return new AssistantRow(item, context);
    case "workflow":
    case "task":
      return new WorkflowRow(item);
    case "generated_image":
      return new ImageRow(item);
    case "widget":
      return new WidgetRow(item, context);
    case "structured_input":
      return new QuestionsRow(item);
    default:
      return null;
  }
}

class ImageRow extends Row {
  #actions = actionsBelow(this);

  /** @param {GeneratedImage} item */
  constructor(item) {
    super(item.type, "from-assistant", say("page.assistant"));
    /** @type {HTMLImageElement | null} */
    this.picture = null;
    this.bar = el("progress", { max: 1, "aria-label": say("page.making_image") });
    this.frame = el("div", { className: "image-frame" }, this.bar);
    this.body.append(this.frame);
    this.update(item);
    this.setLive(false);
  }

  get actions() {
    return this.#actions;
  }

  get spokenText() {
    return say("page.generated_image");
  }

  /** @param {GeneratedImage} item */
  update({ image }) {
    this.#show(image);
  }

  /** @param {GeneratedImage["image"]} image */
  #show(image) {
    const address = imageAddress(image?.url);
    if (address === null) return;
    this.picture ??= el("img", { alt: say("page.generated_image") });
    if (this.picture.src !== address) this.picture.src = address;
    if (!this.picture.isConnected) this.frame.prepend(this.picture);
  }

  /** @param {ItemUpdate} update */
  applyUpdate(update) {
    if (update.type !== "generated_image.updated") return;
    this.#show(update.image);
    const { progress } = update;
    if (typeof progress === "number") this.bar.value = Math.min(1, Math.max(0, progress));
  }

  /** @param {boolean} live */
  setLive(live) {
    this.bar.hidden = !live;
    this.frame.classList.toggle("is-live", live);
    this.node.classList.toggle("is-empty", !live && !this.picture);
  }
}
