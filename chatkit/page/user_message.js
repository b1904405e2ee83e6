// What the person wrote: text with tags in it, a quote, attached files.

import { localTime } from "./dates.js";
import { el } from "./dom.js";
import { attachmentNode } from "./files.js";
import { Row } from "./rows.js";
import { say } from "./words.js";

export class UserRow extends Row {
  /** @param {UserMessage | UnsentMessage} item */
  constructor(item) {
    super(item.type, "from-user", say("page.you"));
    this.time = el("time", {});
    this.article.append(this.time);
    this.update(item);
  }

  /** @param {UserMessage | UnsentMessage} item */
  update(item) {
    this.body.replaceChildren();
    if (item.quoted_text) {
      this.body.append(el("blockquote", { textContent: item.quoted_text, dir: "auto" }));
    }
    const text = el("p", { dir: "auto" });
    for (const part of item.content ?? []) {
      if (part.type === "input_tag") text.append(tagNode(part));
      else if (typeof part.text === "string") text.append(part.text);
    }
    if (text.hasChildNodes()) this.body.append(text);
    const files = (item.attachments ?? []).map((file) => el("li", {}, attachmentNode(file)));
    if (files.length > 0) {
      this.body.append(
        el("ul", { className: "files", "aria-label": say("page.attachments") }, ...files),
      );
    }
    this.body.hidden = !this.body.hasChildNodes();
    const { short, full } = localTime(item.created_at);
    Object.assign(this.time, { textContent: short, title: full, dateTime: item.created_at });
  }
}

/** @param {TagPart} tag */
const tagNode = ({ text, group }) =>
  el("span", {
    className: "tag",
    textContent: text,
    title: typeof group === "string" ? group : "",
  });
