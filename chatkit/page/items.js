// Thread items as rows of the conversation. A kind that the page does not know has none.

import { AssistantRow } from "./answer.js";
import { el } from "./dom.js";
import { imageAddress } from "./files.js";
import { Row, actionsBelow } from "./rows.js";
import { QuestionsRow } from "./structured_input.js";
import { UserRow } from "./user_message.js";
import { WidgetRow } from "./widget_row.js";
import { words } from "./words.js";
import { WorkflowRow } from "./workflow.js";

/** A row for `item`, or null when it is nothing to look at. `context` is what rows know of the thread. */
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

  constructor(item) {
    super(item.type, "from-assistant", words.assistant);
    this.bar = el("progress", { max: 1, "aria-label": words.makingImage });
    this.frame = el("div", { className: "image-frame" }, this.bar);
    this.body.append(this.frame);
    this.update(item);
    this.setLive(false);
  }

  get actions() {
    return this.#actions;
  }

  get spokenText() {
    return words.generatedImage;
  }

  update({ image }) {
    const address = imageAddress(image?.url);
    if (address === null) return;
    this.picture ??= el("img", { alt: words.generatedImage });
    if (this.picture.src !== address) this.picture.src = address;
    if (!this.picture.isConnected) this.frame.prepend(this.picture);
  }

  applyUpdate({ type, image, progress }) {
    if (type !== "generated_image.updated") return;
    this.update({ image });
    if (Number.isFinite(progress)) this.bar.value = Math.min(1, Math.max(0, progress));
  }

  setLive(live) {
    this.bar.hidden = !live;
    this.frame.classList.toggle("is-live", live);
    this.node.classList.toggle("is-empty", !live && !this.picture);
  }
}
