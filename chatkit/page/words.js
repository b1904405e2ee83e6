// The page's sentences by their codes, in the language that the server chose for the page.

import sentences from "./sentences.js";

/** The language of the page, a BCP 47 tag. */
export const language = document.documentElement.lang;

/** The same as it is written where the person is: 22:30 or 10:30 PM. */
export const locale = navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;

const plurals = new Intl.PluralRules(language);

/**
 * The sentence of a code. `params` fill the `{names}` in it; `count` also chooses between singular
 * and plural.
 *
 * @param {string} code
 * @param {Record<string, string | number>} [params]
 */
export function say(code, params = {}) {
  const sentence = sentences[code];
  const text =
    typeof sentence === "string"
      ? sentence
      : (sentence[plurals.select(Number(params.count))] ?? sentence.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(params[name]));
}
