// The list that opens when a person types @: tasks to mention (a combobox, as in WAI-ARIA).

import { ApiError } from "./api.js";
import { around, el } from "./dom.js";

/** @typedef {{ start: number, end: number, text: string }} Query */

const QUERY = /(?:^|[\s([{])@((?:[^\s@][^@\n]{0,39})?)$/;
const PAUSE = 120; // milliseconds without a key before the server is asked
const MOST = 8; // entries of the list

export class Mentions {
  /** @type {HTMLTextAreaElement} */
  #box;
  /** @type {import("./tags.js").Tags} */
  #tags;
  /** @type {(text: string) => Promise<Entity[]>} */
  #search;
  /** @type {Entity[]} */
  #found = [];
  #chosen = 0;
  /** @type {Query | null} */
  #query = null; // {start, end, text} while the caret is in one
  #asked = 0; // counts searches, so that a slow one does not replace a later one
  /** @type {Query | null} */
  #barren = null; // {start, text} of a query without results: longer ones have none either
  #off = false; // this server has nothing to mention

  /**
   * `search(text)` gives entities; `tags` takes the one that is chosen.
   * @param {HTMLTextAreaElement} box
   * @param {HTMLElement} list
   * @param {import("./tags.js").Tags} tags
   * @param {(text: string) => Promise<Entity[]>} search
   */
  constructor(box, list, tags, search) {
    this.#box = box;
    this.#tags = tags;
    this.#search = search;
    this.list = list;
    box.addEventListener("input", () => this.#look());
    box.addEventListener("click", () => this.#look());
    box.addEventListener("blur", () => this.close());
    box.addEventListener("keyup", ({ key }) => {
      if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(key)) this.#look();
    });
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the focus
    list.addEventListener("click", (event) => {
      const option = around(event, "[role=option]");
      if (option) this.#choose(Number(option.dataset.place));
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  /**
   * Take a key that belongs to the open list. Returns whether it was one.
   * @param {KeyboardEvent} event
   */
  takeKey({ key }) {
    if (!this.isOpen) return false;
    const count = this.#found.length;
    if (key === "ArrowDown") this.#mark((this.#chosen + 1) % count);
    else if (key === "ArrowUp") this.#mark((this.#chosen + count - 1) % count);
    else if (key === "Enter" || key === "Tab") this.#choose(this.#chosen);
    else if (key === "Escape") this.close();
    else return false;
    return true;
  }

  close() {
    this.#asked += 1;
    this.#query = null;
    this.list.hidden = true;
    for (const name of [
      "role",
      "aria-expanded",
      "aria-controls",
      "aria-activedescendant",
      "aria-autocomplete",
    ]) {
      this.#box.removeAttribute(name);
    }
  }

  #look() {
    const query = this.#off ? null : this.#queryAtCaret();
    if (query === null) {
      this.close();
      return;
    }
    this.#query = query;
    this.#asked += 1;
    const mine = this.#asked;
    setTimeout(async () => {
      if (mine !== this.#asked) return;
      const found = await this.#find(query.text);
      if (mine !== this.#asked) return;
      if (found.length === 0) {
        this.#barren = query;
        this.close();
      } else {
        this.#open(found);
      }
    }, PAUSE);
  }

  /** @returns {Query | null} */
  #queryAtCaret() {
    const { value, selectionStart: end, selectionEnd } = this.#box;
    if (end !== selectionEnd) return null;
    const match = QUERY.exec(value.slice(0, end));
    if (match === null) return null;
    const start = end - match[1].length - 1;
    const known = this.#tags.all.some((tag) => tag.start === start);
    const barren =
      this.#barren !== null &&
      this.#barren.start === start &&
      match[1].startsWith(this.#barren.text);
    return known || (barren && this.#barren?.text !== "") ? null : { start, end, text: match[1] };
  }

  /** @param {string} text */
  async #find(text) {
    try {
      return (await this.#search(text.trim())).slice(0, MOST);
    } catch (error) {
      // No list is no fault to speak of: the text is sent as it stands.
      if (error instanceof ApiError && error.status === 404) this.#off = true;
      return [];
    }
  }

  /** @param {Entity[]} found */
  #open(found) {
    this.#found = found;
    const groups = new Map();
    found.forEach((entity, place) => {
      const key = typeof entity.group === "string" ? entity.group : "";
      groups.set(key, [...(groups.get(key) ?? []), optionNode(entity, place)]);
    });
    const nodes = [...groups].map(([name, options]) =>
      name === ""
        ? el("div", {}, ...options)
        : el(
            "div",
            { role: "group", "aria-label": name },
            el("div", {
              className: "mention-group",
              "aria-hidden": "true",
              textContent: name,
              dir: "auto",
            }),
            ...options,
          ),
    );
    // Groups gather entries: the order of the list is the order of the keys.
    this.#found = nodes
      .flatMap((node) => optionsIn(node))
      .map((node, place) => {
        const entity = found[Number(node.dataset.place)];
        Object.assign(node, { id: `mention-${place}` });
        node.dataset.place = String(place);
        return entity;
      });
    this.list.replaceChildren(...nodes);
    this.list.hidden = false;
    const attributes = { role: "combobox", "aria-expanded": true, "aria-controls": this.list.id };
    for (const [name, value] of Object.entries({ ...attributes, "aria-autocomplete": "list" })) {
      this.#box.setAttribute(name, String(value));
    }
    this.#mark(0);
  }

  /** @param {number} place */
  #mark(place) {
    this.#chosen = place;
    for (const option of optionsIn(this.list)) {
      const selected = Number(option.dataset.place) === place;
      option.setAttribute("aria-selected", String(selected));
      if (selected) option.scrollIntoView({ block: "nearest" });
    }
    this.#box.setAttribute("aria-activedescendant", `mention-${place}`);
  }

  /** @param {number} place */
  #choose(place) {
    const { id, title, group, interactive, data } = this.#found[place];
    if (this.#query === null) return;
    const { start, end } = this.#query;
    /** @type {TagPart} */
    const part = {
      type: "input_tag",
      id,
      text: title,
      data: data ?? {},
      interactive: interactive === true,
    };
    this.close();
    this.#tags.insert(start, end, typeof group === "string" ? { ...part, group } : part);
  }
}

/**
 * @param {HTMLElement} node
 * @returns {HTMLElement[]}
 */
const optionsIn = (node) => [
  .../** @type {NodeListOf<HTMLElement>} */ (node.querySelectorAll("[role=option]")),
];

/**
 * @param {Entity} entity
 * @param {number} place
 */
const optionNode = ({ title }, place) =>
  el("div", {
    className: "mention",
    role: "option",
    "data-place": place,
    textContent: title,
    dir: "auto",
  });
