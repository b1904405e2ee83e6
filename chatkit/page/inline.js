// Inline Markdown (emphasis, code spans, links, line breaks) to DOM nodes.
//
// The text is the model's, so it is hostile until shown otherwise: nothing here makes markup out of
// it, links go to http, https and mailto alone, images are links unless their host is allowed (an image
// that loads by itself could carry data out of the conversation in its address), and every scan is
// linear or capped.
// Emphasis follows the delimiter algorithm of CommonMark 0.31, with two deviations that suit chat:
// a line break in the text is a line break, and only ASCII punctuation counts as punctuation beside
// a delimiter (otherwise **“…”** inside Chinese or Japanese text would not be bold).

import { el } from "./dom.js";
import { say } from "./words.js";

/**
 * A run of delimiters, in a chain with those around it.
 *
 * @typedef {object} Delimiter
 * @property {"delimiter"} kind
 * @property {number} end
 * @property {string} mark
 * @property {number} count how many of its characters are not used yet
 * @property {number} length
 * @property {boolean} canOpen
 * @property {boolean} canClose
 * @property {("s" | "strong" | "em")[]} opens
 * @property {number[]} closes
 * @property {Delimiter | null} before
 * @property {Delimiter | null} after
 */

/** @typedef {{ kind: "text", text: string, plain?: boolean, end: number }} TextToken */
/** @typedef {{ kind: "open", image: boolean, address: string, end: number }} OpenToken */
/** @typedef {{ kind: "address", address: string, text: string, end: number }} AddressToken */
/** @typedef {{ kind: "code", text: string, end: number }} CodeToken */
/** @typedef {{ kind: "break" | "close", end: number }} BareToken */
/** @typedef {TextToken | OpenToken | AddressToken | CodeToken | BareToken | Delimiter} Token */
/** @typedef {{ kind: string, text?: string, address?: string, end?: number }} Unplaced */

/**
 * @typedef {object} Opened
 * @property {HTMLElement} node what is to be filled
 * @property {boolean} counts whether it is a link or an image
 * @property {(node: HTMLElement) => void} [close] what to do in the end
 */

const MAX_RUN = 50_000; // characters; a longer paragraph is shown as it stands
const MAX_DEPTH = 20; // elements within elements
const MAX_ADDRESS = 2000;
const MAX_TITLE = 500;

const SPECIAL = /[\\`*_~[\]!<&\nhH]/g;
const BARE_URL = /https?:\/\/[^\s<>`\u3000-\u303f\uff00-\uffef]+/iy;
const ANGLE_URL = /<((?:https?:\/\/|mailto:)[^\s<>]{1,2000}|[\w.+-]{1,64}@[\w.-]{1,255})>/iy;
const ANGLE_BREAK = /<br[ \t]*\/?>/iy;
const ENTITY = /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]{2,6}));/iy;
/** @type {Record<string, string>} */
const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const WORD = /[\p{L}\p{N}]/u;

/**
 * Append what `text` says to `parent`. `marks` are nodes to put in, `{at, node}` in the order of their
 * offsets in `text`; they change nothing about how the text is read. `showsImage(address)` tells
 * whether an image may load.
 * @param {HTMLElement} parent
 * @param {string} text
 * @param {{ marks?: Mark[], showsImage?: ShowsImage }} options
 */
export function appendInline(parent, text, { marks = [], showsImage = () => false } = {}) {
  if (text.length > MAX_RUN) {
    parent.append(text, ...marks.map(({ node }) => node));
    return;
  }
  build(parent, tokenize(text), { marks: [...marks], showsImage });
}

/**
 * The address if it may be linked, else null. Relative and unknown schemes are refused.
 * @param {string} raw
 */
function safeAddress(raw) {
  try {
    const url = new URL(raw); // drops the tabs and line breaks that hide a scheme
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * A link out of the page, or null when its address is refused.
 * @param {string} raw
 */
export function outsideLink(raw) {
  const address = safeAddress(raw);
  if (address === null) return null;
  return el("a", { href: address, title: address, target: "_blank", rel: "noopener noreferrer" });
}

// ---- Text to tokens -------------------------------------------------------------------------------

/**
 * @param {string} text
 * @returns {Token[]}
 */
function tokenize(text) {
  /** @type {Token[]} */
  const tokens = [];
  /** @type {{ token: TextToken, image: boolean, active: boolean, bottom: Delimiter | null }[]} */
  const brackets = [];
  const codeRunsMissing = new Set(); // lengths of backtick runs that close nowhere ahead
  /** @type {Delimiter | null} */
  let lastDelimiter = null;
  let plainFrom = 0;
  let at = 0;

  /** @param {number} end */
  const flush = (end) => {
    if (end > plainFrom) {
      tokens.push({ kind: "text", text: text.slice(plainFrom, end), end, plain: true });
    }
  };
  /**
   * Take `token` for the characters up to `end`.
   *
   * @param {number} end
   * @param {...Unplaced} taken
   */
  const take = (end, ...taken) => {
    flush(at);
    for (const token of taken) tokens.push(/** @type {Token} */ (Object.assign(token, { end })));
    at = plainFrom = end;
  };

  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const found = SPECIAL.exec(text);
    if (found === null) break;
    at = found.index;
    const mark = found[0];
    const next = text[at + 1];
    if (mark === "\n") {
      let end = at;
      while (end > plainFrom && (text[end - 1] === " " || text[end - 1] === "\t")) end -= 1;
      flush(end);
      plainFrom = at;
      take(at + 1, { kind: "break" });
      while (text[at] === " " || text[at] === "\t") at = plainFrom = at + 1;
    } else if (mark === "\\" && next !== undefined && PUNCTUATION.test(next)) {
      take(at + 2, { kind: "text", text: next });
    } else if (mark === "\\" && next === "\n") {
      take(at + 1);
    } else if (mark === "`") {
      const run = runLength(text, at);
      const close = codeRunsMissing.has(run) ? -1 : findRun(text, at + run, run);
      if (close < 0) {
        codeRunsMissing.add(run);
        at += run;
      } else {
        take(close + run, { kind: "code", text: codeText(text.slice(at + run, close)) });
      }
    } else if (mark === "*" || mark === "_" || mark === "~") {
      const run = runLength(text, at);
      if (mark === "~" && run !== 2) {
        at += run;
        continue;
      }
      /** @type {Delimiter} */
      const delimiter = {
        kind: "delimiter",
        ...flanks(text, at, run),
        mark,
        count: run,
        length: run,
        opens: [],
        closes: [],
        before: lastDelimiter,
        after: null,
        end: at + run,
      };
      if (lastDelimiter) lastDelimiter.after = delimiter;
      lastDelimiter = delimiter;
      take(at + run, delimiter);
    } else if (mark === "[" || (mark === "!" && next === "[")) {
      const width = mark === "!" ? 2 : 1;
      /** @type {TextToken} */
      const token = { kind: "text", text: text.slice(at, at + width), end: at + width };
      take(at + width, token);
      brackets.push({ token, image: width === 2, active: true, bottom: lastDelimiter });
    } else if (mark === "]" && brackets.length > 0) {
      const bracket = brackets[brackets.length - 1];
      brackets.pop();
      const tail = bracket.active ? linkTail(text, at + 1) : null;
      if (tail === null) {
        at += 1;
        continue;
      }
      flush(at);
      plainFrom = at;
      lastDelimiter = matchEmphasis(lastDelimiter, bracket.bottom);
      Object.assign(bracket.token, { kind: "open", image: bracket.image, address: tail.address });
      take(tail.end, { kind: "close" });
      // No links within links: an earlier bracket cannot open one any more.
      for (let i = brackets.length - 1; i >= 0 && brackets[i].active && !bracket.image; i -= 1) {
        brackets[i].active = false;
      }
    } else if (mark === "<" && match(ANGLE_BREAK, text, at)) {
      take(ANGLE_BREAK.lastIndex, { kind: "break" });
    } else if (mark === "<" && match(ANGLE_URL, text, at)) {
      const shown = text.slice(at + 1, ANGLE_URL.lastIndex - 1);
      const address = /^(https?:|mailto:)/i.test(shown) ? shown : `mailto:${shown}`;
      take(ANGLE_URL.lastIndex, { kind: "address", address, text: shown });
    } else if (mark === "&") {
      const entity = match(ENTITY, text, at);
      const decoded = entity ? decodeEntity(entity) : null;
      if (decoded === null) at += 1;
      else take(ENTITY.lastIndex, { kind: "text", text: decoded });
    } else if ((mark === "h" || mark === "H") && !WORD.test(text[at - 1] ?? "")) {
      const shown = bareUrl(text, at, brackets.length > 0);
      if (shown === null) at += 1;
      else take(at + shown.length, { kind: "address", address: shown, text: shown });
    } else {
      at += 1;
    }
  }
  flush(text.length);
  matchEmphasis(lastDelimiter, null);
  return tokens;
}

/**
 * @param {RegExp} pattern
 * @param {string} text
 * @param {number} at
 */
function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/**
 * @param {string} text
 * @param {number} at
 */
function runLength(text, at) {
  let end = at + 1;
  while (text[end] === text[at]) end += 1;
  return end - at;
}

/**
 * Where the next run of exactly `length` backticks begins, or -1.
 * @param {string} text
 * @param {number} from
 * @param {number} length
 */
function findRun(text, from, length) {
  for (let at = text.indexOf("`", from); at >= 0;) {
    const run = runLength(text, at);
    if (run === length) return at;
    at = text.indexOf("`", at + run);
  }
  return -1;
}

/** @param {string} raw */
function codeText(raw) {
  const text = raw.replaceAll("\n", " ");
  const padded = text.startsWith(" ") && text.endsWith(" ") && text.trim() !== "";
  return padded ? text.slice(1, -1) : text;
}

/** @param {RegExpExecArray} entity */
function decodeEntity([, hex, decimal, name]) {
  if (name !== undefined) return NAMED[name] ?? null;
  const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  const valid = point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  return valid ? String.fromCodePoint(point) : "\ufffd";
}

/**
 * The address that begins at `at`, without the punctuation of the sentence around it; or null.
 * @param {string} text
 * @param {number} at
 * @param {boolean} inBrackets
 */
function bareUrl(text, at, inBrackets) {
  const found = match(BARE_URL, text, at);
  if (found === null) return null;
  let url = found[0];
  if (inBrackets && url.includes("]")) url = url.slice(0, url.indexOf("]"));
  let unopened = 0; // closing brackets without an opening one
  for (const mark of url) unopened += mark === ")" ? 1 : mark === "(" ? -1 : 0;
  let end = url.length;
  for (; end > 0; end -= 1) {
    const last = url[end - 1];
    if (last === ")" && unopened > 0) unopened -= 1;
    else if (!"?!.,:;*_~'\"|]".includes(last)) break;
  }
  url = url.slice(0, end);
  return safeAddress(url) === null ? null : url;
}

/**
 * The `(address "title")` after a link's text, as `{address, end}`, or null. The title is dropped.
 * @param {string} text
 * @param {number} from
 */
function linkTail(text, from) {
  if (text[from] !== "(") return null;
  let at = skipSpace(text, from + 1);
  let address;
  if (text[at] === "<") {
    const close = text.slice(at, at + MAX_ADDRESS).search(/[>\n]/);
    if (close < 0 || text[at + close] !== ">") return null;
    address = text.slice(at + 1, at + close);
    at += close + 1;
  } else {
    const start = at;
    for (let depth = 0; at < text.length && at - start < MAX_ADDRESS; at += 1) {
      if (text[at] === "\\" && PUNCTUATION.test(text[at + 1] ?? "")) at += 1;
      else if (/\s/.test(text[at])) break;
      else if (text[at] === "(") depth += 1;
      else if (text[at] === ")" && depth-- === 0) break;
    }
    address = text.slice(start, at).replace(/\\([!-/:-@[-`{-~])/g, "$1");
  }
  const beforeTitle = at;
  at = skipSpace(text, at);
  const quote = { '"': '"', "'": "'", "(": ")" }[text[at]];
  if (quote !== undefined && at > beforeTitle) {
    const close = text.slice(at + 1, at + MAX_TITLE).indexOf(quote);
    if (close < 0) return null;
    at = skipSpace(text, at + close + 2);
  }
  return text[at] === ")" ? { address, end: at + 1 } : null;
}

/**
 * @param {string} text
 * @param {number} from
 */
function skipSpace(text, from) {
  let at = from;
  while (at - from < 100 && /\s/.test(text[at] ?? "")) at += 1;
  return at;
}

/**
 * Whether a run of delimiters may open and close (CommonMark, "left-flanking" and "right-flanking").
 * @param {string} text
 * @param {number} at
 * @param {number} run
 */
function flanks(text, at, run) {
  const before = text[at - 1] ?? " ";
  const after = text[at + run] ?? " ";
  const spaceBefore = /\s/.test(before);
  const spaceAfter = /\s/.test(after);
  const markBefore = PUNCTUATION.test(before);
  const markAfter = PUNCTUATION.test(after);
  const left = !spaceAfter && (!markAfter || spaceBefore || markBefore);
  const right = !spaceBefore && (!markBefore || spaceAfter || markAfter);
  if (text[at] !== "_") return { canOpen: left, canClose: right };
  return { canOpen: left && (!right || markBefore), canClose: right && (!left || markAfter) };
}

/**
 * Pair the delimiters after `bottom`; each notes the tags that it opens and closes.
 * Returns `bottom`, after which no delimiter is left. `floors` makes it linear: below the floor of its
 * kind a closer has already looked in vain.
 * @param {Delimiter | null} last
 * @param {Delimiter | null} bottom
 */
function matchEmphasis(last, bottom) {
  const floors = new Map();
  let closer = last;
  while (closer && closer !== bottom && closer.before !== bottom) closer = closer.before;
  if (closer === bottom) closer = null;
  while (closer) {
    if (!closer.canClose) {
      closer = closer.after;
      continue;
    }
    const key = `${closer.mark}${closer.canOpen}${closer.length % 3}`;
    const floor = floors.get(key) ?? bottom;
    let opener = closer.before;
    while (opener && opener !== bottom && opener !== floor && !pairs(opener, closer)) {
      opener = opener.before;
    }
    if (!opener || opener === bottom || opener === floor) {
      const next = closer.after;
      floors.set(key, closer.before);
      if (!closer.canOpen) unlink(closer);
      closer = next;
      continue;
    }
    const used = closer.count >= 2 && opener.count >= 2 ? 2 : 1;
    opener.count -= used;
    closer.count -= used;
    opener.opens.push(closer.mark === "~" ? "s" : used === 2 ? "strong" : "em");
    closer.closes.push(used);
    opener.after = closer;
    closer.before = opener;
    if (opener.count === 0) unlink(opener);
    if (closer.count === 0) {
      const next = closer.after;
      unlink(closer);
      closer = next;
    }
  }
  if (bottom) bottom.after = null;
  return bottom;
}

/**
 * @param {Delimiter} opener
 * @param {Delimiter} closer
 */
function pairs(opener, closer) {
  if (opener.mark !== closer.mark || !opener.canOpen) return false;
  const ambiguous = opener.canClose || closer.canOpen;
  if (!ambiguous || (opener.length + closer.length) % 3 !== 0) return true;
  return opener.length % 3 === 0 && closer.length % 3 === 0;
}

/** @param {Delimiter} delimiter */
function unlink(delimiter) {
  if (delimiter.before) delimiter.before.after = delimiter.after;
  if (delimiter.after) delimiter.after.before = delimiter.before;
}

// ---- Tokens to nodes ------------------------------------------------------------------------------

/**
 * @param {HTMLElement} root
 * @param {Token[]} tokens
 * @param {{ marks: Mark[], showsImage: ShowsImage }} options
 */
function build(root, tokens, { marks, showsImage }) {
  const stack = [root];
  let links = 0; // how many of the open elements are links or images: nothing may be put into those
  const top = () => stack[stack.length - 1];
  /** @param {HTMLElement} node */
  const open = (node) => {
    if (stack.length > MAX_DEPTH) {
      stack.push(top()); // deeper than anyone reads: keep the text, leave the element out
      return;
    }
    top().append(node);
    stack.push(node);
  };
  const nextMark = () => marks.shift()?.node ?? "";
  /** @param {number} upTo */
  const putMarks = (upTo) => {
    while (links === 0 && marks.length > 0 && marks[0].at <= upTo) top().append(nextMark());
  };
  /**
   * A text as it stands in the source, which marks may divide.
   *
   * @param {TextToken} token
   */
  const append = ({ text, end }) => {
    let from = end - text.length;
    while (links === 0 && marks.length > 0 && marks[0].at < end) {
      const at = Math.max(from, marks[0].at);
      top().append(text.slice(text.length - (end - from), text.length - (end - at)), nextMark());
      from = at;
    }
    top().append(text.slice(text.length - (end - from)));
  };
  /** @type {Opened[]} */
  const closers = [];
  for (const token of tokens) {
    switch (token.kind) {
      case "text":
        if (token.plain) append(token);
        else top().append(token.text); // an entity, an escape, a bracket
        break;
      case "break":
        top().append(document.createElement("br"));
        break;
      case "code":
        top().append(el("code", { textContent: token.text, dir: "ltr" }));
        break;
      case "address": {
        const link = links > 0 ? null : outsideLink(token.address);
        link?.append(token.text);
        top().append(link ?? token.text);
        break;
      }
      case "open": {
        const opened = token.image
          ? openImage(token, links > 0, showsImage)
          : openLink(token, links > 0);
        open(opened.node);
        links += opened.counts ? 1 : 0;
        closers.push({ ...opened, node: top() });
        break;
      }
      case "close": {
        const closed = closers.pop();
        stack.pop();
        links -= closed?.counts ? 1 : 0;
        closed?.close?.(closed.node);
        break;
      }
      default: // a delimiter: closes first, then what stayed plain, then opens, the last matched outermost
        for (let i = 0; i < token.closes.length; i += 1) stack.pop();
        if (token.count > 0) top().append(token.mark.repeat(token.count));
        for (const tag of token.opens.reverse()) open(document.createElement(tag));
    }
    putMarks(token.end);
  }
  putMarks(Infinity);
}

/**
 * `{node, counts, close}`: what to fill, whether it is a link or an image, what to do in the end.
 * @param {OpenToken} token
 * @param {boolean} inLink
 * @returns {Opened}
 */
function openLink({ address }, inLink) {
  const link = inLink ? null : outsideLink(address);
  return { node: link ?? el("span"), counts: link !== null };
}

/**
 * @param {OpenToken} token
 * @param {boolean} inLink
 * @param {ShowsImage} showsImage
 * @returns {Opened}
 */
function openImage({ address }, inLink, showsImage) {
  if (showsImage(address)) {
    return { node: el("span"), counts: true, close: (node) => becomeImage(node, address) };
  }
  const link = inLink ? null : outsideLink(address);
  link?.append(`${say("page.image")}: `);
  const bare = link ? `${say("page.image")}: ` : "";
  /** @param {HTMLElement} node */
  const close = (node) => {
    if (node.textContent === bare) node.textContent = say("page.image");
  };
  return { node: link ?? el("span"), counts: link !== null, close };
}

/**
 * Turn the element that holds what an image shows, in words, into the image.
 * @param {HTMLElement} node
 * @param {string} address
 */
function becomeImage(node, address) {
  const alt = node.textContent || say("page.image");
  const image = el("img", {
    alt,
    referrerPolicy: "no-referrer",
    decoding: "async",
    loading: "lazy",
  });
  image.src = address; // after all that is said about how to load it
  node.replaceWith(image);
}
