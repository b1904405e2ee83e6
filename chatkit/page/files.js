// Files as they are shown: a thumbnail for an image, else a chip with the name.

import { el, icon } from "./dom.js";
import { language, say } from "./words.js";

/**
 * The address if an image may load from it, else null: over https, from this server, or from within
 * the page.
 * @param {unknown} raw
 */
export function imageAddress(raw) {
  if (typeof raw !== "string") return null;
  try {
    const url = new URL(raw, document.baseURI);
    const ours = url.origin === location.origin && url.protocol !== "data:";
    const inline = /^data:image\/(png|jpeg|gif|webp|avif|svg\+xml)[;,]/i.test(raw);
    return url.protocol === "https:" || ours || inline ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * An attachment of a message that was sent.
 * @param {Attachment} attachment
 */
export function attachmentNode({ name, type, preview_url: preview }) {
  const address = type === "image" ? imageAddress(preview) : null;
  if (address === null) return fileChip(name);
  const image = el("img", {
    className: "thumbnail",
    src: address,
    alt: say("page.attached_image", { name }),
    title: name,
    loading: "lazy",
  });
  image.addEventListener("error", () => image.replaceWith(fileChip(name))); // its address has expired
  return image;
}

/** @param {string} name */
const fileChip = (name) =>
  el(
    "span",
    { className: "attachment", dir: "auto" },
    icon("file"),
    el("span", { textContent: name }),
  );

/**
 * "820 KB": bytes for people, in the language of the page.
 * @param {number} bytes
 */
export function sizeText(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const place = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const unitDisplay = place === 0 ? "long" : "short";
  /** @type {Intl.NumberFormatOptions} */
  const format = { style: "unit", unit: units[place], unitDisplay, maximumFractionDigits: 1 };
  return new Intl.NumberFormat(language, format).format(bytes / 1000 ** place);
}

/** From which places the images of a thread may load. */
export class ImageHosts {
  /** @type {string[]} */
  #hosts = [];

  /**
   * Take over what a thread says. Returns whether that is new.
   * @param {Thread} thread
   */
  read({ allowed_image_domains: hosts }) {
    const before = this.#hosts;
    this.#hosts = hosts ?? ["*"]; // absent: from anywhere
    return this.#hosts.join() !== before.join();
  }

  /** @param {string} address */
  allow(address) {
    const url = URL.canParse(address) ? new URL(address) : null;
    if (url?.protocol !== "https:") return false;
    return this.#hosts.includes("*") || this.#hosts.includes(url.hostname);
  }
}
