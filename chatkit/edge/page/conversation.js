// One thread in the page: its rows, and the turn that is running in it.
//
// A conversation outlives its place on the screen: a person may look at another thread while an answer
// goes on here. It is read again from the server only when nothing runs.

import { sendAction } from "./actions.js";
import { ApiError } from "./api.js";
import { SignInNeeded } from "./auth.js";
import { runClientTool } from "./client_tools.js";
import { emptyDraft } from "./composer.js";
import { alertBox, copyText, el } from "./dom.js";
import { makeRow } from "./items.js";
import { MarkdownView } from "./markdown.js";
import { ProgressLine } from "./progress.js";
import { AnswerBars } from "./turns.js";
import { words } from "./words.js";

const PAGE = 40;
const MOST_CALLS = 10; // of tools of this page, for one message

export class Conversation {
  thread = null; // null until the first message has made it
  draft = emptyDraft(); // what the composer holds while another conversation is shown
  busy = false;
  loading = false; // a stored thread is on its way
  allowCancel = true;
  onLoaded = () => {};

  #api;
  #host;
  #rows = new Map(); // item id -> row, in the order of the screen
  #sent = null; // the row of a message that the server has not confirmed
  #call = null; // the call of a tool of this page with which the thread ends
  #calls = 0; // how many were answered for this message
  #imageHosts = []; // from which images of the answers may load
  #abort = null;
  #stopping = false; // until the server has stored what was stopped

  /**
   * `host` is told of what happens: `changed(conversation)`, `threadChanged(conversation, isNew)`,
   * `effect(name)`, `answered(text)`, `movedDown(pixels)`, `notSent(conversation, draft)`,
   * `signIn(reason)`; `resend()` sends what is in the composer. `onLoaded()` is called once the
   * rows of a thread that is being loaded are there.
   */
  constructor(api, host) {
    this.#api = api;
    this.#host = host;
    this.earlier = el("button", {
      type: "button",
      className: "button earlier",
      textContent: words.showEarlier,
      hidden: true,
      on: { click: () => this.#showEarlier() },
    });
    this.list = el("ol", { className: "items" });
    this.progress = new ProgressLine();
    this.notices = el("div", {});
    this.alerts = el("div", {});
    this.bars = new AnswerBars({
      feedback: (ids, kind) => this.#giveFeedback(ids, kind),
      retry: () => this.retry(),
    });
    this.context = {
      showsImage: (address) => this.#showsImage(address),
      act: (itemId, action, { streaming }) => this.#act({ itemId, action, streaming }),
    };
    this.element = el(
      "div",
      { className: "thread", on: { click: copyCode } },
      this.earlier,
      this.list,
      this.progress.node,
      this.notices,
      this.alerts,
    );
  }

  get isEmpty() {
    return this.#rows.size === 0 && this.#sent === null && !this.alerts.hasChildNodes() && !this.notices.hasChildNodes();
  }

  /** The row of the questions that are to be answered now, or null. */
  get questions() {
    const row = this.busy ? null : this.#lastRow();
    return row?.type === "structured_input" && row.isPending ? row : null;
  }

  /** Whether it must be kept as it is rather than read again. */
  get mustStay() {
    return this.busy || this.#stopping;
  }

  // ---- Reading -----------------------------------------------------------------------------------

  /** Show a stored thread, and go on with an answer that is being written in it. */
  async load(threadId) {
    const { items, ...thread } = await this.#api.chat("threads.get_by_id", { thread_id: threadId });
    this.#setThread(thread);
    // That page is the oldest one. A longer thread is shown from its newest end.
    const page = items.has_more ? await this.#newest() : { items: items.data, more: false };
    this.#merge(page.items);
    this.earlier.hidden = !page.more;
    this.#host.threadChanged(this, false);
    this.loading = false;
    this.onLoaded();
    this.#follow()
      .then(() => this.#answerCall())
      .then(() => this.#offerAnswer());
  }

  async #newest(after = null) {
    const params = { thread_id: this.thread.id, order: "desc", limit: PAGE };
    const page = await this.#api.chat("items.list", after === null ? params : { ...params, after });
    return { items: page.data.reverse(), more: page.has_more };
  }

  async #showEarlier() {
    this.earlier.disabled = true;
    try {
      const { items, more } = await this.#newest(this.#rows.keys().next().value);
      this.#prepend(items);
      this.earlier.hidden = !more;
    } catch (error) {
      this.#fail(error, { retry: () => this.#showEarlier() });
    } finally {
      this.earlier.disabled = false;
    }
  }

  #prepend(items) {
    const first = this.list.firstElementChild;
    const top = first?.getBoundingClientRect().top ?? 0;
    const rows = new Map();
    for (const item of items.filter(({ id }) => !this.#rows.has(id))) {
      const row = makeRow(item, this.context);
      if (row) this.list.insertBefore(row.node, first);
      rows.set(item.id, row);
    }
    for (const [id, row] of this.#rows) rows.set(id, row);
    this.#rows = rows;
    this.#arrange();
    if (first) this.#host.movedDown(first.getBoundingClientRect().top - top);
  }

  /** Make the end of the thread equal to `items`, the newest ones as stored, oldest first. */
  #merge(items) {
    const stored = new Set(items.map((item) => item.id));
    let within = false;
    for (const id of [...this.#rows.keys()]) {
      within ||= stored.has(id);
      if (within && !stored.has(id)) this.#remove(id);
    }
    for (const item of items) this.#put(item);
    this.#arrange();
  }

  /** A stored message without an answer, as after a crash, can be answered now. */
  #offerAnswer() {
    if (this.busy || this.#lastRow()?.type !== "user_message") return;
    this.#alert(words.noAnswer, { level: "info", action: this.#retryAction() });
  }

  // ---- Turns -------------------------------------------------------------------------------------

  /**
   * Send a message, `{content, attachments, quote, options, draft}`. Its draft is handed back through
   * `host.notSent` when the server did not take it.
   */
  async send({ content, attachments, quote, options, draft }) {
    const ids = attachments.map(({ id }) => id);
    const input = { content, attachments: ids, quoted_text: quote, inference_options: options };
    const item = { type: "user_message", content, attachments, quoted_text: quote };
    this.#sent = makeRow({ ...item, created_at: new Date().toISOString() }, this.context);
    this.list.append(this.#sent.node);
    this.#calls = 0;
    this.notices.replaceChildren();
    const turn = this.thread
      ? this.#ask("threads.add_user_message", { thread_id: this.thread.id, input })
      : this.#ask("threads.create", { input });
    await turn;
    if (this.#sent === null) return;
    this.#sent.node.remove();
    this.#sent = null;
    this.#host.notSent(this, draft);
  }

  /** Answer the questions of the assistant: `input` is `{status, answers}`. */
  async answerQuestions({ id }, input) {
    if (this.busy) return;
    const params = { thread_id: this.thread.id, item_id: id, input };
    await this.#ask("threads.add_structured_input", params);
  }

  /** Run the tool of this page that the assistant waits for, and go on with what came of it. */
  async #answerCall() {
    const call = this.#call;
    if (call === null || this.busy) return;
    this.#call = null;
    this.#calls += 1;
    if (this.#calls > MOST_CALLS) {
      this.#alert(words.tooManyCalls, { action: this.#retryAction() });
      return;
    }
    this.#setBusy(true); // no message gets in between
    const { result, said } = await runClientTool(call);
    if (said) this.notices.append(alertBox(said, { level: "info", dismissible: true }));
    await this.#ask("threads.add_client_tool_output", { thread_id: this.thread.id, result });
  }

  /** Do what was pressed in a widget. Throws an error with a sentence when the server refused it. */
  #act(pressed) {
    const { busy } = this;
    const run = async (type, params) => {
      let refusal = null;
      const refuse = (error) => (refusal = error);
      if (await this.#run((signal) => this.#api.stream(type, params, signal), { refuse })) await this.#answerCall();
      return refusal;
    };
    const put = (item) => this.#put(item);
    const changed = () => this.#host.effect("tasks/changed"); // such an answer has no events
    const sent = sendAction(this.#api, { id: this.thread.id, busy, run, put, changed }, pressed);
    return sent.catch((error) => {
      if (error instanceof SignInNeeded) this.#host.signIn(error.reason);
      throw error;
    });
  }

  #giveFeedback(ids, kind) {
    const params = { thread_id: this.thread.id, item_ids: ids, kind };
    return this.#api.chat("items.feedback", params).catch((error) => {
      this.#fail(error, { retry: null });
      throw error;
    });
  }

  /** Answer the last message again. */
  async retry() {
    const ids = [...this.#rows.keys()];
    const place = ids.findLastIndex((id) => this.#rows.get(id)?.type === "user_message");
    if (place < 0 || this.busy) return;
    for (const id of ids.slice(place + 1)) this.#remove(id);
    this.#calls = 0;
    this.notices.replaceChildren();
    const params = { thread_id: this.thread.id, item_id: ids[place] };
    const answered = await this.#ask("threads.retry_after_item", params);
    // The server puts the former answer back when there is no new one.
    if (!answered && !this.mustStay) await this.#readAgain();
  }

  async #readAgain() {
    const page = await this.#newest().catch(() => null);
    if (page !== null) this.#merge(page.items);
  }

  /** Leave the answer as it is. */
  async stop() {
    const running = this.busy && this.thread !== null;
    this.#abort?.abort();
    if (!running) return;
    // The lost connection alone could be a reload, for which the server waits a while.
    this.#stopping = true;
    await this.#api.cancel(this.thread.id).catch(() => {});
    this.#stopping = false;
  }

  /** Send a request that streams, and see it through. The request alone is sent again if it is refused. */
  async #ask(type, params) {
    const again = () => this.busy || this.#ask(type, params);
    const ended = await this.#run((signal) => this.#api.stream(type, params, signal), { again });
    if (ended) await this.#answerCall();
    return ended;
  }

  /** Take part in the answer that is being written in the thread, from its beginning, if one is. */
  #follow() {
    return this.#run((signal) => this.#api.follow(this.thread.id, signal), { following: true });
  }

  /**
   * Take a stream of events to its end. Returns whether that was the end of an answer, without a
   * fault. One that is only followed may be empty, and shows only once it is not. One with `refuse`
   * is that of an action, which needs no answer: its fault goes there.
   */
  async #run(open, { following = false, again = null, refuse = null } = {}) {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const turn = { begun: false, heard: false, failed: false, answered: false, unfinished: new Set(), refuse };
    if (!following) this.#begin(turn);
    try {
      for await (const event of open(abort.signal)) {
        if (this.#abort !== abort) return false; // another has begun meanwhile
        if (!turn.begun) this.#begin(turn);
        turn.heard = true;
        this.#receive(event, turn);
      }
      if (!turn.begun) return false;
      // A proxy may make a clean end of a broken connection.
      if (turn.unfinished.size > 0 && !turn.failed) throw new ApiError(0, "cut", words.cut);
      if (!turn.answered && !turn.failed && !refuse) throw new ApiError(0, "empty", words.noReply);
    } catch (error) {
      if (this.#abort !== abort) return false;
      turn.failed = true;
      if (error.name === "AbortError") {
        // A message that was stopped before the server confirmed it comes back to its writer.
        const action = refuse ? null : this.#retryAction();
        if (this.#sent === null) this.#alert(words.stopped, { level: "info", action });
      } else if (error.code === "cut" && this.#sent === null && !following) {
        return this.#recoverFromCut(error, refuse);
      } else if (refuse) {
        refuse(error);
      } else {
        const retry = !turn.heard && again ? again : () => this.retry();
        this.#fail(error, { retry: this.#sent === null ? retry : this.#host.resend });
      }
    }
    this.#abort = null;
    for (const id of turn.unfinished) this.#rows.get(id)?.setLive(false);
    this.#setBusy(false);
    const said = this.#lastRow()?.spokenText;
    if (!turn.failed && turn.answered && said) this.#host.answered(said);
    return !turn.failed;
  }

  #begin(turn) {
    turn.begun = true;
    this.alerts.replaceChildren();
    this.allowCancel = true;
    this.#setBusy(true);
    this.progress.wait();
  }

  /** The connection broke, the answer may go on: follow it, or read what became of it. */
  async #recoverFromCut(error, refuse) {
    const before = this.#lastRow()?.plainText ?? "";
    if (await this.#follow()) return true;
    await this.#readAgain();
    this.#setBusy(false);
    const after = this.#lastRow()?.plainText ?? "";
    if (refuse) refuse(error);
    else if (after.length <= before.length) this.#fail(error, { retry: () => this.retry() });
    return false;
  }

  #receive(event, turn) {
    try {
      this.#apply(event, turn);
    } catch (error) {
      console.warn("An event was passed over:", event?.type, error); // malformed: the rest may be fine
    }
  }

  #apply(event, turn) {
    switch (event.type) {
      case "thread.created":
      case "thread.updated": {
        const { items: _, ...thread } = event.thread; // that page is always empty here
        this.#setThread(thread);
        this.#host.threadChanged(this, event.type === "thread.created");
        break;
      }
      case "thread.item.added":
        turn.unfinished.add(event.item.id);
        this.#put(event.item);
        this.#rows.get(event.item.id)?.setLive(true);
        this.progress.seeItem(event.item);
        break;
      case "thread.item.done":
      case "thread.item.replaced":
        turn.unfinished.delete(event.item.id);
        turn.answered ||= event.item.type !== "user_message";
        this.#put(event.item);
        this.#rows.get(event.item.id)?.setLive(false);
        this.progress.seeItem(event.item, { done: true });
        break;
      case "thread.item.updated":
        this.#rows.get(event.item_id)?.applyUpdate(event.update);
        if (event.update.type?.endsWith("text_delta")) this.progress.hide();
        break;
      case "thread.item.removed":
        turn.unfinished.delete(event.item_id);
        this.#remove(event.item_id);
        break;
      case "stream_options":
        this.allowCancel = event.stream_options.allow_cancel !== false;
        this.#host.changed(this);
        break;
      case "progress_update":
        this.progress.show(event.text, event.icon);
        break;
      case "client_effect":
        this.#host.effect(event.name);
        break;
      case "notice":
        this.#notice(event);
        break;
      case "error": {
        turn.failed = true;
        const message = event.message || words.streamError;
        const retry = event.allow_retry === true && this.#sent === null;
        if (turn.refuse) turn.refuse(new ApiError(0, event.code, message));
        else this.#alert(message, { action: retry ? this.#retryAction() : null });
        break;
      }
      default: // a newer server may send more
    }
  }

  // ---- Rows and what stands below them ------------------------------------------------------------

  #put(item) {
    if (!this.#rows.has(item.id) || item.type === "client_tool_call") this.#noteCall(item);
    const row = this.#rows.get(item.id);
    if (row && row.type === item.type) {
      row.update(item);
    } else if (item.type === "user_message" && this.#sent !== null) {
      this.#sent.update(item); // the message that was shown while it was on its way
      this.#rows.set(item.id, this.#sent);
      this.#sent = null;
    } else {
      const made = makeRow(item, this.context);
      if (row) row.node.replaceWith(...(made ? [made.node] : []));
      else if (made) this.list.append(made.node);
      this.#rows.set(item.id, made);
    }
  }

  /** A call is to be run while nothing has come after it. */
  #noteCall(item) {
    const isOpen = item.type === "client_tool_call" && item.status === "pending";
    if (item.type !== "end_of_turn") this.#call = isOpen ? item : null;
  }

  #remove(id) {
    this.#rows.get(id)?.node.remove();
    this.#rows.delete(id);
  }

  #lastRow() {
    return [...this.#rows.values()].findLast((row) => row !== null);
  }

  #setBusy(busy) {
    this.busy = busy;
    this.element.setAttribute("aria-busy", busy);
    if (!busy) this.progress.hide();
    this.#arrange();
    this.#host.changed(this);
  }

  #arrange() {
    this.bars.arrange(this.#rows, { busy: this.busy, sending: this.#sent !== null });
  }

  #setThread(thread) {
    this.thread = thread;
    const hosts = thread.allowed_image_domains ?? ["*"]; // absent: from anywhere
    if (hosts.join() === this.#imageHosts.join()) return;
    this.#imageHosts = hosts;
    for (const row of this.#rows.values()) row?.redraw();
  }

  #showsImage(address) {
    const url = URL.canParse(address) ? new URL(address) : null;
    if (url?.protocol !== "https:") return false;
    return this.#imageHosts.includes("*") || this.#imageHosts.includes(url.hostname);
  }

  #retryAction() {
    return { label: words.retry, run: () => this.retry() };
  }

  #alert(message, options) {
    this.alerts.replaceChildren(alertBox(message, options));
    this.#host.changed(this);
  }

  #notice({ level, message, title }) {
    const text = el("div", { className: "markdown" });
    new MarkdownView(text).update(message);
    const known = ["info", "warning", "danger"].includes(level) ? level : "info";
    this.notices.append(alertBox(text, { level: known, title, dismissible: true }));
  }

  #fail(error, { retry }) {
    if (error instanceof SignInNeeded) {
      this.#host.signIn(error.reason);
      return;
    }
    if (!(error instanceof ApiError)) console.error(error); // a fault of the page's own
    const message = error instanceof ApiError ? error.message : words.streamError;
    this.#alert(message, { action: retry && { label: words.retry, run: retry } });
  }
}

function copyCode({ target }) {
  const button = target.closest("[data-copy=code]");
  if (button) copyText(button.closest(".code").querySelector("code").textContent, button);
}
