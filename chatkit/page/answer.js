// A message of the assistant: Markdown that grows, its sources, and what can be done with it.

import { copyText, el, icon } from "./dom.js";
import { MarkdownView } from "./markdown.js";
import { Row, drawSoon } from "./rows.js";
import { Sources, showSource } from "./sources.js";
import { say } from "./words.js";

const MOST_PARTS = 1000;

export class AssistantRow extends Row {
  /** @type {{ text: string, annotations: Annotation[], node: HTMLElement, view: MarkdownView }[]} */
  #parts = []; // {text, annotations, node, view}
  /** @type {RowContext} */
  #context;
  #actions;

  /**
   * `context.showsImage(address)` tells whether an image of the answer may load.
   * @param {AssistantMessage} item
   * @param {RowContext} context
   */
  constructor(item, context) {
    super(item.type, "from-assistant", say("page.assistant"));
    this.#context = context;
    this.drawnSources = "";
    this.text = el("div", { className: "markdown" });
    this.sources = el("ol", { className: "sources", "aria-label": say("page.sources") });
    /** @type {HTMLButtonElement} */
    const copy = el(
      "button",
      {
        type: "button",
        className: "copy",
        title: say("page.copy_answer"),
        on: { click: () => copyText(this.plainText, copy) },
      },
      icon("copy"),
      el("span", { className: "button-label", textContent: say("page.copy") }),
    );
    this.#actions = el("div", { className: "actions" }, copy);
    this.text.addEventListener("click", (event) => showSource(event, this.sources));
    this.body.append(this.text, this.sources);
    this.article.append(this.#actions);
    this.update(item);
  }

  get actions() {
    return this.#actions;
  }

  get plainText() {
    return this.#parts.map((part) => part.text).join("\n\n");
  }

  /** What a screen reader is to say, without the marks of Markdown and of sources. */
  get spokenText() {
    this.text.classList.add("is-spoken");
    const text = this.text.innerText;
    this.text.classList.remove("is-spoken");
    return text;
  }

  /** @param {AssistantMessage} item */
  update(item) {
    const content = item.content ?? [];
    for (const gone of this.#parts.splice(content.length)) gone.node.remove();
    content.forEach((part, index) => this.#setPart(index, part));
    this.draw();
  }

  /** @param {ItemUpdate} update */
  applyUpdate(update) {
    if (!("content_index" in update)) return;
    const index = update.content_index;
    if (!Number.isInteger(index) || index < 0 || index > MOST_PARTS) return;
    switch (update.type) {
      case "assistant_message.content_part.added":
      case "assistant_message.content_part.done":
        this.#setPart(index, update.content);
        break;
      case "assistant_message.content_part.text_delta":
        this.#part(index).text += update.delta;
        break;
      case "assistant_message.content_part.annotation_added":
        if (!Number.isInteger(update.annotation_index) || update.annotation_index > MOST_PARTS) {
          return;
        }
        this.#part(index).annotations[update.annotation_index] = update.annotation;
        break;
      default:
        return;
    }
    drawSoon(this);
  }

  redraw() {
    for (const { view } of this.#parts) view.forget();
    this.draw();
  }

  draw() {
    const sources = new Sources(this.#parts.map(({ annotations }) => [...annotations]));
    this.#parts.forEach(({ view, text }, place) => view.update(text, sources.marks(place)));
    this.node.classList.toggle("is-empty", this.plainText.trim() === "");
    if (sources.key === this.drawnSources) return;
    this.drawnSources = sources.key;
    this.sources.replaceChildren(...sources.entries());
  }

  /**
   * The part at `index`; parts before it that were never announced are empty.
   * @param {number} index
   */
  #part(index) {
    while (this.#parts.length <= index) {
      const node = el("div");
      this.text.append(node);
      const view = new MarkdownView(node, this.#context);
      this.#parts.push({ text: "", annotations: [], node, view });
    }
    return this.#parts[index];
  }

  /**
   * @param {number} index
   * @param {AnswerPart} part
   */
  #setPart(index, { text = "", annotations = [] }) {
    Object.assign(this.#part(index), { text, annotations: [...annotations] });
  }
}
