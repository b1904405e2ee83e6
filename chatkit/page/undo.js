// The offer to take back what was just done to tasks, for ten seconds.

import { ApiError } from "./api.js";
import { alertBox, el } from "./dom.js";
import { say } from "./words.js";

const OFFERED_MS = 10_000;

export class UndoOffer {
  node = el("div", {});
  /** @type {import("./api.js").Api} */
  #api;
  /** @type {{ undone: () => unknown, failed: (error: unknown) => void }} */
  #host;
  /** @type {Map<string, boolean>} */
  #tasks = new Map(); // by id, whether the task was deleted
  #timer = 0;

  /**
   * `host.undone()` is called when tasks were restored, `host.failed(error)` with what is no
   * ApiError.
   * @param {import("./api.js").Api} api
   * @param {{ undone: () => unknown, failed: (error: unknown) => void }} host
   */
  constructor(api, host) {
    this.#api = api;
    this.#host = host;
  }

  /**
   * Offer to restore a task, together with those that are offered just now.
   * @param {string} id
   * @param {{ deleted: boolean }} how
   */
  offer(id, { deleted }) {
    this.#tasks.set(id, deleted);
    const count = this.#tasks.size;
    const all = [...this.#tasks.values()];
    const sentence = all.every(Boolean)
      ? say("page.tasks_deleted", { count })
      : say("page.tasks_changed", { count });
    const action = { label: say("page.undo"), run: () => this.#undo() };
    this.node.replaceChildren(alertBox(sentence, { level: "info", action }));
    this.#wait();
  }

  /** Take the offer back. */
  clear() {
    clearTimeout(this.#timer);
    this.#tasks.clear();
    this.node.replaceChildren();
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Whoever is about to press it may do so.
      if (this.node.matches(":hover, :focus-within")) this.#wait();
      else this.clear();
    }, OFFERED_MS);
  }

  async #undo() {
    const ids = [...this.#tasks.keys()].reverse();
    this.clear();
    try {
      for (const id of ids) await this.#api.restoreTask(id);
    } catch (error) {
      if (error instanceof ApiError) this.node.replaceChildren(alertBox(error.message));
      else this.#host.failed(error);
    }
    await this.#host.undone();
  }
}
