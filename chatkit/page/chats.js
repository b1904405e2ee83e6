// The list of threads beside the conversation.

import { ApiError } from "./api.js";
import { dayGroup } from "./dates.js";
import { alertBox, confirmLoss, el, iconButton, moreButton } from "./dom.js";
import { say } from "./words.js";

/**
 * @typedef {object} Host
 * @property {(thread: Thread) => void} renamed
 * @property {(id: string) => void} deleted
 * @property {() => void} emptied what had the focus was the last chat
 * @property {(error: unknown) => void} failed
 */

const PAGE = 30;

export class Chats {
  /** @type {import("./api.js").Api} */
  #api;
  /** @type {Host} */
  #host;
  /** @type {Map<string, Thread>} */
  #threads = new Map(); // id -> thread, the last used first
  /** @type {string | null} */
  #current = null;
  /** @type {string | null} */
  #after = null;
  #loaded = false;
  #shown = ""; // what is drawn, as JSON
  /** @type {string | null} */
  #renaming = null;

  /**
   * `host` is told: `renamed(thread)`, `deleted(id)`, `failed(error)`, and `emptied()` when what had
   * the focus was the last chat.
   * @param {HTMLElement} root
   * @param {import("./api.js").Api} api
   * @param {Host} host
   */
  constructor(root, api, host) {
    this.#api = api;
    this.#host = host;
    this.groups = el("div", { className: "groups" });
    this.empty = el("p", { className: "empty", textContent: say("page.no_chats"), hidden: true });
    this.more = moreButton("more", say("page.show_more"), () => this.#load({ after: this.#after }));
    this.fault = el("div", {});
    root.append(this.empty, this.groups, this.more, this.fault);
  }

  /** Read the list again from its newest end, as long as it was. */
  refresh() {
    return this.#load({ limit: Math.min(100, Math.max(PAGE, this.#threads.size)) });
  }

  /**
   * Mark the thread that is open; null for a new chat.
   * @param {string | null} id
   */
  setCurrent(id) {
    this.#current = id;
    this.#draw();
  }

  /**
   * Show a thread that was made or changed here.
   * @param {Thread} thread
   */
  put(thread) {
    const known = this.#threads.has(thread.id);
    const rest = known ? this.#threads : new Map([[thread.id, thread], ...this.#threads]);
    rest.set(thread.id, { ...rest.get(thread.id), ...thread }); // an event has no time of use
    this.#threads = rest;
    this.#draw();
  }

  /**
   * Show a thread first, because a message was sent in it.
   * @param {string} id
   */
  use(id) {
    const thread = this.#threads.get(id);
    if (thread === undefined) return; // it is put when it was made
    this.#threads.delete(id);
    this.put({ ...thread, updated_at: new Date().toISOString() });
  }

  /** @param {{ after?: string | null, limit?: number }} range */
  async #load({ after = null, limit = PAGE } = {}) {
    this.fault.replaceChildren();
    try {
      const page = await this.#api.threads(limit, after);
      if (after === null) this.#threads.clear();
      for (const thread of page.data) this.#threads.set(thread.id, thread);
      this.#after = page.after ?? null;
      this.more.hidden = this.#after === null;
      this.#loaded = true;
      this.#draw();
    } catch (error) {
      if (!(error instanceof ApiError)) {
        this.#host.failed(error);
        return;
      }
      const action = { label: say("page.retry"), run: () => this.#load({ after, limit }) };
      this.fault.replaceChildren(alertBox(error.message, { action }));
    }
  }

  #draw() {
    if (this.#renaming !== null && this.groups.querySelector("input")) return; // someone is typing
    this.empty.hidden = !this.#loaded || this.#threads.size > 0 || this.#after !== null;
    /** @type {Map<string, Thread[]>} */
    const groups = new Map();
    for (const thread of this.#threads.values()) {
      const name = dayGroup(thread.updated_at ?? thread.created_at);
      groups.set(name, [...(groups.get(name) ?? []), thread]);
    }
    const lines = [...groups].map(([name, threads]) => [
      name,
      ...threads.map(({ id, title }) => [id, title]),
    ]);
    const shown = JSON.stringify([lines, this.#current, this.#renaming]);
    if (shown === this.#shown) return; // and what has the focus stays
    this.#shown = shown;
    const focused = document.activeElement?.closest("[data-thread]")?.getAttribute("data-thread");
    const sections = [...groups].map(([name, threads]) => {
      const rows = threads.map((thread) => this.#row(thread));
      return el("section", {}, el("h3", { textContent: name }), el("ul", {}, ...rows));
    });
    this.groups.replaceChildren(...sections);
    if (this.#renaming !== null) this.groups.querySelector("input")?.focus();
    else if (focused) this.#linkOf(focused)?.focus();
  }

  /**
   * @param {string} id
   * @returns {HTMLElement | null}
   */
  #linkOf(id) {
    return this.groups.querySelector(`[data-thread="${CSS.escape(id)}"] a`);
  }

  /** @param {Thread} thread */
  #row(thread) {
    if (thread.id === this.#renaming) return this.#renameRow(thread);
    const title = thread.title || say("page.untitled");
    const link = el("a", { href: `#${thread.id}`, textContent: title, title, dir: "auto" });
    if (thread.id === this.#current) link.setAttribute("aria-current", "page");
    return el(
      "li",
      { className: "chat", "data-thread": thread.id },
      link,
      iconButton("pencil", say("page.rename", { title }), () => this.#startRename(thread.id)),
      iconButton("trash", say("page.delete_named", { title }), () =>
        this.#delete(thread.id, title),
      ),
    );
  }

  /** @param {Thread} thread */
  #renameRow(thread) {
    const input = el("input", {
      type: "text",
      value: thread.title ?? "",
      maxLength: 200,
      dir: "auto",
      "aria-label": say("page.chat_title"),
    });
    /** @param {boolean} save */
    const finish = (save) => {
      if (this.#renaming !== thread.id) return; // leaving the field ends it once more
      this.#renaming = null;
      const title = input.value.trim();
      if (save && title && title !== thread.title) this.#rename(thread, title);
      this.#draw();
      this.#linkOf(thread.id)?.focus();
    };
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") finish(true);
      if (event.key === "Escape") {
        event.stopPropagation(); // it would close the drawer
        finish(false);
      }
    });
    input.addEventListener("blur", () => finish(true));
    return el("li", { className: "chat is-renaming", "data-thread": thread.id }, input);
  }

  /** @param {string} id */
  #startRename(id) {
    this.#renaming = id;
    this.#draw();
    this.groups.querySelector("input")?.select();
  }

  /**
   * @param {Thread} thread
   * @param {string} title
   */
  async #rename(thread, title) {
    this.put({ ...thread, title });
    try {
      await this.#api.chat("threads.update", { thread_id: thread.id, title });
      this.#host.renamed({ ...thread, title });
    } catch (error) {
      this.put(thread);
      this.#host.failed(error);
    }
  }

  /**
   * @param {string} id
   * @param {string} title
   */
  async #delete(id, title) {
    const text = say("page.delete_chat_text", { title });
    const agreed = await confirmLoss({
      title: say("page.delete_chat_title"),
      text,
      action: say("page.delete_action"),
    });
    if (!agreed) return;
    try {
      await this.#api.chat("threads.delete", { thread_id: id });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) {
        this.#host.failed(error);
        return;
      }
    }
    const ids = [...this.#threads.keys()];
    const place = ids.indexOf(id);
    const hadFocus = this.groups.contains(document.activeElement);
    this.#threads.delete(id);
    this.#draw();
    this.#host.deleted(id);
    if (!hadFocus) return;
    const next = ids[place + 1] ?? ids[place - 1];
    if (next === undefined) this.#host.emptied();
    else this.#linkOf(next)?.focus();
  }
}
