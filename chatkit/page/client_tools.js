// Tools that run here, in the page, when the assistant asks for them.

import { say } from "./words.js";

const MOST_COPIED = 100_000; // characters
const MOST_CALLS = 10; // for one message

/** @type {Record<string, (given: Record<string, unknown>) => Promise<Record<string, unknown>>>} */
const TOOLS = {
  get_page_context: async () => ({
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    language: navigator.language,
    title: document.title,
  }),

  async copy_to_clipboard({ text }) {
    if (typeof text !== "string" || text.length > MOST_COPIED) return { copied: false };
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return { copied: false };
    }
    return { copied: true };
  },
};

/**
 * Run a call of the assistant. `{result, said}`: what it is told, and a sentence for the person about
 * what was done in their name, or null.
 * @param {ClientToolCall} call
 */
export async function runClientTool({ name, arguments: given }) {
  if (!Object.hasOwn(TOOLS, name)) {
    return { result: { error: "this page has no such tool" }, said: null };
  }
  const result = await TOOLS[name](given ?? {});
  return { result, said: result.copied === true ? say("page.copied_for_you") : null };
}

/** The call with which a thread ends, to be run while nothing has come after it. */
export class OpenCall {
  /** @type {ClientToolCall | null} */
  #call = null;
  #taken = 0; // for one message

  /** @param {ThreadItem} item */
  note(item) {
    const isOpen = item.type === "client_tool_call" && item.status === "pending";
    if (item.type !== "end_of_turn") this.#call = isOpen ? item : null;
  }

  /** A message is answered. */
  restart() {
    this.#taken = 0;
  }

  /** The call, which is told once; null without one. */
  take() {
    const call = this.#call;
    this.#call = null;
    if (call !== null) this.#taken += 1;
    return call;
  }

  get wereTooMany() {
    return this.#taken > MOST_CALLS;
  }
}
