// Speaking instead of typing: the recording is sent to the server, which gives the words.

import { ApiError } from "./api.js";
import { say } from "./words.js";

const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const MAX_RECORDING_MS = 120_000;

export class Dictation {
  /** @type {MediaRecorder | null} */
  #recorder = null;
  #busy = false;

  /**
   * `onText(text)` is given what was said, `onFault(message)` why it could not be.
   * @param {HTMLButtonElement} button
   * @param {import("./api.js").Api} api
   * @param {{ onText: (text: string) => void, onFault: (message: string) => void }} handlers
   */
  constructor(button, api, { onText, onFault }) {
    this.button = button;
    this.api = api;
    this.onText = onText;
    this.onFault = onFault;
    button.addEventListener("click", () =>
      this.#recorder ? this.#recorder.stop() : this.#record(),
    );
    this.#draw();
  }

  static get isPossible() {
    return Boolean(navigator.mediaDevices?.getUserMedia) && typeof MediaRecorder === "function";
  }

  async #record() {
    if (this.#busy) return;
    this.#busy = true;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      this.#busy = false;
      const refused = error instanceof DOMException && error.name === "NotAllowedError";
      this.onFault(refused ? say("page.microphone_refused") : say("page.no_microphone"));
      return;
    }
    const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    /** @type {Blob[]} */
    const pieces = [];
    const recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
    this.#recorder = recorder;
    const longest = setTimeout(() => this.#recorder?.stop(), MAX_RECORDING_MS);
    recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
    recorder.addEventListener("stop", () => {
      clearTimeout(longest);
      for (const track of stream.getTracks()) track.stop(); // lets the microphone go
      const { mimeType: kind } = recorder;
      this.#recorder = null;
      this.#transcribe(new Blob(pieces, { type: kind }), kind);
    });
    recorder.start();
    this.#draw();
  }

  /**
   * @param {Blob} blob
   * @param {string} mimeType
   */
  async #transcribe(blob, mimeType) {
    this.#draw();
    try {
      const audio = await base64Of(blob);
      const { text } = await this.api.chat("input.transcribe", {
        audio_base64: audio,
        mime_type: mimeType,
      });
      if (typeof text === "string" && text.trim() !== "") this.onText(text.trim());
      else this.onFault(say("page.nothing_heard"));
    } catch (error) {
      this.onFault(error instanceof ApiError ? error.message : say("page.server"));
    } finally {
      this.#busy = false;
      this.#draw();
    }
  }

  #draw() {
    const recording = this.#recorder !== null;
    const waiting = this.#busy && !recording;
    const label = recording
      ? say("page.stop_dictation")
      : waiting
        ? say("page.transcribing")
        : say("page.dictate");
    this.button.setAttribute("aria-pressed", String(recording));
    this.button.setAttribute("aria-label", label);
    this.button.title = label;
    this.button.disabled = waiting;
    this.button.classList.toggle("is-recording", recording);
  }
}

/**
 * @param {Blob} blob
 * @returns {Promise<string>}
 */
function base64Of(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result).split(",", 2)[1]));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });
}
