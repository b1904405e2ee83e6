// Replying to a part of an answer: text selected in one offers a button.

import { el, icon } from "./dom.js";
import { say } from "./words.js";

const MOST = 2000; // characters of a quote
const GAP = 6; // pixels

/**
 * Watch selections within `box`; `onReply(text)` is called when the person wants to reply to one.
 * @param {HTMLElement} box
 * @param {(text: string) => void} onReply
 */
export function offerReplies(box, onReply) {
  const button = el(
    "button",
    { type: "button", className: "reply", hidden: true },
    icon("reply"),
    el("span", { textContent: say("page.reply") }),
  );
  box.append(button);

  const draw = () => {
    const found = selectedAnswer(box);
    button.hidden = found === null;
    if (found === null) return;
    const frame = box.getBoundingClientRect();
    const place = found.rect.bottom - frame.top + box.scrollTop + GAP;
    const left = found.rect.left + found.rect.width / 2 - frame.left - button.offsetWidth / 2;
    button.style.top = `${place}px`;
    button.style.left = `${Math.min(Math.max(GAP, left), frame.width - button.offsetWidth - GAP)}px`;
  };

  let timer = 0;
  document.addEventListener("selectionchange", () => {
    clearTimeout(timer);
    timer = setTimeout(draw, 150); // while it is being dragged it changes with every move
  });
  button.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the selection
  button.addEventListener("click", () => {
    const found = selectedAnswer(box);
    if (found === null) return;
    getSelection()?.removeAllRanges();
    button.hidden = true;
    onReply(found.text);
  });
}

/**
 * `{text, rect}` of a selection that lies within one answer, or null.
 * @param {HTMLElement} box
 */
function selectedAnswer(box) {
  const selection = getSelection();
  if (selection === null || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  const body = range.startContainer.parentElement?.closest(".from-assistant .body");
  // A triple click selects up to the beginning of what comes next.
  if (!body || !box.contains(body) || (!body.contains(range.endContainer) && range.endOffset > 0)) {
    return null;
  }
  const text = selection.toString().trim().slice(0, MOST);
  return text === "" ? null : { text, rect: range.getBoundingClientRect() };
}
