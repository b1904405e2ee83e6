// Files on their way into a message: chips in the composer, each uploaded as soon as it is chosen.

import { ApiError } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { sizeText } from "./files.js";
import { words } from "./words.js";

const THUMBNAIL = 96; // pixels

export class Uploads {
  #api;
  #list;
  #onChange;
  #limits = null; // null while this server takes no files
  entries = [];

  /** `onChange()` is called when a file has come, gone, or is ready. */
  constructor(list, api, onChange) {
    this.#api = api;
    this.#list = list;
    this.#onChange = onChange;
  }

  /** `{max_bytes, max_count}`; either may be missing. */
  allow(limits) {
    this.#limits = limits;
  }

  get areAllowed() {
    return this.#limits !== null;
  }

  /** The attachments to send. */
  get ready() {
    return this.entries.filter(({ state }) => state === "ready").map(({ shown }) => shown);
  }

  get isBusy() {
    return this.entries.some(({ state }) => state === "sending");
  }

  add(files) {
    if (!this.areAllowed) return;
    for (const file of files) {
      const entry = new Upload(file, this.#api, {
        changed: () => this.#draw(),
        removed: (one) => this.#remove(one),
      });
      const { max_count: most = Infinity, max_bytes: bytes = Infinity } = this.#limits;
      const count = this.entries.filter(({ state }) => state !== "failed").length;
      this.entries.push(entry);
      if (count >= most) entry.fail(words.tooManyFiles(most));
      else if (file.size > bytes) entry.fail(words.fileTooLarge(sizeText(bytes)));
      else entry.start();
    }
    this.#draw();
  }

  /** Show these entries, such as those of another conversation. */
  set(entries) {
    this.entries = entries;
    for (const entry of entries) {
      entry.host = { changed: () => this.#draw(), removed: (one) => this.#remove(one) };
    }
    this.#draw();
  }

  #remove(entry) {
    const place = this.entries.indexOf(entry);
    this.entries = this.entries.filter((one) => one !== entry);
    entry.discard();
    this.#draw();
    const next = this.entries[Math.min(place, this.entries.length - 1)];
    next?.node.querySelector("button").focus();
  }

  #draw() {
    const nodes = this.entries.map(({ node }) => node);
    if (
      nodes.length !== this.#list.children.length ||
      nodes.some((node, i) => node !== this.#list.children[i])
    ) {
      this.#list.replaceChildren(...nodes);
    }
    this.#list.hidden = nodes.length === 0;
    this.#onChange();
  }
}

/** One file: `state` is "sending", "ready" or "failed". */
class Upload {
  state = "sending";
  #api;
  #file;
  #abort = new AbortController();
  #attachment = null; // as the server knows it

  constructor(file, api, host) {
    this.#api = api;
    this.#file = file;
    this.host = host;
    this.bar = el("progress", { max: 1, value: 0, "aria-label": words.uploading(file.name) });
    this.picture = el("span", { className: "chip-picture" }, icon("file"));
    this.note = el("span", { className: "chip-note", textContent: sizeText(file.size) });
    const remove = iconButton("close", words.removeFile(file.name), () => this.host.removed(this));
    this.node = el(
      "li",
      { className: "chip" },
      this.picture,
      el(
        "span",
        { className: "chip-text" },
        el("span", { className: "chip-name", textContent: file.name, dir: "auto" }),
        this.note,
      ),
      this.bar,
      remove,
    );
    if (file.type.startsWith("image/")) this.#drawThumbnail();
  }

  /** The attachment as a message shows it before the server has confirmed it. */
  get shown() {
    return this.thumbnail ? { ...this.#attachment, preview_url: this.thumbnail } : this.#attachment;
  }

  async start() {
    const { name, size, type } = this.#file;
    try {
      const params = { name, size, mime_type: type || "application/octet-stream" };
      const { upload_descriptor: target, ...attachment } = await this.#api.chat(
        "attachments.create",
        params,
      );
      this.#attachment = attachment;
      if (this.#abort.signal.aborted) {
        this.#forget();
        return;
      }
      const onProgress = (part) => (this.bar.value = part);
      await this.#api.upload(target, this.#file, { signal: this.#abort.signal, onProgress });
      this.state = "ready";
      this.bar.hidden = true;
      this.node.classList.add("is-ready");
      this.host.changed();
    } catch (error) {
      if (!this.#abort.signal.aborted)
        this.fail(error instanceof ApiError ? error.message : words.uploadFailed);
    }
  }

  fail(message) {
    this.state = "failed";
    this.bar.hidden = true;
    this.note.textContent = message;
    this.note.setAttribute("role", "alert");
    this.node.classList.add("is-failed");
    this.host.changed();
  }

  /** It is not wanted any more. */
  discard() {
    this.#abort.abort();
    this.#forget();
  }

  #forget() {
    const id = this.#attachment?.id;
    // Files that were never sent are cleared away by the server in any case.
    if (id) this.#api.chat("attachments.delete", { attachment_id: id }).catch(() => {});
  }

  async #drawThumbnail() {
    try {
      const bitmap = await createImageBitmap(this.#file, {
        resizeWidth: THUMBNAIL,
        resizeQuality: "medium",
      });
      const canvas = el("canvas", { width: bitmap.width, height: bitmap.height });
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      this.thumbnail = canvas.toDataURL("image/webp", 0.8);
      this.picture.replaceChildren(el("img", { src: this.thumbnail, alt: "" }));
    } catch {
      // An image that this browser cannot read keeps its icon.
    }
  }
}

/** Let `box` take files that are dropped on it, and `input` those that are pasted. */
export function takeFiles(box, input, uploads) {
  const holdsFiles = (event) => uploads.areAllowed && event.dataTransfer?.types.includes("Files");
  const mark = (over) => box.classList.toggle("is-drop", over);
  for (const kind of ["dragenter", "dragover"]) {
    box.addEventListener(kind, (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      mark(true);
    });
  }
  box.addEventListener(
    "dragleave",
    ({ relatedTarget }) => !box.contains(relatedTarget) && mark(false),
  );
  box.addEventListener("drop", (event) => {
    mark(false);
    if (!holdsFiles(event)) return;
    event.preventDefault();
    uploads.add(event.dataTransfer.files);
  });
  input.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files ?? [];
    // Office programs put a picture of the text beside the text: the text is what is meant.
    if (
      files.length === 0 ||
      !uploads.areAllowed ||
      event.clipboardData.types.includes("text/plain")
    )
      return;
    event.preventDefault();
    uploads.add(files);
  });
}
