// One thread in the page: its rows, and the turn that is running in it.
//
// A conversation outlives its place on the screen: a person may look at another thread while an answer
// goes on here. It is read again from the server only when nothing runs.

import { sendAction } from "./actions.js";
import { AnswerBars } from "./answer_bars.js";
import { ApiError } from "./api.js";
import { SignInNeeded } from "./auth.js";
import { OpenCall, runClientTool } from "./client_tools.js";
import { emptyDraft } from "./composer.js";
import { el, moreButton } from "./dom.js";
import { ImageHosts } from "./files.js";
import { copyCode } from "./markdown.js";
import { Notices } from "./notices.js";
import { ProgressLine } from "./progress.js";
import { readItems, readThread } from "./stored.js";
import { QuestionsRow } from "./structured_input.js";
import { ThreadRows } from "./thread_rows.js";
import { Turn } from "./turn.js";
import { say } from "./words.js";

/** @typedef {import("./answer_bars.js").Opinion} Opinion */
/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./composer.js").Draft} Draft */
/** @typedef {import("./stored.js").ItemPage} ItemPage */

/**
 * What is told of what happens.
 *
 * @typedef {object} Host
 * @property {(conversation: Conversation) => void} changed
 * @property {(conversation: Conversation, isNew: boolean) => void} threadChanged
 * @property {(name: string, data?: Record<string, unknown>) => void} effect
 * @property {(text: string) => void} answered
 * @property {(node: Element | null, change: () => void) => void} keepView
 * @property {(conversation: Conversation, draft: Draft) => void} notSent
 * @property {(error: import("./auth.js").SignInNeeded) => void} signIn
 * @property {() => void} lostFocus
 * @property {() => void} resend sends what is in the composer
 */

/**
 * @typedef {object} RunOptions
 * @property {boolean} [following] the stream may be empty
 * @property {(() => unknown) | null} [again] sends the request again
 * @property {((refusal: unknown) => void) | null} [refuse] is given the fault of an action
 */

export class Conversation {
  /** @type {Thread | null} */
  thread = null; // null until the first message has made it
  draft = emptyDraft(); // what the composer holds while another conversation is shown
  busy = false;
  loading = false; // a stored thread is on its way
  allowCancel = true;
  onLoaded = () => {};

  /** @type {Api} */
  #api;
  /** @type {Host} */
  #host;
  #rows;
  #call = new OpenCall(); // of a tool of this page
  #imageHosts = new ImageHosts();
  /** @type {AbortController | null} */
  #abort = null;
  #begun = 0; // counts turns: what was read before one began is out of date
  #stopping = false; // until the server has stored what was stopped

  /**
   * `host` is told of what happens: `changed(conversation)`, `threadChanged(conversation, isNew)`,
   * `effect(name, data)`, `answered(text)`, `keepView(node, change)`, `notSent(conversation, draft)`,
   * `signIn(error)`, `lostFocus()`; `resend()` sends what is in the composer. `onLoaded()` is called once the
   * rows of a thread that is being loaded are there.
   * @param {Api} api
   * @param {Host} host
   */
  constructor(api, host) {
    this.#api = api;
    this.#host = host;
    this.earlier = moreButton("earlier", say("page.show_earlier"), () => this.#showEarlier());
    this.progress = new ProgressLine();
    this.notices = new Notices();
    this.bars = new AnswerBars({
      feedback: (ids, kind) => this.#giveFeedback(ids, kind),
      retry: () => this.retry(),
    });
    this.#rows = new ThreadRows({
      showsImage: (address) => this.#imageHosts.allow(address),
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

  /** The id of the thread, which there is when this is asked. */
  get #id() {
    if (this.thread === null) throw new Error("no thread yet");
    return this.thread.id;
  }

  get isEmpty() {
    return this.#rows.isEmpty && this.notices.isEmpty;
  }

  /** The row of the questions that are to be answered now, or null. */
  get questions() {
    const row = this.busy ? null : this.#rows.last;
    return row instanceof QuestionsRow && row.isPending ? row : null;
  }

  /** Whether it must be kept as it is rather than read again. */
  get mustStay() {
    return this.busy || this.#stopping;
  }

  // ---- Reading -----------------------------------------------------------------------------------

  /**
   * Show a stored thread, and go on with an answer that is being written in it.
   * @param {string} threadId
   */
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
    if (!(await this.#read(this.#id))) return;
    // A tool of the page that the answer waits for is run where the question was asked.
    this.#follow().then(() => this.#offerAnswer());
  }

  /** The connection is back: what was said of that is no longer so. */
  backOnline() {
    this.notices.clearPassing();
    this.#host.changed(this);
  }

  /**
   * Show the thread as it is stored now. Returns whether that is so, and no turn came in between.
   * @param {string} threadId
   */
  async #read(threadId) {
    const begun = this.#begun;
    const { thread, ...page } = await readThread(this.#api, threadId);
    if (begun !== this.#begun) return false;
    this.#setThread(thread);
    this.#merge(page);
    this.#host.threadChanged(this, false);
    return true;
  }

  async #showEarlier() {
    try {
      const { items, more } = await readItems(this.#api, this.#id, this.#rows.firstId);
      this.#host.keepView(this.#rows.list.firstElementChild, () => {
        this.#rows.prepend(items);
        this.#arrange();
      });
      this.earlier.hidden = !more;
    } catch (error) {
      this.#fail(error, { retry: () => this.#showEarlier() });
    }
  }

  /**
   * Make the end of the thread equal to a page of its newest items.
   * @param {ItemPage} page
   */
  #merge({ items, more }) {
    if (!this.#rows.merge(items)) this.earlier.hidden = !more;
    for (const item of items) this.#call.note(item);
    this.#arrange();
  }

  /** A stored message without a whole answer, as after a crash, can be answered now. */
  #offerAnswer() {
    const last = this.#rows.last?.type;
    // A step of its own begins an answer or tells of its interruption; no whole answer ends with it.
    const offer =
      last === "user_message"
        ? say("page.no_answer")
        : last === "task"
          ? say("page.half_answer")
          : undefined;
    if (this.busy || this.notices.hasAlert || offer === undefined) return;
    this.#alert(offer, { level: "info", action: this.#retryAction() });
  }

  // ---- Turns -------------------------------------------------------------------------------------

  /**
   * Send a message, `{content, attachments, quote, options, draft}`. Its draft is handed back through
   * `host.notSent` when the server did not take it.
   * @param {Message} message
   */
  async send({ content, attachments, quote, options, draft }) {
    const ids = attachments.map(({ id }) => id);
    const input = { content, attachments: ids, quoted_text: quote, inference_options: options };
    const sent = { content, attachments, quoted_text: quote, created_at: new Date().toISOString() };
    this.#rows.send({ type: "user_message", ...sent });
    this.#call.restart();
    this.notices.clearRemarks();
    const turn = this.thread
      ? this.#ask("threads.add_user_message", { thread_id: this.#id, input })
      : this.#ask("threads.create", { input });
    await turn;
    if (this.#rows.takeBack()) this.#host.notSent(this, draft);
  }

  /**
   * Answer the questions of the assistant: `input` is `{status, answers}`.
   * @param {StructuredInput} item
   * @param {object} input
   */
  async answerQuestions({ id }, input) {
    if (this.busy) return;
    const params = { thread_id: this.#id, item_id: id, input };
    await this.#ask("threads.add_structured_input", params);
  }

  /** Run the tool of this page that the assistant waits for, if it does, and go on with what came of it. */
  async #answerCall() {
    const call = this.busy ? null : this.#call.take();
    if (call === null) return false;
    if (this.#call.wereTooMany) {
      this.#alert(say("page.too_many_calls"), { action: this.#retryAction() });
      return true;
    }
    this.#setBusy(true); // no message gets in between
    const { result, said } = await runClientTool(call);
    if (said) this.notices.say(said);
    await this.#ask("threads.add_client_tool_output", { thread_id: this.#id, result });
    return true;
  }

  /**
   * Do what was pressed in a widget. Throws an error with a sentence when the server refused it.
   * @param {{ itemId: string, action: WidgetAction, streaming: boolean }} pressed
   */
  #act(pressed) {
    const { busy } = this;
    /**
     * @param {string} type
     * @param {object} params
     */
    const run = async (type, params) => {
      /** @type {unknown} */
      let refusal = null;
      /** @param {unknown} error */
      const refuse = (error) => (refusal = error);
      if (await this.#run((signal) => this.#api.stream(type, params, signal), { refuse })) {
        await this.#goOn();
      }
      return refusal;
    };
    /** @param {ThreadItem} item */
    const put = (item) => this.#put(item);
    const changed = () => this.#host.effect("tasks/changed"); // such an answer has no events
    const sent = sendAction(this.#api, { id: this.#id, busy, run, put, changed }, pressed);
    return sent.catch((error) => {
      if (error instanceof SignInNeeded) this.#host.signIn(error);
      throw error;
    });
  }

  /**
   * @param {string[]} ids
   * @param {Opinion} kind
   */
  #giveFeedback(ids, kind) {
    const params = { thread_id: this.#id, item_ids: ids, kind };
    return this.#api.chat("items.feedback", params).catch((error) => {
      this.#fail(error, { retry: null });
      throw error;
    });
  }

  /** Answer the last message again. */
  async retry() {
    const id = this.busy ? null : this.#keepFocus(() => this.#rows.cutAnswer());
    if (id === null) return;
    this.#call.restart();
    this.notices.clearRemarks();
    const params = { thread_id: this.#id, item_id: id };
    const answered = await this.#ask("threads.retry_after_item", params);
    // The server puts the former answer back when there is no new one.
    if (!answered && !this.mustStay) await this.#readAgain();
  }

  async #readAgain() {
    const begun = this.#begun;
    const page = await readItems(this.#api, this.#id).catch(() => null);
    if (page !== null && begun === this.#begun) this.#merge(page);
  }

  /** Leave the answer as it is. */
  async stop() {
    const running = this.busy && this.thread !== null;
    this.#abort?.abort();
    if (!running) return;
    // The lost connection alone could be a reload, for which the server waits a while.
    this.#stopping = true;
    await this.#api.cancel(this.#id).catch(() => {});
    this.#stopping = false;
  }

  /**
   * Send a request that streams, and see it through. The request alone is sent again if it is refused.
   * @param {string} type
   * @param {object} params
   * @returns {Promise<boolean>}
   */
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

  /**
   * Take part in the answer that is being written in the thread, from its beginning, if one is.
   * @returns {Promise<boolean>}
   */
  #follow() {
    const again = () => this.#follow();
    return this.#run((signal) => this.#api.follow(this.#id, signal), {
      following: true,
      again,
    });
  }

  /**
   * Take a stream of events to its end. Returns whether that was the end of an answer, without a
   * fault. One that is only followed may be empty, and shows only once it is not. One with `refuse`
   * is that of an action, which needs no answer: its fault goes there.
   * @param {(signal: AbortSignal) => AsyncIterable<ThreadEvent>} open
   * @param {RunOptions} options
   * @returns {Promise<boolean>}
   */
  async #run(open, { following = false, again = null, refuse = null } = {}) {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const turn = new Turn(this.#changes(refuse));
    if (!following) this.#begin(turn);
    try {
      for await (const event of open(abort.signal)) {
        if (this.#abort !== abort) return false; // another has begun meanwhile
        if (!turn.begun) this.#begin(turn);
        turn.receive(event);
      }
      if (!turn.begun) return false;
      turn.end({ needed: !refuse });
    } catch (error) {
      if (this.#abort !== abort) return false;
      turn.failed = true;
      if (error instanceof DOMException && error.name === "AbortError") {
        // A message that was stopped before the server confirmed it comes back to its writer.
        const action = refuse ? null : this.#retryAction();
        if (!this.#rows.isSending) this.#alert(say("page.stopped"), { level: "info", action });
      } else if (isCut(error) && !this.#rows.isSending && !following) {
        return this.#recoverFromCut(error, refuse);
      } else if (refuse) {
        refuse(error);
      } else {
        const retry = !turn.heard && again ? again : () => this.retry();
        this.#fail(error, { retry: this.#rows.isSending ? this.#host.resend : retry });
      }
    }
    this.#abort = null;
    turn.close();
    this.#setBusy(false);
    const said = this.#rows.last?.spokenText;
    if (!turn.failed && turn.answered && said) this.#host.answered(said);
    return !turn.failed;
  }

  /**
   * What the events of an answer change; what an action is refused with goes to `refuse`.
   * @param {((refusal: unknown) => void) | null} refuse
   * @returns {import("./turn.js").TurnThread}
   */
  #changes(refuse) {
    return {
      rows: this.#rows,
      progress: this.progress,
      notices: this.notices,
      put: (item) => this.#put(item),
      effect: (name, data) => this.#host.effect(name, data),
      setThread: (thread, isNew) => {
        this.#setThread(thread);
        this.#host.threadChanged(this, isNew);
      },
      allowCancel: (can) => {
        this.allowCancel = can;
        this.#host.changed(this);
      },
      failed: (code, message, canRetry) => {
        const retry = canRetry && !this.#rows.isSending;
        if (refuse) refuse(new ApiError(0, code, message));
        else this.#alert(message, { action: retry ? this.#retryAction() : null });
      },
    };
  }

  /** @param {Turn} turn */
  #begin(turn) {
    turn.begun = true;
    this.#begun += 1;
    this.allowCancel = true;
    this.#keepFocus(() => {
      this.notices.clearAlert();
      this.#setBusy(true);
    });
    this.progress.wait();
  }

  /**
   * The connection broke, the answer may go on: follow it, or read what became of it.
   * @param {ApiError} error
   * @param {((refusal: unknown) => void) | null} refuse
   * @returns {Promise<boolean>}
   */
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

  // ---- Rows and what stands below them ------------------------------------------------------------

  /** @param {ThreadItem} item */
  #put(item) {
    if (!this.#rows.has(item.id) || item.type === "client_tool_call") this.#call.note(item);
    this.#rows.put(item);
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.busy = busy;
    this.element.setAttribute("aria-busy", String(busy));
    if (!busy) this.progress.hide();
    this.#arrange();
    this.#host.changed(this);
  }

  /**
   * Make a change that may take away the button that was pressed. Returns what it returns.
   * @template Result
   * @param {() => Result} change
   * @returns {Result}
   */
  #keepFocus(change) {
    const hadFocus = this.element.contains(document.activeElement);
    const result = change();
    if (hadFocus && document.activeElement === document.body) this.#host.lostFocus();
    return result;
  }

  #arrange() {
    this.bars.arrange(this.#rows.all, { busy: this.busy, sending: this.#rows.isSending });
  }

  /** @param {Thread} thread */
  #setThread(thread) {
    this.thread = thread;
    if (this.#imageHosts.read(thread)) this.#rows.redraw();
  }

  /** @returns {ButtonAction} */
  #retryAction() {
    return { label: say("page.retry"), run: () => this.retry() };
  }

  /**
   * @param {string} message
   * @param {AlertOptions & { passing?: boolean }} options
   */
  #alert(message, options) {
    this.notices.alert(message, options);
    this.#host.changed(this);
  }

  /**
   * @param {unknown} error
   * @param {{ retry: (() => unknown) | null }} options
   */
  #fail(error, { retry }) {
    if (error instanceof SignInNeeded) {
      this.#host.signIn(error);
      return;
    }
    if (!(error instanceof ApiError)) console.error(error); // a fault of the page's own
    const message = error instanceof ApiError ? error.message : say("page.stream_error");
    const action = retry && { label: say("page.retry"), run: retry };
    const passing = error instanceof ApiError && error.code === "network";
    this.#alert(message, { action, passing });
  }
}

/**
 * @param {unknown} error
 * @returns {error is ApiError}
 */
const isCut = (error) => error instanceof ApiError && error.code === "cut";
