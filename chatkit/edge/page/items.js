// Thread items as rows of the conversation. A row is
// `{type, node, update(item), applyUpdate(update)}`; a kind that the page does not know has none.

import { localTime } from "./dates.js";
import { copyText, el, icon } from "./dom.js";
import { outsideLink } from "./inline.js";
import { MarkdownView } from "./markdown.js";
import { words } from "./words.js";

/** A row for `item`, or null when it is nothing to look at. */
export function makeRow(item) {
  switch (item.type) {
    case "user_message":
      return new UserRow(item);
    case "assistant_message":
      return new AssistantRow(item);
    case "workflow":
    case "task":
      return new WorkflowRow(item);
    case "generated_image":
      return new ImageRow(item);
    case "widget":
      return new WidgetRow(item);
    default:
      return null;
  }
}

// ---- Drawing no more often than the screen does ------------------------------------------------------

const waiting = new Set();
let scheduled = false;

/** Draw `row` with the next frame; after slow frames less often, so that the page stays responsive. */
function drawSoon(row) {
  waiting.add(row);
  if (!scheduled) {
    scheduled = true;
    requestAnimationFrame(drawAll);
  }
}

function drawAll() {
  const started = performance.now();
  for (const row of waiting) row.draw();
  waiting.clear();
  const cost = performance.now() - started;
  const again = () => {
    scheduled = false;
    for (const row of waiting) drawSoon(row);
  };
  if (cost < 8) again();
  else setTimeout(again, cost * 3);
}

// ---- Kinds of rows --------------------------------------------------------------------------------

class Row {
  constructor(type, className, label) {
    this.type = type;
    this.body = el("div", { className: "body" });
    const attributes = { className: "message", "aria-label": label };
    this.article = el("article", attributes, this.body);
    this.node = el("li", { className: `item ${className}` }, this.article);
  }

  /** Rows that change only as a whole ignore updates of their parts. */
  applyUpdate() {}
}

class UserRow extends Row {
  constructor(item) {
    super(item.type, "from-user", words.you);
    this.time = el("time", {});
    this.article.append(this.time);
    this.update(item);
  }

  update(item) {
    this.body.replaceChildren();
    if (item.quoted_text) {
      this.body.append(el("blockquote", { textContent: item.quoted_text, dir: "auto" }));
    }
    const text = el("p", { dir: "auto" });
    for (const part of item.content ?? []) {
      if (part.type === "input_tag") text.append(el("span", { className: "tag", textContent: part.text }));
      else if (typeof part.text === "string") text.append(part.text);
    }
    if (text.hasChildNodes()) this.body.append(text);
    for (const { name } of item.attachments ?? []) {
      this.body.append(el("span", { className: "attachment", textContent: name }));
    }
    const { short, full } = localTime(item.created_at);
    Object.assign(this.time, { textContent: short, title: full, dateTime: item.created_at });
  }
}

class AssistantRow extends Row {
  #parts = []; // {text, annotations, view}

  constructor(item) {
    super(item.type, "from-assistant", words.assistant);
    this.text = el("div", { className: "markdown" });
    this.sources = el("ul", { className: "sources", "aria-label": words.sources });
    const copy = el(
      "button",
      {
        type: "button",
        className: "copy",
        title: words.copyAnswer,
        on: { click: () => copyText(this.plainText, copy) },
      },
      icon("copy"),
      el("span", { className: "button-label", textContent: words.copy }),
    );
    this.actions = el("div", { className: "actions" }, copy);
    this.body.append(this.text, this.sources);
    this.article.append(this.actions);
    this.update(item);
  }

  get plainText() {
    return this.#parts.map((part) => part.text).join("\n\n");
  }

  /** What a screen reader is to say, without the marks of Markdown. */
  get spokenText() {
    return this.text.innerText;
  }

  update(item) {
    const content = item.content ?? [];
    for (const gone of this.#parts.splice(content.length)) gone.node.remove();
    content.forEach((part, index) => this.#setPart(index, part));
    this.draw();
  }

  applyUpdate(update) {
    const index = update.content_index;
    if (!Number.isInteger(index) || index < 0 || index > 1000) return;
    switch (update.type) {
      case "assistant_message.content_part.added":
      case "assistant_message.content_part.done":
        this.#setPart(index, update.content);
        break;
      case "assistant_message.content_part.text_delta":
        this.#part(index).text += update.delta;
        break;
      case "assistant_message.content_part.annotation_added":
        this.#part(index).annotations[update.annotation_index] = update.annotation;
        break;
      default:
        return;
    }
    drawSoon(this);
  }

  draw() {
    for (const part of this.#parts) {
      if (part.drawn !== part.text) part.view.update(part.text);
      part.drawn = part.text;
    }
    this.node.classList.toggle("is-empty", this.plainText.trim() === "");
    this.#drawSources();
  }

  /** The part at `index`; parts before it that were never announced are empty. */
  #part(index) {
    while (this.#parts.length <= index) {
      const node = el("div");
      this.text.append(node);
      this.#parts.push({ text: "", drawn: "", annotations: [], node, view: new MarkdownView(node) });
    }
    return this.#parts[index];
  }

  #setPart(index, { text = "", annotations = [] }) {
    Object.assign(this.#part(index), { text, annotations: [...annotations] });
  }

  #drawSources() {
    const seen = new Map();
    for (const { annotations } of this.#parts) {
      for (const { source } of annotations.filter(Boolean)) {
        const title = source?.title || source?.filename || source?.url;
        if (title) seen.set(source.url ?? title, { title, url: source.url });
      }
    }
    if (seen.size === this.sources.childElementCount) return;
    const entries = [...seen.values()].map(({ title, url }) => {
      const link = url ? outsideLink(url) : null;
      link?.append(title);
      return el("li", { dir: "auto" }, link ?? title);
    });
    this.sources.replaceChildren(...entries);
  }
}

class WorkflowRow extends Row {
  constructor(item) {
    super(item.type, "from-workflow", words.steps);
    this.update(item);
  }

  update(item) {
    const workflow = item.workflow ?? { tasks: [item.task], expanded: true };
    this.workflow = { ...workflow, tasks: [...(workflow.tasks ?? [])] };
    this.#draw();
  }

  applyUpdate({ type, task_index: index, task }) {
    if (type !== "workflow.task.added" && type !== "workflow.task.updated") return;
    if (!Number.isInteger(index) || index < 0 || index > this.workflow.tasks.length) return;
    this.workflow.tasks[index] = task;
    this.#draw();
  }

  #draw() {
    const { tasks, summary, expanded } = this.workflow;
    const steps = el("ol", { className: "steps" }, ...tasks.map(stepNode));
    const title = summary?.title ?? (summary?.duration ? words.workedFor(summary.duration) : null);
    if (title === null) {
      this.body.replaceChildren(steps);
      return;
    }
    const open = this.body.querySelector("details")?.open ?? expanded === true;
    this.body.replaceChildren(el("details", { open }, el("summary", { textContent: title }), steps));
  }
}

function stepNode(task) {
  const state = task?.status_indicator ?? "none";
  const sources = (task?.sources ?? []).map(({ title, filename }) => title ?? filename);
  const details = [task?.content, ...(task?.queries ?? []), ...sources].filter(Boolean);
  return el(
    "li",
    { className: `step step-${state === "loading" ? "loading" : "still"}`, dir: "auto" },
    state === "complete" ? icon("check") : el("span", { className: "step-mark" }),
    el(
      "div",
      {},
      el("span", { textContent: task?.title ?? task?.title_query ?? "" }),
      ...details.map((text) => el("p", { textContent: text })),
    ),
  );
}

class ImageRow extends Row {
  constructor(item) {
    super(item.type, "from-assistant", words.assistant);
    this.update(item);
  }

  update({ image }) {
    if (typeof image?.url !== "string" || !/^(https:|data:image\/|\/)/i.test(image.url)) return;
    this.body.replaceChildren(el("img", { src: image.url, alt: words.generatedImage }));
  }

  applyUpdate(update) {
    this.update(update);
  }
}

/** Widgets are shown as the text that they hold: enough to follow a conversation that has one. */
class WidgetRow extends Row {
  constructor(item) {
    super(item.type, "from-widget", words.assistant);
    this.view = new MarkdownView(this.body);
    this.body.classList.add("markdown");
    this.update(item);
  }

  update(item) {
    this.widget = item.widget;
    this.copyText = item.copy_text;
    this.draw();
  }

  applyUpdate(update) {
    if (update.type === "widget.root.updated") this.widget = update.widget;
    else if (update.type === "widget.component.updated") {
      Object.assign(findNode(this.widget, update.component_id) ?? {}, update.component);
    } else if (update.type === "widget.streaming_text.value_delta") {
      const node = findNode(this.widget, update.component_id);
      if (node) node.value = (node.value ?? "") + update.delta;
    }
    drawSoon(this);
  }

  draw() {
    const texts = nodesOf(this.widget).map((node) => node.value ?? node.label);
    const shown = texts.filter((text) => typeof text === "string" && text !== "");
    this.view.update(this.copyText ?? shown.join("\n\n"));
  }
}

function nodesOf(node, depth = 0) {
  if (node === null || typeof node !== "object" || depth > 30) return [];
  const children = Array.isArray(node.children) ? node.children : [node.children];
  return [node, ...children.flatMap((child) => nodesOf(child, depth + 1))];
}

const findNode = (root, id) => nodesOf(root).find((node) => node.id === id);
