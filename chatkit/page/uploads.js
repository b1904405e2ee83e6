// Files on their way into a message: chips in the composer, each uploaded as soon as it is chosen.

import { ApiError } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { sizeText } from "./files.js";
import { say } from "./words.js";

/** @typedef {import("./api.js").Api} Api */
/** @typedef {{ changed: () => void, removed: (upload: Upload) => void }} UploadHost */

const THUMBNAIL = 96; // pixels

export class Uploads {
  /** @type {Api} */
  #api;
  /** @type {HTMLElement} */
  #list;
  /** @type {() => void} */
  #onChange;
  /** @type {FileLimits | null} */
  #limits = null; // null while this server takes no files
  /** @type {Upload[]} */
  entries = [];

  /**
   * `onChange()` is called when a file has come, gone, or is ready.
   * @param {HTMLElement} list
   * @param {Api} api
   * @param {() => void} onChange
   */
  constructor(list, api, onChange) {
    this.#api = api;
    this.#list = list;
    this.#onChange = onChange;
  }

  /**
   * `{maxSize, maxCount}`; either may be missing.
   * @param {FileLimits | null} limits
   */
  allow(limits) {
    this.#limits = limits;
  }

  get areAllowed() {
    return this.#limits !== null;
  }

  /** The attachments to send. */
  get ready() {
    return this.entries
      .filter(({ state }) => state === "ready")
      .flatMap(({ shown }) => shown ?? []);
  }

  get isBusy() {
    return this.entries.some(({ state }) => state === "sending");
  }

  /** @param {Iterable<File>} files */
  add(files) {
    if (this.#limits === null) return;
    for (const file of files) {
      const entry = new Upload(file, this.#api, {
        changed: () => this.#draw(),
        removed: (one) => this.#remove(one),
      });
      const { maxCount: most = Infinity, maxSize: bytes = Infinity } = this.#limits;
      const count = this.entries.filter(({ state }) => state !== "failed").length;
      this.entries.push(entry);
      if (count >= most) entry.fail(say("page.too_many_files", { count: most }));
      else if (file.size > bytes) entry.fail(say("page.file_too_large", { most: sizeText(bytes) }));
      else entry.start();
    }
    this.#draw();
  }

  /**
   * Show these entries, such as those of another conversation.
   * @param {Upload[]} entries
   */
  set(entries) {
    this.entries = entries;
    for (const entry of entries) {
      entry.host = { changed: () => this.#draw(), removed: (one) => this.#remove(one) };
    }
    this.#draw();
  }

  /** @param {Upload} entry */
  #remove(entry) {
    const place = this.entries.indexOf(entry);
    this.entries = this.entries.filter((one) => one !== entry);
    entry.discard();
    this.#draw();
    const next = this.entries[Math.min(place, this.entries.length - 1)];
    next?.node.querySelector("button")?.focus();
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
export class Upload {
  state = "sending";
  /** @type {Api} */
  #api;
  /** @type {File} */
  #file;
  #abort = new AbortController();
  /** @type {Attachment | null} */
  #attachment = null; // as the server knows it

  /**
   * @param {File} file
   * @param {Api} api
   * @param {UploadHost} host
   */
  constructor(file, api, host) {
    this.#api = api;
    this.#file = file;
    this.host = host;
    this.thumbnail = "";
    this.bar = el("progress", {
      max: 1,
      value: 0,
      "aria-label": say("page.uploading", { name: file.name }),
    });
    this.picture = el("span", { className: "chip-picture" }, icon("file"));
    this.note = el("span", { className: "chip-note", textContent: sizeText(file.size) });
    const remove = iconButton("close", say("page.remove_file", { name: file.name }), () =>
      this.host.removed(this),
    );
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
    const attachment = this.#attachment;
    return attachment && this.thumbnail
      ? { ...attachment, preview_url: this.thumbnail }
      : attachment;
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
      /** @param {number} part */
      const onProgress = (part) => (this.bar.value = part);
      await this.#api.upload(target, this.#file, { signal: this.#abort.signal, onProgress });
      this.state = "ready";
      this.bar.hidden = true;
      this.node.classList.add("is-ready");
      this.host.changed();
    } catch (error) {
      if (!this.#abort.signal.aborted) {
        this.fail(error instanceof ApiError ? error.message : say("page.upload_failed"));
      }
    }
  }

  /** @param {string} message */
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
      canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
      this.thumbnail = canvas.toDataURL("image/webp", 0.8);
      this.picture.replaceChildren(el("img", { src: this.thumbnail, alt: "" }));
    } catch {
      // An image that this browser cannot read keeps its icon.
    }
  }
}

/**
 * Let `box` take files that are dropped on it, and `input` those that are pasted.
 * @param {HTMLElement} box
 * @param {HTMLElement} input
 * @param {Uploads} uploads
 */
export function takeFiles(box, input, uploads) {
  /** @param {DragEvent} event */
  const holdsFiles = ({ dataTransfer }) =>
    uploads.areAllowed && dataTransfer?.types.includes("Files") ? dataTransfer : null;
  /** @param {boolean} over */
  const mark = (over) => box.classList.toggle("is-drop", over);
  for (const kind of /** @type {("dragenter" | "dragover")[]} */ (["dragenter", "dragover"])) {
    box.addEventListener(kind, (event) => {
      const dragged = holdsFiles(event);
      if (dragged === null) return;
      event.preventDefault();
      dragged.dropEffect = "copy";
      mark(true);
    });
  }
  box.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && box.contains(relatedTarget))) mark(false);
  });
  box.addEventListener("drop", (event) => {
    mark(false);
    const dropped = holdsFiles(event);
    if (dropped === null) return;
    event.preventDefault();
    uploads.add(dropped.files);
  });
  input.addEventListener("paste", (event) => {
    const pasted = event.clipboardData;
    if (!pasted || pasted.files.length === 0 || !uploads.areAllowed) return;
    // Office programs put a picture of the text beside the text: the text is what is meant.
    if (pasted.types.includes("text/plain")) return;
    event.preventDefault();
    uploads.add(pasted.files);
  });
}
