// What the assistant did on the way to its answer: a workflow that grows step by step, or one task item.

import { el, icon } from "./dom.js";
import { outsideLink } from "./inline.js";
import { MarkdownView } from "./markdown.js";
import { Row } from "./rows.js";
import { widgetIcon } from "./widget_icons.js";
import { say } from "./words.js";

const MOST_STEPS = 500;
const TASK_KINDS = new Map([
  ["web_search", "page.step_kind_web_search"],
  ["thought", "page.step_kind_thought"],
  ["file", "page.step_kind_file"],
  ["image", "page.step_kind_image"],
  ["custom", "page.step_kind_custom"],
]);

export class WorkflowRow extends Row {
  /** @type {Workflow & { tasks: WorkflowTask[] }} */
  #workflow = { tasks: [] };
  /** @type {Step[]} */
  #steps = [];
  #live = false;
  #chosen = false; // the person has opened or closed it

  /** @param {WorkflowItem | TaskItem} item */
  constructor(item) {
    super(item.type, "from-workflow", say("page.steps"));
    this.list = el("ol", { className: "steps" });
    this.title = el("span", { className: "workflow-title", dir: "auto" });
    this.summary = el("summary", { on: { click: () => (this.#chosen = true) } }, this.title);
    this.details = el("details", {}, this.summary, this.list);
    this.update(item);
  }

  /** @param {WorkflowItem | TaskItem} item */
  update(item) {
    const workflow = item.type === "workflow" ? item.workflow : { tasks: [item.task] };
    this.#workflow = { ...workflow, tasks: [...(workflow.tasks ?? [])] };
    this.body.replaceChildren(item.type === "workflow" ? this.details : this.list);
    this.#draw();
  }

  /** @param {ItemUpdate} update */
  applyUpdate(update) {
    if (update.type !== "workflow.task.added" && update.type !== "workflow.task.updated") return;
    const { task_index: index, task } = update;
    const { tasks } = this.#workflow;
    if (!Number.isInteger(index) || index < 0 || index > Math.min(tasks.length, MOST_STEPS)) return;
    tasks[index] = task;
    this.#draw();
  }

  /** @param {boolean} live */
  setLive(live) {
    this.#live = live;
    this.#draw();
  }

  #draw() {
    const { type, tasks, summary, expanded } = this.#workflow;
    for (const { node } of this.#steps.splice(tasks.length)) node.remove();
    tasks.forEach((task, index) => {
      if (this.#steps[index] === undefined) {
        this.#steps[index] = new Step();
        this.list.append(this.#steps[index].node);
      }
      this.#steps[index].update(task ?? {}, this.#live);
    });
    const reasoning = type === "reasoning";
    this.title.textContent = this.#live
      ? reasoning
        ? say("page.thinking")
        : say("page.working")
      : titleOf(summary, reasoning);
    this.summary.querySelector(".icon")?.remove();
    if (!this.#live && summary?.icon) this.summary.prepend(widgetIcon(summary.icon) ?? "");
    this.details.classList.toggle("is-live", this.#live);
    // Without anything in it there is nothing to open.
    this.details.classList.toggle("is-bare", tasks.length === 0);
    if (!this.#chosen) this.details.open = this.#live || expanded === true;
    this.node.classList.toggle("is-empty", tasks.length === 0 && !this.#live);
  }
}

/**
 * @param {WorkflowSummary | null | undefined} summary
 * @param {boolean} reasoning
 */
function titleOf(summary, reasoning) {
  if (typeof summary?.title === "string") return summary.title;
  // Less than a second is not worth a word.
  const duration = summary?.duration ?? 0;
  if (!(Math.round(duration) >= 1)) return reasoning ? say("page.thoughts") : say("page.steps");
  const time = durationText(duration);
  return reasoning ? say("page.thought_for", { time }) : say("page.worked_for", { time });
}

/** @param {number} duration in seconds */
function durationText(duration) {
  const whole = Math.round(duration);
  const [minutes, seconds] = [Math.floor(whole / 60), whole % 60];
  if (minutes === 0) return say("page.seconds", { seconds });
  return seconds === 0
    ? say("page.minutes", { minutes })
    : say("page.minutes_and_seconds", { minutes, seconds });
}

/** @param {Partial<WorkflowTask>} task */
function nameOf({ type = "" }) {
  const code = TASK_KINDS.get(type);
  return code ? say(code) : "";
}

/** One task of a workflow. A thought folds; what it holds is Markdown. */
class Step {
  #chosen = false;

  constructor() {
    this.mark = el("span", { className: "step-mark" });
    this.state = el("span", { className: "visually-hidden" });
    this.title = el("span", { className: "step-title", dir: "auto" });
    this.text = el("div", { className: "markdown step-text" });
    this.view = new MarkdownView(this.text);
    this.facts = el("ul", { className: "step-facts" });
    this.summary = el("summary", { on: { click: () => (this.#chosen = true) } });
    this.fold = el("details", {}, this.summary);
    this.content = el("div", { className: "step-body" });
    this.node = el("li", { className: "step" }, this.mark, this.content);
  }

  /**
   * @param {Partial<WorkflowTask>} task
   * @param {boolean} live
   */
  update(task, live) {
    const title = task.title ?? task.title_query ?? nameOf(task);
    const loading = task.status_indicator === "loading" && live;
    const complete = task.status_indicator === "complete";
    this.node.classList.toggle("step-loading", loading);
    const mark = complete ? icon("check") : loading ? null : widgetIcon(task.icon);
    this.mark.replaceChildren(...(mark ? [mark] : []));
    this.state.textContent = loading
      ? say("page.step_loading")
      : complete
        ? say("page.step_complete")
        : "";
    this.title.textContent = title;
    this.view.update(typeof task.content === "string" ? task.content : "");
    this.facts.replaceChildren(...factsOf(task));
    if (task.type === "thought" && task.title) {
      if (!this.#chosen) this.fold.open = loading || !complete;
      this.#place(this.summary, this.title, this.state);
      this.#place(this.fold, this.summary, this.text);
      this.#place(this.content, this.fold);
    } else if (task.type === "thought") {
      this.#place(this.content, this.state, this.text);
    } else {
      this.#place(this.content, this.title, this.state, this.text, this.facts);
    }
  }

  /**
   * Give `parent` these children, without touching those that it has already: focus stays.
   * @param {HTMLElement} parent
   * @param {...HTMLElement} children
   */
  #place(parent, ...children) {
    const same =
      parent.childNodes.length === children.length &&
      children.every((child, i) => parent.childNodes[i] === child);
    if (!same) parent.replaceChildren(...children);
  }
}

/** @param {Partial<WorkflowTask>} task */
function factsOf({ queries, sources }) {
  const asked = (Array.isArray(queries) ? queries : [])
    .filter((text) => typeof text === "string")
    .map((text) =>
      el(
        "li",
        { className: "step-query", dir: "auto" },
        icon("search"),
        el("span", { textContent: text }),
      ),
    );
  const found = (Array.isArray(sources) ? sources : []).map((source) => {
    const link = typeof source?.url === "string" ? outsideLink(source.url) : null;
    const shown = link ?? el("span", {});
    shown.append(source?.title || source?.filename || source?.url || "");
    return el("li", { className: "step-source", dir: "auto" }, link ? null : icon("file"), shown);
  });
  return [...asked, ...found];
}
