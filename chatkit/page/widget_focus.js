// Keeps the focus of the keyboard where it was while a widget is built anew around it.

/**
 * Where the focus is: the keys of the parts around it, and its place among their controls.
 *
 * @typedef {object} Memo
 * @property {HTMLElement} element
 * @property {string[]} path
 * @property {number} index
 * @property {[number, number] | null} selection
 */

const FOCUSABLE =
  "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled)";

export class FocusKeeper {
  /** @type {HTMLElement} */
  #root;
  /** @type {Memo | null} */
  #held = null; // what is remembered while the whole widget is inert

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /**
   * Where the focus is below `part`, the root's part; null when it is elsewhere.
   * @param {Part | null} part
   * @returns {Memo | null}
   */
  remember(part) {
    if (this.#held !== null) return this.#held;
    const element = document.activeElement;
    if (part === null || !(element instanceof HTMLElement)) return null;
    if (!part.node.contains(element)) return null;
    /** @type {string[]} */
    const path = [];
    let owner = part;
    for (;;) {
      const inner = owner.children.find((child) => child.node.contains(element));
      if (!inner) break;
      path.push(inner.key);
      owner = inner;
    }
    const index = controlsOf(owner).indexOf(element);
    return { element, path, index, selection: selectionOf(element) };
  }

  /**
   * Put the focus back after a drawing; `wished` is a new control that asks for it.
   * @param {Memo | null} memo
   * @param {Part | null} part
   * @param {HTMLElement | null | undefined} wished
   */
  restore(memo, part, wished) {
    if (memo === null) return;
    const heir = wished ?? (this.#root.contains(memo.element) ? memo.element : heirOf(memo, part));
    if (this.#held !== null) this.#held = { ...memo, element: heir ?? memo.element };
    else if (heir !== document.activeElement) focus(heir ?? this.#root, memo);
  }

  /** @param {Part | null} part */
  hold(part) {
    this.#held = this.remember(part);
  }

  release() {
    const memo = this.#held;
    this.#held = null;
    const left = document.activeElement === document.body || document.activeElement === null;
    if (memo !== null && left) {
      focus(this.#root.contains(memo.element) ? memo.element : this.#root, memo);
    }
  }
}

/**
 * The focusable elements of a part that no part within it holds.
 * @param {Part} part
 */
function controlsOf(part) {
  const inner = part.children.map(({ node }) => node);
  /** @type {HTMLElement[]} */
  const all = [...part.node.querySelectorAll(FOCUSABLE)].filter(
    (one) => one instanceof HTMLElement,
  );
  const own = part.node;
  if (own instanceof HTMLElement && own.matches(FOCUSABLE)) all.unshift(own);
  return all.filter((element) => !inner.some((node) => node.contains(element)));
}

/**
 * The element that stands where the remembered one stood, or the first one near that place.
 * @param {Memo} memo
 * @param {Part | null} root
 */
function heirOf({ path, index }, root) {
  if (root === null) return null;
  let part = root;
  for (const key of path) {
    const next = part.children.find((child) => child.key === key);
    if (!next) return movedTo(root, path[path.length - 1], index) ?? firstOf(part);
    part = next;
  }
  return controlsOf(part)[index] ?? firstOf(part);
}

/**
 * A component with a name of its own keeps it when it moves into another frame.
 * @param {Part} part
 * @param {string} key
 * @param {number} index
 * @returns {HTMLElement | null}
 */
function movedTo(part, key, index) {
  if (!key.includes('","')) return null;
  if (part.key === key) return controlsOf(part)[index] ?? null;
  for (const child of part.children) {
    const found = movedTo(child, key, index);
    if (found) return found;
  }
  return null;
}

/**
 * @param {Part} part
 * @returns {HTMLElement | null}
 */
const firstOf = (part) => part.node.querySelector(FOCUSABLE);

/**
 * @param {Element} element
 * @returns {element is HTMLInputElement | HTMLTextAreaElement}
 */
const isText = (element) =>
  element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;

/**
 * @param {Element} element
 * @returns {[number, number] | null}
 */
function selectionOf(element) {
  if (!isText(element)) return null;
  const { selectionStart: start, selectionEnd: end } = element;
  return start === null || end === null ? null : [start, end]; // null in inputs without a selection
}

/**
 * @param {HTMLElement | SVGSVGElement} element
 * @param {Memo} memo
 */
function focus(element, { selection }) {
  element.focus({ preventScroll: true });
  if (selection === null || !isText(element) || element.selectionStart === null) return;
  element.setSelectionRange(...selection);
}
