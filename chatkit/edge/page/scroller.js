// Scrolling of the conversation: it follows the newest text only while the reader is at the end.

const NEAR_END = 60; // pixels

export class Scroller {
  #follows = true;

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
    this.button.hidden = true;
  }

  /** Keep the view on what the reader sees after something was put above it. */
  moveBy(pixels) {
    this.#follows = false;
    this.box.scrollTop += pixels;
  }

  #notice() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    this.#follows = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.button.hidden = this.#follows;
  }
}
