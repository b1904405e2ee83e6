// The message box: it grows with its text, Enter sends, and Send becomes Stop while an answer runs.

import { words } from "./words.js";

export class Composer {
  /** `onSend(text)` and `onStop()` are called when the person asks for it. */
  constructor(form, { onSend, onStop }) {
    this.form = form;
    this.input = form.querySelector("textarea");
    this.send = form.querySelector("#send");
    this.stop = form.querySelector("#stop");
    this.onSend = onSend;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("keydown", (event) => {
      // keyCode 229: Safari ends a composition before it tells of the Enter that chose the word.
      const composing = event.isComposing || event.keyCode === 229;
      if (event.key !== "Enter" || event.shiftKey || composing) return;
      event.preventDefault();
      this.submit();
    });
    this.input.addEventListener("input", () => this.#fit());
    window.addEventListener("resize", () => this.#fit());
    this.stop.addEventListener("click", () => {
      onStop();
      this.focus();
    });
    this.setState({});
  }

  get text() {
    return this.input.value;
  }

  set text(value) {
    this.input.value = value;
    this.#fit();
  }

  focus() {
    this.input.focus();
  }

  /** Send what is written, if that is possible now. */
  submit() {
    const text = this.text.trim();
    if (text === "" || this.blocked) return;
    this.text = "";
    this.onSend(text);
  }

  /** `status` is a ThreadStatus: a locked or closed thread takes no message. */
  setState({ busy = false, allowCancel = true, status = { type: "active" } }) {
    const shut = status.type === "locked" || status.type === "closed";
    this.blocked = busy || shut;
    this.input.disabled = shut;
    this.input.placeholder = shut ? status.reason || words[status.type] : words.messagePlaceholder;
    const stoppable = busy && allowCancel;
    const hadFocus = document.activeElement === this.stop || document.activeElement === this.send;
    this.stop.hidden = !stoppable;
    this.send.hidden = stoppable;
    if (hadFocus) this.focus(); // the button under the focus may be gone
    this.#fit();
  }

  #fit() {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight}px`; // CSS sets the limit
    this.send.disabled = this.blocked || this.text.trim() === "";
  }
}
