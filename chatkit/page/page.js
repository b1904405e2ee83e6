// The built-in page: a chat, the list of chats, and the task list, over the server's public API.
// This file wires the parts; each part is a module of its own beside it.

import { Api, ApiError, asSentence } from "./api.js";
import { SignInNeeded, wasGuestLost } from "./auth.js";
import { Chats } from "./chats.js";
import { Composer, emptyDraft, joinDrafts } from "./composer.js";
import { Conversation } from "./conversation.js";
import { alertBox, around, el, drawIcons, find } from "./dom.js";
import { makeDrawer } from "./drawers.js";
import { offerReplies } from "./quoting.js";
import { Scroller } from "./scroller.js";
import { Tasks } from "./tasks.js";
import { UndoOffer } from "./undo.js";
import { takeFiles } from "./uploads.js";
import { say } from "./words.js";
import { YourData } from "./your_data.js";

/** @param {string} id */
const part = (id) => find(document, `#${id}`, HTMLElement);

drawIcons(document);

const api = new Api();
const scroller = new Scroller(part("scroller"), part("view"), part("to-newest"));
const composer = new Composer(find(document, "#composer", HTMLFormElement), {
  api,
  onSend: sendMessage,
  onStop: () => shown.stop(),
  onFault: (message) => sayBelow(message),
});
const chats = new Chats(part("chats"), api, {
  renamed: (thread) => {
    if (shown.thread?.id !== thread.id) return;
    shown.thread = { ...shown.thread, title: thread.title };
    drawTitle();
  },
  deleted: forget,
  emptied: () => part("new-chat").focus(),
  failed: report,
});
const tasks = new Tasks(part("tasks-pane"), api, { failed: report });
const undo = new UndoOffer(api, {
  undone: () => {
    focusComposer(); // the button is gone
    return tasks.refresh();
  },
  failed: report,
});
part("foot").prepend(undo.node);
new YourData(find(document, "#your-data", HTMLDialogElement), part("open-your-data"), api, {
  openThread: () => shown.thread,
  imported: () => Promise.all([chats.refresh(), tasks.refresh()]),
  erased: () =>
    part("foot").prepend(alertBox(say("page.erased"), { level: "info", dismissible: true })),
  failed: report,
});
const chatsDrawer = makeDrawer(part("chats-pane"), part("open-chats"), "(max-width: 767px)");
makeDrawer(part("tasks-pane"), part("open-tasks"), "(max-width: 1179px)");

/** @type {import("./conversation.js").Host} */
const host = {
  changed: (conversation) => conversation === shown && drawState(),
  threadChanged(conversation, isNew) {
    const { thread } = conversation;
    if (thread === null) return;
    chats.put(thread);
    if (isNew) kept.set(thread.id, conversation);
    if (conversation !== shown) return;
    if (isNew) history.replaceState(null, "", `#${thread.id}`);
    chats.setCurrent(thread.id);
    drawTitle();
    drawState();
  },
  effect(name, { action, task_id: id } = {}) {
    if (name !== "tasks/changed") return;
    tasks.refresh();
    if (action === "undo") undo.clear();
    else if (typeof id === "string" && (action === "delete" || action === "update")) {
      undo.offer(id, { deleted: action === "delete" });
    }
  },
  answered(text) {
    part("announcer").textContent = say("page.answered", { text: text.slice(0, 2000) });
  },
  keepView: (node, change) => scroller.keep(node, change),
  notSent(conversation, draft) {
    if (conversation === shown) {
      composer.draft = joinDrafts(draft, composer.draft);
      composer.focus();
    } else {
      conversation.draft = joinDrafts(draft, conversation.draft);
    }
    drawState();
  },
  resend: () => composer.submit(),
  lostFocus: focusComposer,
  signIn: showSignIn,
};

/**
 * Conversations that are not to be read again when the person comes back to them.
 * @type {Map<string | null, Conversation>}
 */
const kept = new Map();
let shown = new Conversation(api, host);
let opening = 0; // counts openings, so that a slow one does not replace a later one

// What is suggested; the demo model understands each of them.
const PROMPTS = [
  say("page.prompt_show"),
  say("page.prompt_add"),
  say("page.prompt_complete"),
  say("page.prompt_help"),
];

// ---- Which conversation is on the screen ----------------------------------------------------------

const idInAddress = () => /^#(thr_[\w-]{1,80})$/.exec(location.hash)?.[1] ?? null;

/** Show the thread that the address names, or a new chat. */
async function openFromAddress() {
  const id = idInAddress();
  if (id !== null && id === shown.thread?.id) return;
  opening += 1;
  const mine = opening;
  const before = kept.get(id);
  if (before?.mustStay) {
    show(before);
    return;
  }
  const conversation = new Conversation(api, host);
  conversation.loading = id !== null;
  show(conversation, { currentId: id });
  if (id === null) return;
  kept.set(id, conversation);
  part("view").replaceChildren(
    el("p", { className: "loading", textContent: say("page.loading_chat") }),
  );
  conversation.onLoaded = () => mine === opening && place(conversation);
  try {
    await conversation.load(id);
  } catch (error) {
    if (mine === opening) takeAway(error);
  }
}

/**
 * The thread of the address cannot be shown.
 * @param {unknown} error
 */
function takeAway(error) {
  shown = new Conversation(api, host);
  drawTitle();
  drawState();
  if (error instanceof ApiError) showFault(error);
  else report(error);
}

/**
 * @param {Conversation} conversation
 * @param {{ currentId?: string | null }} options
 */
function show(conversation, { currentId = conversation.thread?.id ?? null } = {}) {
  shown.draft = composer.draft;
  shown = conversation;
  composer.draft = conversation.draft;
  chats.setCurrent(currentId);
  place(conversation);
  for (const [id, other] of kept) if (other !== shown && !other.mustStay) kept.delete(id);
}

/** @param {Conversation} conversation */
function place(conversation) {
  part("view").replaceChildren(conversation.element, startScreen);
  drawTitle();
  drawState();
  scroller.toEnd();
}

/** @param {string} id */
function forget(id) {
  kept.get(id)?.stop();
  kept.delete(id);
  if (shown.thread?.id !== id) return;
  history.replaceState(null, "", location.pathname + location.search);
  openFromAddress();
}

function startNewChat() {
  if (location.hash !== "") history.pushState(null, "", location.pathname + location.search);
  openFromAddress();
  chatsDrawer.close();
  composer.focus();
}

/** @param {Message} message */
function sendMessage(message) {
  if (!shown.element.isConnected) place(shown); // a fault stood in its place
  scroller.toEnd();
  part("announcer").textContent = say("page.answering");
  if (shown.thread) chats.use(shown.thread.id);
  shown.send(message);
  drawState();
}

/** @param {string} text */
function sendSuggestion(text) {
  if (shown.busy) return;
  const waiting = composer.draft; // what was being written stays
  composer.draft = { ...emptyDraft(), text };
  composer.submit();
  composer.draft = waiting;
  focusComposer(); // the button under the focus is gone
}

/** Only where no keyboard jumps up with it. */
function focusComposer() {
  if (matchMedia("(hover: hover)").matches) composer.focus();
}

// ---- What stands around it ------------------------------------------------------------------------

const startScreen = el(
  "section",
  { className: "start", hidden: true },
  el("h2", { textContent: say("page.start_title") }),
  el(
    "p",
    {},
    `${say("page.start_text")} `,
    el("span", { className: "when-wide", textContent: say("page.tasks_beside") }),
    el("span", { className: "when-narrow", textContent: say("page.tasks_behind") }),
  ),
  el(
    "ul",
    { className: "prompts", "aria-label": say("page.prompts_label") },
    ...PROMPTS.map((text) =>
      el(
        "li",
        {},
        el("button", {
          type: "button",
          className: "prompt",
          textContent: text,
          on: { click: () => sendSuggestion(text) },
        }),
      ),
    ),
  ),
);

function drawState() {
  const { busy, loading, allowCancel, thread } = shown;
  composer.setState({
    busy: busy || loading,
    allowCancel: allowCancel && !loading,
    status: thread?.status,
  });
  drawFoot();
  startScreen.hidden = thread !== null || !shown.isEmpty;
}

/** The composer, or what takes its place: questions of the assistant, or why there is none. */
function drawFoot() {
  const conversation = shown;
  const status = conversation.thread?.status ?? { type: "active" };
  const questions = status.type === "active" ? conversation.questions : null;
  const form = questions?.form((input) => conversation.answerQuestions(questions.item, input));
  const box = part("questions");
  const isNew = form !== undefined && !box.contains(form.node);
  const hadFocus =
    part("foot").contains(document.activeElement) || document.activeElement === document.body;
  if (isNew) box.replaceChildren(form.node);
  const cameBack = !questions && !box.hidden;
  box.hidden = !questions;
  part("closed").hidden = status.type !== "closed";
  part("closed").textContent = status.reason || say("page.closed");
  composer.form.hidden = Boolean(questions) || status.type === "closed";
  part("composer-hint").hidden = composer.form.hidden;
  if (isNew && hadFocus) form.focus();
  else if (cameBack && hadFocus) composer.focus();
}

function drawTitle() {
  const title = shown.thread ? shown.thread.title || say("page.untitled") : say("page.new_chat");
  part("title").textContent = shown.loading ? "" : title;
  document.title = shown.thread?.title ? `${title} – ${say("page.app")}` : say("page.app");
}

/**
 * A thread that could not be opened.
 * @param {ApiError} error
 */
function showFault(error) {
  const missing = error.status === 404;
  const action = missing
    ? { label: say("page.new_chat"), run: startNewChat }
    : { label: say("page.retry"), run: () => openFromAddress() };
  kept.delete(idInAddress());
  if (error.code === "network") onceOnline = openFromAddress;
  part("view").replaceChildren(
    alertBox(missing ? say("page.not_found") : error.message, { action }),
  );
}

/** @param {unknown} error */
const isNetwork = (error) => error instanceof ApiError && error.code === "network";

/** @param {unknown} error */
const messageOf = (error) => (error instanceof ApiError ? error.message : say("page.server"));

/**
 * What went wrong elsewhere than in a conversation.
 * @param {unknown} error
 */
function report(error) {
  if (error instanceof SignInNeeded) {
    showSignIn(error);
    return;
  }
  if (!(error instanceof ApiError)) console.error(error); // a fault of the page's own
  sayBelow(messageOf(error), { passing: isNetwork(error) });
}

/**
 * What is `passing` goes when the connection is back.
 * @param {string} message
 * @param {{ passing?: boolean }} options
 */
function sayBelow(message, { passing = false } = {}) {
  const box = alertBox(message, { action: { label: say("page.close"), run: () => box.remove() } });
  if (passing) box.dataset.passing = "";
  part("foot").prepend(box);
}

// ---- Signing in -----------------------------------------------------------------------------------

/** @param {SignInNeeded} needed */
function showSignIn({ reason, advice }) {
  if (document.getElementById("sign-in")) return;
  const input = el("input", { id: "token", type: "password", autocomplete: "off", required: true });
  const fault = el("div", {});
  /** @param {string} message */
  const explain = (message) => fault.replaceChildren(alertBox(message));
  const form = el(
    "form",
    { className: "sign-in", id: "sign-in", "aria-labelledby": "sign-in-title" },
    el("h2", { id: "sign-in-title", textContent: say("page.sign_in_title") }),
    el("p", { textContent: advice ? asSentence(`${advice}.`) : say("page.sign_in_text") }),
    el("label", { htmlFor: "token", textContent: say("page.sign_in_token") }),
    input,
    fault,
    el("button", { className: "button button-primary", textContent: say("page.sign_in_action") }),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await api.signIn(input.value);
      document.body.classList.remove("is-signed-out");
      form.remove();
      await start();
    } catch (error) {
      explain(error instanceof SignInNeeded ? say("page.sign_in_refused") : messageOf(error));
    }
  });
  if (reason === "expired") explain(say("page.sign_in_expired"));
  document.body.classList.add("is-signed-out");
  part("main").append(form);
  input.focus();
}

part("sign-out").addEventListener("click", () => {
  api.account.signOut();
  location.reload();
});

// ---- Start ----------------------------------------------------------------------------------------

async function start() {
  try {
    await api.ready();
  } catch (error) {
    if (error instanceof SignInNeeded) {
      showSignIn(error);
      return;
    }
    if (isNetwork(error)) onceOnline = start;
    const action = { label: say("page.retry"), run: () => start() };
    part("view").replaceChildren(alertBox(messageOf(error), { action }));
    return;
  }
  part("sign-out").hidden = !api.account.canSignOut;
  if (document.activeElement === document.body) focusComposer(); // not away from where somebody is
  let opened;
  if (idInAddress() === null) {
    place(shown); // what was typed, or sent already, while the sign-in was under way is in it
  } else {
    const typed = composer.draft;
    opened = openFromAddress();
    composer.draft = joinDrafts(typed, composer.draft);
  }
  await Promise.all([opened, chats.refresh(), tasks.refresh(), loadOptions()]);
  catchingUp = false;
}

/** @type {(() => unknown) | null} */
let onceOnline = null; // what could not be shown for want of a connection
let catchingUp = true; // until the page has started

/** The person is back: show what was done meanwhile in another tab, or on another device. */
async function catchUp() {
  if (catchingUp) return;
  catchingUp = true;
  await Promise.all([tasks.refresh(), chats.refresh(), catchUpThread()]);
  catchingUp = false;
}

async function catchUpThread() {
  const conversation = shown;
  try {
    await conversation.catchUp();
  } catch (error) {
    if (error instanceof SignInNeeded) showSignIn(error);
    else if (error instanceof ApiError && error.status === 404 && conversation === shown) {
      takeAway(error);
    }
  }
}

async function loadOptions() {
  try {
    composer.applyOptions(await api.options());
  } catch (error) {
    report(error); // the page works without
  }
}

part("new-chat").addEventListener("click", startNewChat);
part("skip").addEventListener("click", () => composer.focus());
offerReplies(part("scroller"), (text) => {
  composer.quote = text;
  composer.focus();
});
takeFiles(part("main"), composer.input, composer.uploads);
part("chats").addEventListener("click", (event) => around(event, "a") && chatsDrawer.close());
window.addEventListener("popstate", () => openFromAddress());
document.addEventListener(
  "visibilitychange",
  () => document.visibilityState === "visible" && catchUp(),
);
window.addEventListener("focus", () => catchUp()); // of two windows, both may be visible
window.addEventListener("offline", () => (part("offline").hidden = false));
window.addEventListener("online", () => {
  part("offline").hidden = true;
  for (const box of part("foot").querySelectorAll("[data-passing]")) box.remove();
  shown.backOnline();
  const again = onceOnline ?? catchUp;
  onceOnline = null;
  again();
});
part("offline").hidden = navigator.onLine;
api.account.onUserChanged = () => location.reload();
if (wasGuestLost()) {
  part("foot").prepend(alertBox(say("page.guest_lost"), { dismissible: true }));
}
start();
