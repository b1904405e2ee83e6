// Tools that run here, in the page, when the assistant asks for them.

import { words } from "./words.js";

const MOST_COPIED = 100_000; // characters

const TOOLS = {
  get_page_context: () => ({
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
 */
export async function runClientTool({ name, arguments: given }) {
  if (!Object.hasOwn(TOOLS, name)) return { result: { error: "this page has no such tool" }, said: null };
  const result = await TOOLS[name](given ?? {});
  return { result, said: result.copied === true ? words.copiedForYou : null };
}
