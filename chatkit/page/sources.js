// Sources of an answer: numbered marks in its text, and the list below it.

import { around, el, find } from "./dom.js";
import { outsideLink } from "./inline.js";
import { say } from "./words.js";

/**
 * What tells one source from another, or null for one that has nothing to show.
 * @param {Source | null | undefined} source
 */
function keyOf(source) {
  if (!source || titleOf(source) === "") return null;
  const { type, url, filename, id } = source;
  // The text names it, and the list of tasks stands beside: a mark would say nothing more.
  if (type === "entity" && !source.inline_label && !source.description) return null;
  return JSON.stringify([type, url ?? filename ?? id ?? titleOf(source)]);
}

/**
 * @param {Source | null | undefined} source
 * @returns {string}
 */
const titleOf = (source) =>
  [source?.title, source?.filename, source?.url].find(
    (text) => typeof text === "string" && text !== "",
  ) ?? "";

/**
 * The sources of some annotated texts, numbered in the order in which the texts refer to them; those
 * without a place come last.
 */
export class Sources {
  /** @type {Map<string, number>} */
  #numbers = new Map(); // key -> number
  /** @type {Source[]} */
  #sources = []; // in that order

  /**
   * `lists` are the annotations of each text; there may be gaps in them.
   * @param {(Annotation | undefined)[][]} lists
   */
  constructor(lists) {
    const known = lists.map((annotations) =>
      annotations.filter((one) => one !== undefined).filter((one) => keyOf(one.source) !== null),
    );
    const placed = known.map((list) =>
      list.filter(hasPlace).sort((one, other) => one.index - other.index),
    );
    const loose = known.map((list) => list.filter((one) => !hasPlace(one)));
    for (const { source } of [...placed.flat(), ...loose.flat()]) this.#number(source);
    this.placed = placed;
  }

  /** Tells whether the list would look the same. */
  get key() {
    return JSON.stringify(this.#sources);
  }

  /**
   * @param {Source} source
   * @returns {number}
   */
  #number(source) {
    const key = keyOf(source) ?? "";
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#sources.push(source);
    this.#numbers.set(key, this.#sources.length);
    return this.#sources.length;
  }

  /**
   * The marks of one text, for MarkdownView: one for each place, however many sources it names.
   * @param {number} text
   * @returns {Cite[]}
   */
  marks(text) {
    /** @type {Map<number, Source[]>} */
    const places = new Map();
    for (const { index, source } of this.placed[text] ?? []) {
      places.set(index, [...(places.get(index) ?? []), source]);
    }
    return [...places].map(([at, sources]) => {
      const numbered = new Map(sources.map((source) => [this.#number(source), source]));
      const build = () => el("sup", { className: "cites" }, ...[...numbered].map(markNode));
      return { at, key: JSON.stringify([...numbered]), build };
    });
  }

  /** The entries of the list below the answer. */
  entries() {
    return this.#sources.map((source, place) => {
      const number = el("span", {
        className: "source-number",
        "aria-hidden": "true",
        textContent: String(place + 1),
      });
      const shown = linkTo(source) ?? el("span", {});
      shown.append(titleOf(source));
      const more =
        source.type === "url"
          ? (source.attribution ?? hostOf(source.url ?? ""))
          : source.description;
      const note =
        typeof more === "string" && more !== "" && more !== titleOf(source) ? more : null;
      return el(
        "li",
        { tabIndex: -1, dir: "auto", "data-source": place + 1 },
        number,
        shown,
        note && el("span", { className: "source-note", textContent: note }),
      );
    });
  }
}

/**
 * @param {Annotation} annotation
 * @returns {annotation is Annotation & { index: number }}
 */
const hasPlace = (annotation) =>
  typeof annotation.index === "number" &&
  Number.isInteger(annotation.index) &&
  annotation.index >= 0;

/**
 * A link to where the source is; null when it is no address, or a hostile one.
 * @param {Source} source
 */
function linkTo({ type, url }) {
  return type === "url" && typeof url === "string" ? outsideLink(url) : null;
}

/** @param {string} url */
function hostOf(url) {
  try {
    return new URL(url).hostname.replace(/^www\./, "");
  } catch {
    return null;
  }
}

/** @param {[number, Source]} numbered */
function markNode([number, source]) {
  const label = say("page.source", { number, title: titleOf(source) });
  const text =
    typeof source.inline_label === "string" && source.inline_label !== ""
      ? source.inline_label
      : number;
  const mark = linkTo(source) ?? el("button", { type: "button", "data-cite": number });
  mark.setAttribute("aria-label", label);
  mark.title = label;
  mark.className = "cite";
  mark.append(String(text));
  return mark;
}

/**
 * A click on a mark that leads to no other page shows its entry in the list.
 * @param {Event} event
 * @param {HTMLElement} list
 */
export function showSource(event, list) {
  const number = around(event, "[data-cite]")?.dataset.cite;
  if (number !== undefined) find(list, `[data-source="${number}"]`, HTMLElement).focus();
}
