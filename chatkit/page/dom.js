// Small helpers to build DOM nodes. Text always becomes a text node, never markup.

import { say } from "./words.js";

/**
 * A row of a list that is kept between drawings.
 *
 * @template Entry
 * @typedef {{ node: HTMLElement, update: (entry: Entry) => void }} ListRow
 */

/**
 * A new element. `props` are set as DOM properties where the name is one (`className`, `type`,
 * `disabled` …); names with a dash, and `role`, are attributes; `on` holds listeners by event name.
 * Children that are null or false are left out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Props<HTMLElementTagNameMap[Tag]>} props
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  const { on = {}, ...rest } = props;
  for (const [event, listener] of Object.entries(on)) {
    node.addEventListener(event, /** @type {EventListener} */ (listener));
  }
  for (const [name, value] of Object.entries(rest)) {
    if (name.includes("-") || name === "role") {
      node.setAttribute(name, String(value));
    } else {
      Object.assign(node, { [name]: value });
    }
  }
  for (const child of children) {
    if (child instanceof Node || typeof child === "string") node.append(child);
  }
  return node;
}

/**
 * The element below `root` that `selector` finds. Throws an error where the markup has none, or one
 * that is no `kind`.
 *
 * @template {HTMLElement} Kind
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => Kind} kind
 */
export function find(root, selector, kind) {
  const node = root.querySelector(selector);
  if (node instanceof kind) return node;
  throw new Error(`no ${kind.name} at ${selector}`);
}

/**
 * The element around what an event has hit, or null.
 *
 * @param {Event} event
 * @param {string} selector
 */
export function around({ target }, selector) {
  const node = target instanceof Element ? target.closest(selector) : null;
  return node instanceof HTMLElement ? node : null;
}

const SVG = "http://www.w3.org/2000/svg";

// One path each, drawn on a 24 × 24 grid with a stroke of 2.
/** @type {Record<string, string>} */
const PATHS = {
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  pencil: "M4 20h4L19 9l-4-4L4 16v4zM13.5 6.5l4 4",
  trash: "M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7z",
  down: "M12 5v14M6 13l6 6 6-6",
  menu: "M4 6h16M4 12h16M4 18h10",
  list: "M4 6.5l1.5 1.5L8 5M4 12.5L5.5 14 8 11M4 18.5L5.5 20 8 17M12 6.5h8M12 12.5h8M12 18.5h8",
  alert: "M12 8v5M12 16.5v.01M12 3l9.5 17h-19z",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.5M12 7.5v.01",
  clip: "M20 11.5l-8.2 8.2a5 5 0 0 1-7-7l8.5-8.5a3.4 3.4 0 0 1 4.8 4.8l-8.5 8.4a1.7 1.7 0 0 1-2.4-2.4l7.8-7.7",
  microphone:
    "M12 3.5a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0v-5a3 3 0 0 0-3-3zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
  file: "M7 3.5h7l4 4v13H7zM13.5 3.5v4.5H18",
  search: "M11 4.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM16 16l4.5 4.5",
  reply: "M9.5 6L4 11.5 9.5 17M4 11.5h10a6 6 0 0 1 6 6v1",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3l2.2 2.2M19.5 4v5h-5",
  "thumb-up":
    "M7 11v9H4v-9zM7 11l4-7.5a2 2 0 0 1 2.5 2V9H19a1.5 1.5 0 0 1 1.5 1.8l-1.4 7.6A2 2 0 0 1 17 20H7",
  "thumb-down":
    "M7 13V4H4v9zM7 13l4 7.5a2 2 0 0 0 2.5-2V15H19a1.5 1.5 0 0 0 1.5-1.8l-1.4-7.6A2 2 0 0 0 17 4H7",
  database:
    "M12 4c4 0 7 1 7 2.5S16 9 12 9 5 8 5 6.5 8 4 12 4zM5 6.5v11C5 19 8 20 12 20s7-1 7-2.5v-11M5 12c0 1.5 3 2.5 7 2.5s7-1 7-2.5",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2",
};

/**
 * A decorative icon; the button around it carries the name.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/**
 * A button that shows an icon alone.
 * @param {string} name
 * @param {string} label
 * @param {(event: MouseEvent) => unknown} onClick
 */
export function iconButton(name, label, onClick) {
  return el(
    "button",
    {
      type: "button",
      className: "icon-button",
      "aria-label": label,
      title: label,
      on: { click: onClick },
    },
    icon(name),
  );
}

/**
 * A button, hidden at first, that shows more of a list; it is disabled while `load()` is under way.
 * @param {string} className
 * @param {string} label
 * @param {() => Promise<unknown>} load
 */
export function moreButton(className, label, load) {
  const button = el("button", {
    type: "button",
    className: `button ${className}`,
    textContent: label,
    hidden: true,
  });
  button.addEventListener("click", async () => {
    button.disabled = true;
    await load();
    button.disabled = false;
  });
  return button;
}

/**
 * A box for what went wrong or needs saying; `action` is `{label, run}` or null. One that is
 * `dismissible` has a button to close it.
 * @param {string | Node} message
 * @param {AlertOptions} options
 * @returns {HTMLElement}
 */
export function alertBox(
  message,
  { level = "danger", title = null, action = null, dismissible = false } = {},
) {
  /** @type {HTMLElement} */
  const box = el(
    "div",
    {
      className: `alert alert-${level}`,
      role: level === "danger" ? "alert" : "status",
      dir: "auto",
    },
    icon(level === "info" ? "info" : "alert"),
    el(
      "div",
      { className: "alert-body" },
      title ? el("strong", { textContent: title }) : null,
      message instanceof Node ? message : el("p", { textContent: message }),
    ),
    action
      ? el("button", {
          type: "button",
          className: "button",
          textContent: action.label,
          on: { click: action.run },
        })
      : null,
    dismissible && iconButton("close", say("page.dismiss"), () => box.remove()),
  );
  return box;
}

/**
 * Put the icons into the static page: `data-icon` names one.
 * @param {ParentNode} root
 */
export function drawIcons(root) {
  for (const node of root.querySelectorAll("[data-icon]")) {
    node.prepend(icon(node.getAttribute("data-icon") ?? ""));
  }
}

/**
 * Make the children of `list` match `entries`, keeping the nodes (and so the focus) of those that stay.
 * `rows` maps a key to `{node, update}` and is kept by the caller between calls.
 * @template Entry
 * @param {HTMLElement} list
 * @param {Map<string, ListRow<Entry>>} rows
 * @param {Entry[]} entries
 * @param {{ key: (entry: Entry) => string, build: (entry: Entry) => ListRow<Entry> }} how
 */
export function reconcile(list, rows, entries, { key, build }) {
  const wanted = new Set(entries.map(key));
  for (const [id, row] of rows) {
    if (!wanted.has(id)) {
      row.node.remove();
      rows.delete(id);
    }
  }
  let place = list.firstElementChild;
  for (const entry of entries) {
    let row = rows.get(key(entry));
    if (row) {
      row.update(entry);
    } else {
      row = build(entry);
      rows.set(key(entry), row);
    }
    if (row.node === place) place = place.nextElementSibling;
    else list.insertBefore(row.node, place);
  }
}

/**
 * Ask before something is lost. Resolves to true when the person agrees.
 * @param {{ title: string, text: string, action: string }} question
 * @returns {Promise<boolean>}
 */
export function confirmLoss({ title, text, action }) {
  const dialog = find(document, "#confirm", HTMLDialogElement);
  find(dialog, "h2", HTMLElement).textContent = title;
  find(dialog, "p", HTMLElement).textContent = text;
  find(dialog, "[value=yes]", HTMLElement).textContent = action;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/**
 * Put `text` on the clipboard and let `button` say so for a moment.
 * @param {string} text
 * @param {HTMLElement} button
 */
export async function copyText(text, button) {
  const label = find(button, ".button-label", HTMLElement);
  let outcome = say("page.copied");
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    outcome = say("page.copy_failed");
  }
  button.classList.toggle("is-done", outcome === say("page.copied"));
  label.textContent = outcome;
  setTimeout(() => {
    button.classList.remove("is-done");
    label.textContent = say("page.copy");
  }, 1600);
}
