// The message box: it grows with its text, Enter sends, and Send becomes Stop while an answer runs.
// What else goes into a message (files, mentions, a quote, a choice of model) is kept by its parts.

import { Choices } from "./choices.js";
import { Dictation } from "./dictation.js";
import { find, iconButton } from "./dom.js";
import { Mentions } from "./mentions.js";
import { Tags } from "./tags.js";
import { Uploads } from "./uploads.js";
import { say } from "./words.js";

/**
 * What is being written.
 *
 * @typedef {object} Draft
 * @property {string} text
 * @property {Tag[]} tags
 * @property {string} quote
 * @property {import("./uploads.js").Upload[]} files
 */

/**
 * @typedef {object} ComposerParts
 * @property {import("./api.js").Api} api
 * @property {(message: Message) => void} onSend
 * @property {() => void} onStop
 * @property {(message: string) => void} onFault dictation has failed
 */

export class Composer {
  #choices = new Choices(document.createElement("div"), { models: [], tools: [] });

  /**
   * `onSend(message)` is given `{content, attachments, quote, options, draft}`; `onStop()` and
   * `onFault(message)` are called when the person asks for it, and when dictation fails.
   * @param {HTMLFormElement} form
   * @param {ComposerParts} parts
   */
  constructor(form, { api, onSend, onStop, onFault }) {
    this.form = form;
    this.onSend = onSend;
    this.onFault = onFault;
    this.api = api;
    this.input = find(form, "textarea", HTMLTextAreaElement);
    this.send = find(form, "#send", HTMLButtonElement);
    this.stop = find(form, "#stop", HTMLButtonElement);
    this.quoteBox = find(form, "#quote", HTMLElement);
    this.quoted = find(this.quoteBox, "p", HTMLElement);
    this.attach = find(form, "#attach", HTMLButtonElement);
    /** @type {Dictation | null} */
    this.dictation = null;
    this.blocked = false;
    this.quoteBox.append(iconButton("close", say("page.remove_quote"), () => this.#removeQuote()));
    this.uploads = new Uploads(find(form, "#chips", HTMLElement), api, () => this.#fit());
    this.tags = new Tags(this.input, find(form, "#mirror", HTMLElement));
    const list = find(document, "#mentions", HTMLElement);
    this.mentions = new Mentions(this.input, list, this.tags, (text) => api.entities(text));
    this.#wireFiles();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("keydown", (event) => this.#takeKey(event));
    this.input.addEventListener("input", () => this.#fit());
    window.addEventListener("resize", () => this.#fit());
    this.stop.addEventListener("click", () => {
      onStop();
      this.focus();
    });
    this.setState({});
  }

  /**
   * What is being written: `{text, tags, quote, files}`.
   * @returns {Draft}
   */
  get draft() {
    const { entries } = this.uploads;
    return { text: this.input.value, tags: this.tags.all, quote: this.quote, files: entries };
  }

  set draft({ text, tags, quote, files }) {
    this.tags.set(text, tags);
    this.mentions.close();
    this.quote = quote;
    this.uploads.set(files);
    this.#fit();
  }

  get quote() {
    return this.quoteBox.hidden ? "" : this.quoted.textContent;
  }

  set quote(text) {
    this.quoted.textContent = text;
    this.quoteBox.hidden = text === "";
  }

  /** @returns {void} */
  focus() {
    this.input.focus();
  }

  /**
   * Show what this server offers, as the answer to `api/chatkit/options` says it.
   * @param {Options} options
   */
  applyOptions({ composer: { models = [], tools = [], attachments, dictation } = {} }) {
    this.#choices = new Choices(find(this.form, "#choices", HTMLElement), { models, tools });
    this.uploads.allow(attachments?.enabled ? attachments : null);
    this.attach.hidden = !this.uploads.areAllowed;
    const speaks = dictation?.enabled === true && Dictation.isPossible;
    const button = find(this.form, "#dictate", HTMLButtonElement);
    button.hidden = !speaks;
    if (speaks) {
      /** @param {string} text */
      const onText = (text) => this.insert(text);
      this.dictation ??= new Dictation(button, this.api, { onText, onFault: this.onFault });
    }
    const tall = speaks || this.uploads.areAllowed || !this.#choices.isEmpty;
    this.form.classList.toggle("has-tools", tall);
    this.#fit();
  }

  /**
   * Put `text` where the caret is, with space around it.
   * @param {string} text
   */
  insert(text) {
    const { value, selectionStart: start, selectionEnd: end } = this.input;
    const before = start > 0 && !/\s$/.test(value.slice(0, start)) ? " " : "";
    const after = end < value.length && !/^\s/.test(value.slice(end)) ? " " : "";
    this.input.setRangeText(`${before}${text}${after}`, start, end, "end");
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
    this.focus();
  }

  /** Send what is written, if that is possible now. */
  submit() {
    if (this.#isUnsendable) return;
    const { draft } = this;
    const message = {
      content: this.tags.content(),
      attachments: this.uploads.ready,
      quote: this.quote || null,
      options: this.#choices.take(),
      draft: { ...draft, files: draft.files.filter(({ state }) => state === "ready") },
    };
    this.draft = emptyDraft();
    this.onSend(message);
  }

  /**
   * `status` is a ThreadStatus: a locked thread takes no message.
   * @param {{ busy?: boolean, allowCancel?: boolean, status?: ThreadStatus }} state
   */
  setState({ busy = false, allowCancel = true, status = { type: "active" } }) {
    const shut = status.type === "locked" || status.type === "closed";
    this.blocked = busy || shut;
    this.input.disabled = shut;
    this.input.placeholder = shut
      ? status.reason || (status.type === "closed" ? say("page.closed") : say("page.locked"))
      : say("page.message_placeholder");
    const stoppable = busy && allowCancel;
    const hadFocus = document.activeElement === this.stop || document.activeElement === this.send;
    this.stop.hidden = !stoppable;
    this.send.hidden = stoppable;
    if (hadFocus) this.focus(); // the button under the focus may be gone
    this.#fit();
  }

  get #isUnsendable() {
    const empty = this.input.value.trim() === "" && this.uploads.ready.length === 0;
    return this.blocked || empty || this.uploads.isBusy;
  }

  /** @param {KeyboardEvent} event */
  #takeKey(event) {
    // keyCode 229: Safari ends a composition before it tells of the Enter that chose the word.
    if (event.isComposing || event.keyCode === 229) return;
    if (this.mentions.takeKey(event)) {
      event.preventDefault();
      event.stopPropagation(); // Escape closes the list, not the pane around it
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    }
  }

  #wireFiles() {
    const picker = find(this.form, "#files", HTMLInputElement);
    this.attach.addEventListener("click", () => picker.click());
    picker.addEventListener("change", () => {
      this.uploads.add(picker.files ?? []);
      picker.value = ""; // the same file may be chosen again
      this.focus();
    });
  }

  #removeQuote() {
    this.quote = "";
    this.focus();
  }

  #fit() {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight}px`; // CSS sets the limit
    this.send.disabled = this.#isUnsendable;
    this.send.title = this.uploads.isBusy ? say("page.wait_for_files") : say("page.send");
  }
}

/**
 * What is written in `first`, then what is in `second`.
 * @param {Draft} first
 * @param {Draft} second
 * @returns {Draft}
 */
export function joinDrafts(first, second) {
  if (isEmpty(second)) return first;
  const gap = first.text !== "" && second.text !== "" ? "\n" : "";
  const shift = first.text.length + gap.length;
  const moved = second.tags.map((tag) => ({
    ...tag,
    start: tag.start + shift,
    end: tag.end + shift,
  }));
  return {
    text: first.text + gap + second.text,
    tags: [...first.tags, ...moved],
    quote: second.quote || first.quote,
    files: [...first.files, ...second.files],
  };
}

/** @param {Draft} draft */
const isEmpty = ({ text, quote, files }) =>
  text.trim() === "" && quote === "" && files.length === 0;

/** @returns {Draft} */
export const emptyDraft = () => ({ text: "", tags: [], quote: "", files: [] });
