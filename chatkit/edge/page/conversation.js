// One thread in the page: its rows, and the turn that is running in it.
//
// A conversation outlives its place on the screen: a person may look at another thread while an answer
// goes on here. It is read again from the server only when nothing runs.

import { sendAction } from "./actions.js";
import { ApiError } from "./api.js";
import { SignInNeeded } from "./auth.js";
import { runClientTool } from "./client_tools.js";
import { emptyDraft } from "./composer.js";
import { copyText, el } from "./dom.js";
import { Notices } from "./notices.js";
import { ProgressLine } from "./progress.js";
import { ThreadRows } from "./thread_rows.js";
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
  #rows;
  #call = null; // the call of a tool of this page with which the thread ends
  #calls = 0; // how many were answered for this message
  #imageHosts = []; // from which images of the answers may load
  #abort = null;
  #outOfReach = false; // the alert says so
  #begun = 0; // counts turns: what was read before one began is out of date
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
    this.progress = new ProgressLine();
    this.notices = new Notices();
    this.bars = new AnswerBars({
      feedback: (ids, kind) => this.#giveFeedback(ids, kind),
      retry: () => this.retry(),
    });
    this.#rows = new ThreadRows({
      showsImage: (address) => this.#showsImage(address),
      act: (itemId, action, { streaming }) => this.#act({ itemId, action, streaming }),
    });
    this.element = el(
      "div",
      { className: "thread", on: { click: copyCode } },
      this.earlier,
      this.#rows.list,
      this.progress.node,
      this.notices.node,
    );
  }

  get isEmpty() {
    return this.#rows.isEmpty && this.notices.isEmpty;
  }

  /** The row of the questions that are to be answered now, or null. */
  get questions() {
    const row = this.busy ? null : this.#rows.last;
    return row?.type === "structured_input" && row.isPending ? row : null;
  }

  /** Whether it must be kept as it is rather than read again. */
  get mustStay() {
    return this.busy || this.#stopping;
  }

  // ---- Reading -----------------------------------------------------------------------------------

  /** Show a stored thread, and go on with an answer that is being written in it. */
  async load(threadId) {
    await this.#read(threadId);
    this.loading = false;
    this.onLoaded();
    this.#follow()
      .then(() => this.#answerCall())
      .then(() => this.#offerAnswer());
  }

  /** Take over what was done in the thread elsewhere, and follow an answer that is being written there. */
  async catchUp() {
    if (this.thread === null || this.loading || this.mustStay) return;
    if (!(await this.#read(this.thread.id))) return;
    // A tool of the page that the answer waits for is run where the question was asked.
    this.#follow().then(() => this.#offerAnswer());
  }

  /** The connection is back: what was said of that is no longer so. */
  backOnline() {
    if (this.#outOfReach) this.notices.clearAlert();
    this.#host.changed(this);
  }

  /** Show the thread as it is stored now. Returns whether that is so, and no turn came in between. */
  async #read(threadId) {
    const begun = this.#begun;
    const { items, ...thread } = await this.#api.chat("threads.get_by_id", { thread_id: threadId });
    if (begun !== this.#begun) return false;
    this.#setThread(thread);
    // That page is the oldest one. A longer thread is shown from its newest end.
    const page = items.has_more ? await this.#newest() : { items: items.data, more: false };
    if (begun !== this.#begun) return false;
    this.#merge(page);
    this.#host.threadChanged(this, false);
    return true;
  }

  async #newest(after = null) {
    const params = { thread_id: this.thread.id, order: "desc", limit: PAGE };
    const page = await this.#api.chat("items.list", after === null ? params : { ...params, after });
    return { items: page.data.reverse(), more: page.has_more };
  }

  async #showEarlier() {
    this.earlier.disabled = true;
    try {
      const { items, more } = await this.#newest(this.#rows.all.keys().next().value);
      this.#prepend(items);
      this.earlier.hidden = !more;
    } catch (error) {
      this.#fail(error, { retry: () => this.#showEarlier() });
    } finally {
      this.earlier.disabled = false;
    }
  }

  #prepend(items) {
    const first = this.#rows.list.firstElementChild;
    const top = first?.getBoundingClientRect().top ?? 0;
    this.#rows.prepend(items);
    this.#arrange();
    if (first) this.#host.movedDown(first.getBoundingClientRect().top - top);
  }

  /** Make the end of the thread equal to a page of its newest items. */
  #merge({ items, more }) {
    if (!this.#rows.merge(items)) this.earlier.hidden = !more;
    this.#call = null;
    for (const item of items) this.#noteCall(item);
    this.#arrange();
  }

  /** A stored message without an answer, as after a crash, can be answered now. */
  #offerAnswer() {
    if (this.busy || this.notices.hasAlert || this.#rows.last?.type !== "user_message") return;
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
    this.#rows.send({ ...item, created_at: new Date().toISOString() });
    this.#calls = 0;
    this.notices.clearRemarks();
    const turn = this.thread
      ? this.#ask("threads.add_user_message", { thread_id: this.thread.id, input })
      : this.#ask("threads.create", { input });
    await turn;
    if (this.#rows.takeBack()) this.#host.notSent(this, draft);
  }

  /** Answer the questions of the assistant: `input` is `{status, answers}`. */
  async answerQuestions({ id }, input) {
    if (this.busy) return;
    const params = { thread_id: this.thread.id, item_id: id, input };
    await this.#ask("threads.add_structured_input", params);
  }

  /** Run the tool of this page that the assistant waits for, if it does, and go on with what came of it. */
  async #answerCall() {
    const call = this.#call;
    if (call === null || this.busy) return false;
    this.#call = null;
    this.#calls += 1;
    if (this.#calls > MOST_CALLS) {
      this.#alert(words.tooManyCalls, { action: this.#retryAction() });
      return true;
    }
    this.#setBusy(true); // no message gets in between
    const { result, said } = await runClientTool(call);
    if (said) this.notices.say(said);
    await this.#ask("threads.add_client_tool_output", { thread_id: this.thread.id, result });
    return true;
  }

  /** Do what was pressed in a widget. Throws an error with a sentence when the server refused it. */
  #act(pressed) {
    const { busy } = this;
    const run = async (type, params) => {
      let refusal = null;
      const refuse = (error) => (refusal = error);
      if (await this.#run((signal) => this.#api.stream(type, params, signal), { refuse })) await this.#goOn();
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
    const ids = [...this.#rows.all.keys()];
    const place = ids.findLastIndex((id) => this.#rows.get(id)?.type === "user_message");
    if (place < 0 || this.busy) return;
    for (const id of ids.slice(place + 1)) this.#rows.remove(id);
    this.#calls = 0;
    this.notices.clearRemarks();
    const params = { thread_id: this.thread.id, item_id: ids[place] };
    const answered = await this.#ask("threads.retry_after_item", params);
    // The server puts the former answer back when there is no new one.
    if (!answered && !this.mustStay) await this.#readAgain();
  }

  async #readAgain() {
    const begun = this.#begun;
    const page = await this.#newest().catch(() => null);
    if (page !== null && begun === this.#begun) this.#merge(page);
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
    if (ended) await this.#goOn();
    return ended;
  }

  /** After an answer: what it asks of this page, else what has come into the thread from elsewhere. */
  async #goOn() {
    if (!(await this.#answerCall())) this.#readAgain();
  }

  /** Take part in the answer that is being written in the thread, from its beginning, if one is. */
  #follow() {
    const again = () => this.#follow();
    return this.#run((signal) => this.#api.follow(this.thread.id, signal), { following: true, again });
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
        if (!this.#rows.isSending) this.#alert(words.stopped, { level: "info", action });
      } else if (error.code === "cut" && !this.#rows.isSending && !following) {
        return this.#recoverFromCut(error, refuse);
      } else if (refuse) {
        refuse(error);
      } else {
        const retry = !turn.heard && again ? again : () => this.retry();
        this.#fail(error, { retry: this.#rows.isSending ? this.#host.resend : retry });
      }
    }
    this.#abort = null;
    for (const id of turn.unfinished) this.#rows.get(id)?.setLive(false);
    this.#setBusy(false);
    const said = this.#rows.last?.spokenText;
    if (!turn.failed && turn.answered && said) this.#host.answered(said);
    return !turn.failed;
  }

  #begin(turn) {
    turn.begun = true;
    this.#begun += 1;
    this.notices.clearAlert();
    this.allowCancel = true;
    this.#setBusy(true);
    this.progress.wait();
  }

  /** The connection broke, the answer may go on: follow it, or read what became of it. */
  async #recoverFromCut(error, refuse) {
    const before = this.#rows.last?.plainText ?? "";
    if (await this.#follow()) return true;
    await this.#readAgain();
    this.#setBusy(false);
    const after = this.#rows.last?.plainText ?? "";
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
        this.#rows.remove(event.item_id);
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
        this.notices.add(event);
        break;
      case "error": {
        turn.failed = true;
        const message = event.message || words.streamError;
        const retry = event.allow_retry === true && !this.#rows.isSending;
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
    this.#rows.put(item);
  }

  /** A call is to be run while nothing has come after it. */
  #noteCall(item) {
    const isOpen = item.type === "client_tool_call" && item.status === "pending";
    if (item.type !== "end_of_turn") this.#call = isOpen ? item : null;
  }

  #setBusy(busy) {
    this.busy = busy;
    this.element.setAttribute("aria-busy", busy);
    if (!busy) this.progress.hide();
    this.#arrange();
    this.#host.changed(this);
  }

  #arrange() {
    this.bars.arrange(this.#rows.all, { busy: this.busy, sending: this.#rows.isSending });
  }

  #setThread(thread) {
    this.thread = thread;
    const hosts = thread.allowed_image_domains ?? ["*"]; // absent: from anywhere
    if (hosts.join() === this.#imageHosts.join()) return;
    this.#imageHosts = hosts;
    this.#rows.redraw();
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
    this.#outOfReach = false;
    this.notices.alert(message, options);
    this.#host.changed(this);
  }

  #fail(error, { retry }) {
    if (error instanceof SignInNeeded) {
      this.#host.signIn(error.reason);
      return;
    }
    if (!(error instanceof ApiError)) console.error(error); // a fault of the page's own
    const message = error instanceof ApiError ? error.message : words.streamError;
    this.#alert(message, { action: retry && { label: words.retry, run: retry } });
    this.#outOfReach = error.code === "network";
  }
}

function copyCode({ target }) {
  const button = target.closest("[data-copy=code]");
  if (button) copyText(button.closest(".code").querySelector("code").textContent, button);
}
