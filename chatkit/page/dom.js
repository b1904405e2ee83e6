// Small helpers to build DOM nodes. Text always becomes a text node, never markup.

import { words } from "./words.js";

/**
 * A new element. `props` are set as DOM properties where the name is one (`className`, `type`,
 * `disabled` …); names with a dash, and `role`, are attributes; `on` holds listeners by event name.
 * Children that are null or false are left out.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    } else if (name.includes("-") || name === "role") {
      node.setAttribute(name, value);
    } else {
      node[name] = value;
    }
  }
  node.append(...children.filter((child) => child !== null && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

// One path each, drawn on a 24 × 24 grid with a stroke of 2.
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

/** A decorative icon; the button around it carries the name. */
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

/** A button that shows an icon alone. */
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

/** A button, hidden at first, that shows more of a list; it is disabled while `load()` is under way. */
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
 */
export function alertBox(
  message,
  { level = "danger", title = null, action = null, dismissible = false } = {},
) {
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
    dismissible && iconButton("close", words.dismiss, () => box.remove()),
  );
  return box;
}

/** Fill in the words of the static page: `data-text`, `data-label` and `data-placeholder`. */
export function fillWords(root) {
  for (const node of root.querySelectorAll("[data-text]")) {
    node.textContent = words[node.dataset.text];
  }
  for (const node of root.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", words[node.dataset.label]);
    if (node.tagName === "BUTTON") node.title = words[node.dataset.label];
  }
  for (const node of root.querySelectorAll("[data-placeholder]")) {
    node.placeholder = words[node.dataset.placeholder];
  }
  for (const node of root.querySelectorAll("[data-icon]")) {
    node.prepend(icon(node.dataset.icon));
  }
}

/**
 * Make the children of `list` match `entries`, keeping the nodes (and so the focus) of those that stay.
 * `rows` maps a key to `{node, update}` and is kept by the caller between calls.
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

/** Ask before something is lost. Resolves to true when the person agrees. */
export function confirmLoss({ title, text, action }) {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("p").textContent = text;
  dialog.querySelector("[value=yes]").textContent = action;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Put `text` on the clipboard and let `button` say so for a moment. */
export async function copyText(text, button) {
  const label = button.querySelector(".button-label");
  let outcome = words.copied;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    outcome = words.copyFailed;
  }
  button.classList.toggle("is-done", outcome === words.copied);
  label.textContent = outcome;
  setTimeout(() => {
    button.classList.remove("is-done");
    label.textContent = words.copy;
  }, 1600);
}
