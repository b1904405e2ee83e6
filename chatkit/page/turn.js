// One answer on its way: what its events do to the thread, and whether it came to its end.

import { ApiError } from "./api.js";
import { say } from "./words.js";

/**
 * What the events change.
 *
 * @typedef {object} TurnThread
 * @property {import("./thread_rows.js").ThreadRows} rows
 * @property {import("./progress.js").ProgressLine} progress
 * @property {import("./notices.js").Notices} notices
 * @property {(thread: Thread, isNew: boolean) => void} setThread
 * @property {(item: ThreadItem) => void} put
 * @property {(can: boolean) => void} allowCancel
 * @property {(name: string, data?: Record<string, unknown>) => void} effect
 * @property {(code: string, message: string, canRetry: boolean) => void} failed
 */

export class Turn {
  begun = false; // there is something to see
  failed = false;
  heard = false; // an event has come
  answered = false; // an item of the assistant's is whole
  /** @type {Set<string>} */
  #unfinished = new Set(); // ids of items that are still to be whole
  /** @type {TurnThread} */
  #thread;

  /**
   * `thread` is what the events change: `{rows, progress, notices}` and `setThread(thread, isNew)`,
   * `put(item)`, `allowCancel(can)`, `effect(name, data)`, `failed(code, message, canRetry)`.
   * @param {TurnThread} thread
   */
  constructor(thread) {
    this.#thread = thread;
  }

  /**
   * Apply an event. One that is malformed is passed over: the rest may be fine.
   * @param {ThreadEvent} event
   */
  receive(event) {
    this.heard = true;
    try {
      this.#apply(event);
    } catch (error) {
      console.warn("An event was passed over:", event?.type, error);
    }
  }

  /**
   * The stream is over. Throws an ApiError when that was too early; an answer may not be `needed`.
   * @param {{ needed: boolean }} wanted
   */
  end({ needed }) {
    if (!this.begun || this.failed) return;
    // A proxy may make a clean end of a broken connection.
    if (this.#unfinished.size > 0) throw new ApiError(0, "cut", say("page.cut"));
    if (needed && !this.answered) throw new ApiError(0, "empty", say("page.no_reply"));
  }

  /** Nothing more comes: what is not whole stays as it is. */
  close() {
    for (const id of this.#unfinished) this.#thread.rows.get(id)?.setLive(false);
  }

  /** @param {ThreadEvent} event */
  #apply(event) {
    const { rows, progress, notices } = this.#thread;
    switch (event.type) {
      case "thread.created":
      case "thread.updated": {
        const { items: _, ...thread } = event.thread; // that page is always empty here
        this.#thread.setThread(thread, event.type === "thread.created");
        break;
      }
      case "thread.item.added":
        this.#unfinished.add(event.item.id);
        this.#thread.put(event.item);
        rows.get(event.item.id)?.setLive(true);
        progress.seeItem(event.item);
        break;
      case "thread.item.done":
      case "thread.item.replaced":
        this.#unfinished.delete(event.item.id);
        this.answered ||= event.item.type !== "user_message";
        this.#thread.put(event.item);
        rows.get(event.item.id)?.setLive(false);
        progress.seeItem(event.item, { done: true });
        break;
      case "thread.item.updated":
        rows.get(event.item_id)?.applyUpdate(event.update);
        if (event.update.type?.endsWith("text_delta")) progress.hide();
        break;
      case "thread.item.removed":
        this.#unfinished.delete(event.item_id);
        rows.remove(event.item_id);
        break;
      case "stream_options":
        this.#thread.allowCancel(event.stream_options.allow_cancel !== false);
        break;
      case "progress_update":
        progress.show(event.text, event.icon);
        break;
      case "client_effect":
        this.#thread.effect(event.name, event.data);
        break;
      case "notice":
        notices.add(event);
        break;
      case "error":
        this.failed = true;
        this.#thread.failed(
          event.code,
          event.message || say("page.stream_error"),
          event.allow_retry === true,
        );
        break;
      default: // a newer server may send more
    }
  }
}
