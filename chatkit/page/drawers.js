// The side panes: columns where there is room, else drawers over the page with a button each.

import { find } from "./dom.js";

/**
 * Make `pane` a drawer below the width of `query`; `opener` opens it.
 * @param {HTMLElement} pane
 * @param {HTMLElement} opener
 * @param {string} query
 */
export function makeDrawer(pane, opener, query) {
  const app = find(document, "#app", HTMLElement);
  const backdrop = find(document, "#backdrop", HTMLElement);
  const closer = find(pane, ".drawer-close", HTMLButtonElement);
  const narrow = window.matchMedia(query);

  /** @param {boolean} open */
  const show = (open) => {
    pane.classList.toggle("is-open", open);
    backdrop.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    for (const other of app.children) {
      if (other instanceof HTMLElement) other.inert = open && other !== pane;
    }
  };
  const isOpen = () => pane.classList.contains("is-open");
  const close = () => {
    if (!isOpen()) return;
    show(false);
    opener.focus();
  };

  show(false);
  opener.addEventListener("click", () => {
    show(true);
    closer.focus();
  });
  closer.addEventListener("click", close);
  backdrop.addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    const inDialog = document.querySelector("dialog[open]") !== null;
    if (event.key === "Escape" && !inDialog) close();
  });
  narrow.addEventListener("change", () => {
    if (isOpen()) show(false);
  });
  return { close };
}
