// The dialog in which a person takes chats and tasks along, brings some in, or deletes everything.

import { ApiError } from "./api.js";
import { around, confirmLoss, el, find, icon } from "./dom.js";
import { say } from "./words.js";

/**
 * @typedef {object} Host
 * @property {() => Thread | null} openThread the thread on the screen
 * @property {() => Promise<unknown>} imported resolves when what came is shown
 * @property {() => void} erased the page is new because everything was deleted
 * @property {(error: unknown) => void} failed
 */

const ERASED = "chatkit.erased"; // a channel between tabs, and in sessionStorage what the new page is to say
const SAVING_MS = 40_000; // the person may be asked where to save, and the file is read after that

export class YourData {
  /** @type {import("./api.js").Api} */
  #api;
  /** @type {Host} */
  #host;
  /** @type {Thread | null} */
  #thread = null; // what "this chat" is
  #busy = false;
  #erasures = new BroadcastChannel(ERASED);

  /**
   * `host` has `openThread()`, the thread on the screen or null, and is told: `imported()`, which
   * resolves when what came is shown, and what cannot be said in the dialog: `erased()` when the page
   * is new because everything was deleted, `failed(error)`.
   * @param {HTMLDialogElement} dialog
   * @param {HTMLElement} opener
   * @param {import("./api.js").Api} api
   * @param {Host} host
   */
  constructor(dialog, opener, api, host) {
    this.#api = api;
    this.#host = host;
    this.dialog = dialog;
    this.chat = find(dialog, "#this-chat", HTMLElement);
    this.picker = find(dialog, "[type=file]", HTMLInputElement);
    this.said = find(dialog, "[role=status]", HTMLElement);
    opener.addEventListener("click", () => this.#open());
    dialog.addEventListener("close", () => this.#busy || this.#say());
    dialog.addEventListener("click", (event) => {
      const button = around(event, "button");
      if (button instanceof HTMLButtonElement) this.#press(button);
    });
    this.picker.addEventListener("change", () => this.#import());
    this.#erasures.addEventListener(
      "message",
      ({ data }) => data === api.account.commonId && startOver(),
    );
    if (sessionStorage.getItem(ERASED) !== null) host.erased();
    sessionStorage.removeItem(ERASED);
  }

  #open() {
    this.#thread = this.#host.openThread();
    this.chat.hidden = this.#thread === null;
    find(this.chat, "p", HTMLElement).textContent = this.#thread?.title || say("page.untitled");
    this.dialog.showModal();
  }

  /** @param {HTMLButtonElement} button */
  #press(button) {
    if (button.value === "close") this.dialog.close();
    if (this.#busy) return;
    /** @type {Record<string, () => unknown>} */
    const actions = {
      "all-json": () => this.#download(button, "json"),
      "all-markdown": () => this.#download(button, "markdown"),
      "chat-markdown": () => this.#download(button, "markdown", this.#thread?.id),
      import: () => this.picker.click(),
      erase: () => this.#erase(button),
    };
    actions[button.value]?.();
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {"json" | "markdown"} format
   * @param {string | null} threadId
   */
  #download(button, format, threadId = null) {
    return this.#run(button, say("page.preparing"), async () => {
      const { name, content } = await this.#api.exportData(format, threadId);
      const address = URL.createObjectURL(content);
      el("a", { href: address, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(address), SAVING_MS);
      return say("page.downloaded", { name });
    });
  }

  #import() {
    const file = this.picker.files?.item(0);
    if (!file) return;
    this.picker.value = ""; // the same file may be chosen again
    return this.#run(
      find(this.dialog, "[value=import]", HTMLButtonElement),
      say("page.importing", { name: file.name }),
      async () => {
        const result = await this.#api.importData(file);
        await this.#host.imported();
        return importedText(result);
      },
    );
  }

  /** @param {HTMLButtonElement} button */
  async #erase(button) {
    const agreed = await confirmLoss({
      title: say("page.erase_title"),
      text: say("page.erase_text"),
      action: say("page.erase_confirm"),
    });
    if (!agreed) return;
    this.#run(button, say("page.erasing"), async () => {
      await this.#api.eraseData();
      this.#forget();
      return say("page.erased");
    });
  }

  /** Nothing is left on the server: nothing stays here either. */
  #forget() {
    const { commonId } = this.#api.account;
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith("chatkit.")) localStorage.removeItem(key);
    }
    if (commonId !== null) this.#erasures.postMessage(commonId);
    startOver();
  }

  /**
   * Do one thing at a time. `work()` gives the sentence that tells of its end.
   * @param {HTMLButtonElement} button
   * @param {string} beginning
   * @param {() => Promise<string>} work
   */
  async #run(button, beginning, work) {
    this.#setBusy(true);
    button.setAttribute("aria-busy", "true");
    this.#say(
      el("span", { className: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
      beginning,
    );
    try {
      this.#say(icon("check"), await work());
    } catch (error) {
      this.#fail(error);
    }
    button.removeAttribute("aria-busy");
    this.#setBusy(false);
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#busy = busy;
    // Not `disabled`, which would take the focus away.
    for (const button of this.dialog.querySelectorAll(".button")) {
      button.setAttribute("aria-disabled", String(busy));
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    if (error instanceof ApiError && this.dialog.open) {
      const message = error.status === 413 ? say("page.import_too_large") : error.message;
      this.#say(icon("alert"), message, "is-fault");
    } else {
      this.#say();
      this.dialog.close();
      this.#host.failed(error);
    }
  }

  /**
   * @param {Node | null} mark
   * @param {string} sentence
   * @param {string} className
   */
  #say(mark = null, sentence = "", className = "") {
    this.said.replaceChildren();
    if (mark === null) return;
    this.said.append(el("p", { className }, mark, el("span", { textContent: sentence })));
    this.said.scrollIntoView({ block: "nearest" });
  }
}

/**
 * What an import has come to, in one sentence.
 * @param {ImportCounts} counts
 */
export function importedText({ threads, tasks }) {
  const added = chatsAndTasks(threads.added, tasks.added);
  const count = threads.unchanged + tasks.unchanged;
  if (added !== "" && count > 0) return say("page.import_added_rest", { added, count });
  if (added !== "") return say("page.import_added", { added });
  if (count === 0) return say("page.import_empty");
  return say("page.import_known", {
    known: chatsAndTasks(threads.unchanged, tasks.unchanged),
    count,
  });
}

/**
 * How many of both there are; empty for none of either.
 * @param {number} threadCount
 * @param {number} taskCount
 */
function chatsAndTasks(threadCount, taskCount) {
  const chats = threadCount > 0 ? say("page.chat_count", { count: threadCount }) : "";
  const tasks = taskCount > 0 ? say("page.task_count", { count: taskCount }) : "";
  return chats && tasks ? say("page.chats_and_tasks", { chats, tasks }) : chats + tasks;
}

/** Begin as somebody does who has just come. */
function startOver() {
  sessionStorage.setItem(ERASED, "1");
  history.replaceState(null, "", location.pathname + location.search);
  location.reload();
}
