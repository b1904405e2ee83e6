// Keeps the focus of the keyboard where it was while a widget is built anew around it.

const FOCUSABLE =
  "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled)";

export class FocusKeeper {
  #root;
  #held = null; // what is remembered while the whole widget is inert

  constructor(root) {
    this.#root = root;
  }

  /** Where the focus is below `part`, the root's part; null when it is elsewhere. */
  remember(part) {
    if (this.#held !== null) return this.#held;
    const element = document.activeElement;
    if (part === null || !part.node.contains(element)) return null;
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

  /** Put the focus back after a drawing; `wished` is a new control that asks for it. */
  restore(memo, part, wished) {
    if (memo === null) return;
    const heir = wished ?? (this.#root.contains(memo.element) ? memo.element : heirOf(memo, part));
    if (this.#held !== null) this.#held = { ...memo, element: heir ?? memo.element };
    else if (heir !== document.activeElement) focus(heir ?? this.#root, memo);
  }

  hold(part) {
    this.#held = this.remember(part);
  }

  release() {
    const memo = this.#held;
    this.#held = null;
    const left = document.activeElement === document.body || document.activeElement === null;
    if (memo !== null && left)
      focus(this.#root.contains(memo.element) ? memo.element : this.#root, memo);
  }
}

/** The focusable elements of a part that no part within it holds. */
function controlsOf(part) {
  const inner = part.children.map(({ node }) => node);
  const all = [...part.node.querySelectorAll(FOCUSABLE)];
  if (part.node.matches(FOCUSABLE)) all.unshift(part.node);
  return all.filter((element) => !inner.some((node) => node.contains(element)));
}

/** The element that stands where the remembered one stood, or the first one near that place. */
function heirOf({ path, index }, root) {
  if (root === null) return null;
  let part = root;
  for (const key of path) {
    const next = part.children.find((child) => child.key === key);
    if (!next) return movedTo(root, path.at(-1), index) ?? firstOf(part);
    part = next;
  }
  return controlsOf(part)[index] ?? firstOf(part);
}

/** A component with a name of its own keeps it when it moves into another frame. */
function movedTo(part, key, index) {
  if (!key.includes('","')) return null;
  if (part.key === key) return controlsOf(part)[index] ?? null;
  for (const child of part.children) {
    const found = movedTo(child, key, index);
    if (found) return found;
  }
  return null;
}

const firstOf = (part) => part.node.querySelector(FOCUSABLE);

function selectionOf(element) {
  try {
    const { selectionStart: start, selectionEnd: end } = element;
    return typeof start === "number" ? [start, end] : null;
  } catch {
    return null; // a kind of input without a selection
  }
}

function focus(element, { selection }) {
  element.focus({ preventScroll: true });
  if (selection !== null && typeof element.selectionStart === "number")
    element.setSelectionRange(...selection);
}
