// Server-sent events from a fetch body: bytes in any pieces to frames.
// The rules are those of the HTML standard, section "Interpreting an event stream".

/** @typedef {{ event: string, data: string, id: string }} Frame */

const LINE_END = /\r\n|\r|\n/g;

/** Text in any pieces -> frames `{event, data, id}`. A frame that no blank line ends is dropped. */
class FrameDecoder {
  #partial = "";
  #endedInCr = false;
  /** @type {string[]} */
  #data = [];
  #event = "";
  #id = "";

  /**
   * The frames that `text` completes, in order.
   * @param {string} text
   */
  push(text) {
    /** @type {Frame[]} */
    const frames = [];
    if (text === "") return frames;
    // A CRLF that was cut in two: its CR has ended the line already.
    let start = this.#endedInCr && text[0] === "\n" ? 1 : 0;
    this.#endedInCr = text.endsWith("\r");
    LINE_END.lastIndex = start;
    for (let end = LINE_END.exec(text); end !== null; end = LINE_END.exec(text)) {
      this.#line(this.#partial + text.slice(start, end.index), frames);
      this.#partial = "";
      start = LINE_END.lastIndex;
    }
    this.#partial += text.slice(start);
    return frames;
  }

  /**
   * @param {string} line
   * @param {Frame[]} frames
   */
  #line(line, frames) {
    if (line === "") {
      if (this.#data.length > 0) {
        const event = this.#event || "message";
        frames.push({ event, data: this.#data.join("\n"), id: this.#id });
      }
      this.#data = [];
      this.#event = "";
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon); // a comment has the empty name
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
  }
}

/**
 * Frames of a `ReadableStream` of bytes, as they arrive. Leaving the loop cancels the stream.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @returns {AsyncGenerator<Frame, void>}
 */
export async function* readFrames(body) {
  const reader = body.getReader();
  const utf8 = new TextDecoder(); // keeps a character that is cut at the end of a chunk
  const decoder = new FrameDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* decoder.push(utf8.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => {}); // it may have failed already, which was told by read()
  }
}
