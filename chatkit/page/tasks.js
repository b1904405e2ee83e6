// The task list beside the conversation.

import { ApiError } from "./api.js";
import { dueLabel } from "./dates.js";
import { alertBox, confirmLoss, el, find, icon, iconButton, moreButton, reconcile } from "./dom.js";
import { UndoOffer } from "./undo.js";
import { say } from "./words.js";

const PAGE = 50;
const PRIORITIES = {
  high: "page.priority_high",
  low: "page.priority_low", // medium goes without saying
};
const RECURRENCES = {
  daily: "page.recurrence_daily",
  weekly: "page.recurrence_weekly",
  monthly: "page.recurrence_monthly",
};
const CATEGORIES = {
  work: "page.category_work",
  personal: "page.category_personal",
  study: "page.category_study",
  health: "page.category_health",
  finance: "page.category_finance",
};

export class Tasks {
  /** @type {import("./api.js").Api} */
  #api;
  /** @type {{ failed: (error: unknown) => void }} */
  #host;
  #status = "pending";
  /** @type {Task[]} */
  #tasks = [];
  #total = 0;
  #loaded = false;
  /** @type {Map<string, import("./dom.js").ListRow<Task>>} */
  #rows = new Map();
  #reading = 0; // counts reads, so that a slow one does not overwrite a later one

  /**
   * `host.failed(error)` is told of what is no ApiError.
   * @param {HTMLElement} pane
   * @param {import("./api.js").Api} api
   * @param {{ failed: (error: unknown) => void }} host
   */
  constructor(pane, api, host) {
    this.#api = api;
    this.#host = host;
    this.heading = find(pane, "h2", HTMLElement);
    this.heading.tabIndex = -1;
    this.count = el("p", { className: "count" });
    this.list = el("ul", { className: "tasks", "aria-labelledby": this.heading.id });
    this.empty = el("p", { className: "empty", hidden: true });
    this.fault = el("div", {});
    this.undo = new UndoOffer(api, {
      undone: () => {
        this.heading.focus(); // the button is gone
        return this.refresh();
      },
      failed: (error) => this.#host.failed(error),
    });
    this.more = moreButton("more", say("page.show_more"), () =>
      this.#read({ after: this.#tasks.at(-1)?.id }),
    );
    find(pane, "#tasks", HTMLElement).append(
      this.fault,
      this.undo.node,
      this.count,
      this.empty,
      this.list,
      this.more,
    );
    this.#wireFilter(find(pane, "#task-filter", HTMLElement));
    this.#wireForm(find(pane, "#add-task", HTMLFormElement));
  }

  /** Read the list again, as long as it was. */
  refresh() {
    return this.#read({ limit: Math.min(100, Math.max(PAGE, this.#tasks.length)) });
  }

  /** @param {HTMLElement} group */
  #wireFilter(group) {
    group.addEventListener("click", ({ target }) => {
      const isButton = target instanceof HTMLButtonElement;
      if (!isButton || target.value === this.#status) return;
      this.#status = target.value;
      for (const button of group.querySelectorAll("button")) {
        button.setAttribute("aria-pressed", String(button.value === this.#status));
      }
      this.#read();
    });
  }

  /** @param {HTMLFormElement} form */
  #wireForm(form) {
    const input = find(form, "input", HTMLInputElement);
    const button = find(form, "button", HTMLButtonElement);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const title = input.value.trim();
      if (title === "" || button.disabled) return;
      button.disabled = true;
      const added = await this.#change(() => this.#api.addTask(title));
      button.disabled = false;
      if (added && input.value.trim() === title) input.value = "";
    });
  }

  /** @param {{ after?: string | null, limit?: number }} range */
  async #read({ after = null, limit = PAGE } = {}) {
    this.#reading += 1;
    const mine = this.#reading;
    try {
      const page = await this.#api.listTasks({ status: this.#status, after, limit });
      if (mine !== this.#reading) return;
      this.#tasks = after === null ? page.tasks : [...this.#tasks, ...page.tasks];
      this.#total = page.total;
      this.#loaded = true;
      this.fault.replaceChildren();
      this.#draw();
    } catch (error) {
      if (mine === this.#reading) this.#fail(error, () => this.#read({ after, limit }));
    }
  }

  /**
   * Make a change and show the list after it. Returns whether the server made it.
   * @param {() => Promise<unknown>} make
   * @returns {Promise<boolean>}
   */
  async #change(make) {
    try {
      await make();
    } catch (error) {
      this.#fail(error, () => this.#change(make));
      this.#draw(); // takes back what the person already saw
      return false;
    }
    await this.refresh();
    return true;
  }

  /**
   * @param {unknown} error
   * @param {() => unknown} retry
   */
  #fail(error, retry) {
    if (!(error instanceof ApiError)) {
      this.#host.failed(error);
      return;
    }
    const action = { label: say("page.retry"), run: retry };
    this.fault.replaceChildren(alertBox(error.message, { action }));
  }

  #draw() {
    const focused = [...this.#rows.values()].findIndex(({ node }) =>
      node.contains(document.activeElement),
    );
    reconcile(this.list, this.#rows, this.#tasks, {
      key: ({ id }) => id,
      build: (task) => this.#row(task),
    });
    if (focused >= 0 && !this.list.contains(document.activeElement)) {
      const next = this.list.children[Math.min(focused, this.list.childElementCount - 1)];
      (next?.querySelector("input") ?? this.heading).focus();
    }
    const pending = this.#status === "pending";
    const count = this.#total;
    const counted = pending
      ? say("page.open_task_count", { count })
      : say("page.task_count", { count });
    this.count.textContent = count > 0 ? counted : "";
    this.empty.hidden = !this.#loaded || this.#tasks.length > 0;
    this.empty.textContent = pending ? say("page.nothing_pending") : say("page.no_tasks");
    this.more.hidden = this.#tasks.length >= this.#total || this.#tasks.length === 0;
  }

  /** @param {Task} first */
  #row(first) {
    let task = first;
    const box = el("input", {
      type: "checkbox",
      on: {
        change: () => {
          node.classList.toggle("is-completed", box.checked);
          const { id } = task;
          const completed = box.checked;
          this.#change(() => this.#api.completeTask(id, completed));
        },
      },
    });
    const title = el("span", { className: "task-title", dir: "auto" });
    const description = el("span", { className: "task-description", dir: "auto" });
    const facts = el("span", { className: "facts" });
    const remove = iconButton("trash", "", () => this.#delete(task));
    const label = el("label", {}, box, el("span", {}, title, description, facts));
    const node = el("li", { className: "task" }, label, remove);
    /** @param {Task} changed */
    const update = (changed) => {
      task = changed;
      box.checked = task.completed;
      box.setAttribute("aria-label", say("page.complete_task", { title: task.title }));
      node.classList.toggle("is-completed", task.completed);
      title.textContent = task.title;
      description.textContent = task.description ?? "";
      facts.replaceChildren(...factsOf(task));
      for (const name of ["aria-label", "title"]) {
        remove.setAttribute(name, say("page.delete_named", { title: task.title }));
      }
    };
    update(first);
    return { node, update };
  }

  /** @param {Task} task */
  async #delete({ id, title }) {
    const agreed = await confirmLoss({
      title: say("page.delete_task_title"),
      text: say("page.delete_task_text", { title }),
      action: say("page.delete_action"),
    });
    if (agreed && (await this.#change(() => this.#api.deleteTask(id)))) {
      this.undo.offer(id, { deleted: true });
    }
  }
}

/**
 * @param {Record<string, string>} names
 * @param {string | null | undefined} name
 */
const wordOf = (names, name) => (name && Object.hasOwn(names, name) ? say(names[name]) : null);

/** @param {Task} task */
function factsOf(task) {
  /** @type {HTMLElement[]} */
  const facts = [];
  /**
   * @param {string} className
   * @param {string} text
   * @param {Node | null} [mark]
   */
  const add = (className, text, mark = null) =>
    facts.push(el("span", { className: `fact ${className}`, dir: "auto" }, mark, text));
  if (task.due_date) {
    const { text, overdue } = dueLabel(task.due_date, task.completed);
    add(overdue ? "fact-overdue" : "fact-due", text, icon("clock"));
  }
  const priority = wordOf(PRIORITIES, task.priority);
  if (priority) add(`fact-${task.priority}`, priority);
  const recurrence = wordOf(RECURRENCES, task.recurrence);
  if (recurrence) add("fact-recurrence", recurrence);
  const category = wordOf(CATEGORIES, task.category);
  if (category) add("fact-category", category);
  for (const tag of task.tags ?? []) add("fact-tag", `#${tag}`);
  return facts;
}
