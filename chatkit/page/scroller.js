// Scrolling of the conversation: it follows the newest text until the reader goes up, and again once
// they are back at the end. That the end goes down is no reader's doing: a scroll event may be told
// when more has come already.

const NEAR_END = 60; // pixels
const AT_END = 2; // what rounding may leave

export class Scroller {
  #follows = true;
  #top = 0; // where the view was last

  /**
   * @param {HTMLElement} box
   * @param {HTMLElement} content
   * @param {HTMLElement} toEndButton
   */
  constructor(box, content, toEndButton) {
    this.box = box;
    this.button = toEndButton;
    box.addEventListener("scroll", () => this.#notice(), { passive: true });
    toEndButton.addEventListener("click", () => {
      this.toEnd();
      box.focus({ preventScroll: true }); // the button is gone now
    });
    const grown = new ResizeObserver(() => (this.#follows ? this.toEnd() : this.#notice()));
    grown.observe(content);
    grown.observe(box);
  }

  /** Show the end, and follow it from now on. */
  toEnd() {
    this.#follows = true;
    this.box.scrollTop = this.box.scrollHeight;
    this.#top = this.box.scrollTop;
    this.button.hidden = true;
  }

  /**
   * Make a change above `node`, with the view kept on what the reader sees.
   * @param {Element | null} node
   * @param {() => void} change
   */
  keep(node, change) {
    const top = node?.getBoundingClientRect().top ?? 0;
    change();
    if (!node) return;
    this.#follows = false;
    this.box.scrollTop += node.getBoundingClientRect().top - top;
    this.#top = this.box.scrollTop;
  }

  #notice() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const left = scrollHeight - scrollTop - clientHeight;
    if (scrollTop < this.#top) this.#follows = left < AT_END;
    else if (left < NEAR_END && scrollTop > this.#top) this.#follows = true;
    this.#top = scrollTop;
    this.button.hidden = this.#follows || left < NEAR_END;
  }
}
