// The side panes: columns where there is room, else drawers over the page with a button each.

/** Make `pane` a drawer below the width of `query`; `opener` opens it. */
export function makeDrawer(pane, opener, query) {
  const app = document.getElementById("app");
  const backdrop = document.getElementById("backdrop");
  const narrow = window.matchMedia(query);

  const show = (open) => {
    pane.classList.toggle("is-open", open);
    backdrop.hidden = !open;
    opener.setAttribute("aria-expanded", open);
    for (const other of app.children) other.inert = open && other !== pane;
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
    pane.querySelector(".drawer-close").focus();
  });
  pane.querySelector(".drawer-close").addEventListener("click", close);
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
