// Block Markdown: text to a tree of plain objects, without any DOM.
//
// What is read: headings, paragraphs, fenced code, lists (nested, numbered, task lists), tables,
// quotes, rules. HTML is text. Left out on purpose: indented code and `---` as an underline, which in
// answers of models are nearly always a mis-indented paragraph and a rule.

/** @typedef {(lines: string[], at: number, depth: number, first: number) => ReadBlock} Reader */

const MAX_DEPTH = 12; // lists and quotes within each other; deeper ones are text
const MAX_COLUMNS = 50;
const LIST_MARKER = /^([ \t]*)([-*+]|\d{1,9}[.)])(?=[ \t]|$)/;
const FENCE = /^[ \t]*(`{3,}|~{3,})(.*)$/;

/**
 * The blocks of `text`, in order: `{kind, line, until, …}` with the index of the first line of `text` that
 * belongs to it, and of the first that does not; and by kind
 * heading `level text`, paragraph `text`, code `language text`, rule, quote `blocks`,
 * list `start items loose` (`start` null for bullets; an item has `blocks`, and `task` true, false or
 * null), table `head align rows`. Every `text` but that of code holds inline Markdown.
 * @param {string} text
 * @returns {Block[]}
 */
export function parseBlocks(text) {
  return parse(linesOf(text));
}

/** @param {string} text */
const linesOf = (text) =>
  text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));

/**
 * Where the last block of `text` begins, as an offset; 0 when it has none.
 * @param {string} text
 */
export function lastBlockStart(text) {
  const last = parseBlocks(text).at(-1);
  const before = last ? text.split("\n").slice(0, last.line) : [];
  return before.reduce((offset, line) => offset + line.length + 1, 0);
}

/**
 * Blocks of `lines`, the first of which is the line `first` of the text.
 * @param {string[]} lines
 * @returns {Block[]}
 */
function parse(lines, depth = 0, first = 0) {
  const blocks = [];
  for (let at = 0; at < lines.length;) {
    if (isBlank(lines[at])) {
      at += 1;
      continue;
    }
    const reader = readerFor(lines, at, depth) ?? readParagraph;
    const { next, ...block } = reader(lines, at, depth, first);
    blocks.push({ line: first + at, until: first + next, ...block });
    at = next;
  }
  return blocks;
}

/**
 * The reader of the block that begins at a line, or null for a paragraph.
 * @param {string[]} lines
 * @param {number} at
 * @param {number} depth
 * @returns {Reader | null}
 */
function readerFor(lines, at, depth) {
  const line = lines[at];
  if (isFence(line)) return readFence;
  if (headingLevel(line) > 0) return readHeading;
  if (isRule(line)) return readRule;
  if (depth < MAX_DEPTH && isQuote(line)) return readQuote;
  if (depth < MAX_DEPTH && LIST_MARKER.test(line)) return readList;
  if (isTable(lines, at)) return readTable;
  return null;
}

/**
 * Whether the line ends a paragraph that it follows directly.
 * @param {string} line
 */
function interrupts(line) {
  const marker = LIST_MARKER.exec(line);
  if (marker !== null && !isRule(line)) {
    const numbered = /\d/.test(marker[2]);
    return (
      !isBlank(line.slice(marker[0].length)) && (!numbered || Number.parseInt(marker[2], 10) === 1)
    );
  }
  return isFence(line) || headingLevel(line) > 0 || isRule(line) || isQuote(line);
}

/** @param {string | undefined} line */
const isBlank = (line) => line !== undefined && line.trim() === "";
/** @param {string} line */
const isQuote = (line) => line.trimStart().startsWith(">");

/**
 * What `pattern` finds in a line that has it.
 * @param {RegExp} pattern
 * @param {string} line
 * @returns {string[]}
 */
const found = (pattern, line) => pattern.exec(line) ?? [];

/** @param {string} line */
function isFence(line) {
  const fence = FENCE.exec(line);
  return fence !== null && !(fence[1][0] === "`" && fence[2].includes("`"));
}

/** @param {string} line */
function isRule(line) {
  const text = line.trim();
  if (text.length < 3 || !"-*_".includes(text[0])) return false;
  return /^(-{3,}|\*{3,}|_{3,})$/.test(text.replace(/[ \t]/g, ""));
}

/**
 * 1 to 6 for `#` to `######`, 0 for a line that is no heading.
 * @param {string} line
 */
function headingLevel(line) {
  const text = line.trimStart();
  let level = 0;
  while (text[level] === "#") level += 1;
  const after = text[level];
  return level <= 6 && (after === undefined || after === " " || after === "\t") ? level : 0;
}

/**
 * Columns of white space at the start; a tab reaches to the next multiple of four.
 * @param {string} line
 */
function indentOf(line) {
  let columns = 0;
  for (const mark of line) {
    if (mark === " ") columns += 1;
    else if (mark === "\t") columns += 4 - (columns % 4);
    else break;
  }
  return columns;
}

/**
 * The line without its first `columns` columns of white space, or as many as there are.
 * @param {string} line
 * @param {number} columns
 */
function outdent(line, columns) {
  let column = 0;
  let at = 0;
  while (column < columns && (line[at] === " " || line[at] === "\t")) {
    column += line[at] === " " ? 1 : 4 - (column % 4);
    at += 1;
  }
  return " ".repeat(Math.max(0, column - columns)) + line.slice(at);
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @returns {ReadBlock}
 */
function readParagraph(lines, at) {
  let next = at + 1;
  while (next < lines.length && !isBlank(lines[next])) {
    if (/^[ \t]*=+[ \t]*$/.test(lines[next])) {
      return { kind: "heading", level: 1, text: joined(lines, at, next), next: next + 1 };
    }
    if (interrupts(lines[next]) || isTable(lines, next)) break;
    next += 1;
  }
  return { kind: "paragraph", text: joined(lines, at, next), next };
}

/**
 * @param {string[]} lines
 * @param {number} from
 * @param {number} to
 */
const joined = (lines, from, to) => lines.slice(from, to).join("\n").trim();

/**
 * @param {string[]} lines
 * @param {number} at
 * @returns {ReadBlock}
 */
function readHeading(lines, at) {
  const level = headingLevel(lines[at]);
  let text = lines[at].trim().slice(level).trim();
  let end = text.length; // a closing row of # is no part of the heading
  while (text[end - 1] === "#") end -= 1;
  if (end === 0 || text[end - 1] === " " || text[end - 1] === "\t") {
    text = text.slice(0, end).trim();
  }
  return { kind: "heading", level, text, next: at + 1 };
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @returns {ReadBlock}
 */
function readRule(lines, at) {
  return { kind: "rule", next: at + 1 };
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @returns {ReadBlock}
 */
function readFence(lines, at) {
  const [, fence, info] = found(FENCE, lines[at]);
  const indent = indentOf(lines[at]);
  let next = at + 1;
  const code = [];
  for (; next < lines.length; next += 1) {
    const close = FENCE.exec(lines[next]);
    if (close && close[1].startsWith(fence) && isBlank(close[2])) break;
    code.push(indent > 0 ? outdent(lines[next], indent) : lines[next]);
  }
  if (next === lines.length && code.at(-1) === "") code.pop(); // not closed yet: a line just ended
  const language = info.trim().split(/\s/, 1)[0].slice(0, 40);
  return { kind: "code", language, text: code.join("\n"), next: Math.min(next + 1, lines.length) };
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {number} depth
 * @param {number} first
 * @returns {ReadBlock}
 */
function readQuote(lines, at, depth, first) {
  const inner = [];
  let next = at;
  for (; next < lines.length && !isBlank(lines[next]); next += 1) {
    const line = lines[next];
    if (isQuote(line)) {
      const text = line.trimStart().slice(1);
      inner.push(text.startsWith(" ") ? text.slice(1) : text);
    } else if (isBlank(inner.at(-1)) || interrupts(line) || isFence(inner.at(-1) ?? "")) {
      break;
    } else {
      inner.push(line); // a paragraph in the quote goes on without its >
    }
  }
  return { kind: "quote", blocks: parse(inner, depth + 1, first + at), next };
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {number} depth
 * @param {number} first
 * @returns {ReadBlock}
 */
function readList(lines, at, depth, first) {
  const [, , opener] = found(LIST_MARKER, lines[at]);
  const sort = opener.at(-1); // - * + . or )
  const items = [];
  let loose = false;
  let next = at;
  while (next < lines.length) {
    const marker = LIST_MARKER.exec(lines[next]);
    if (marker === null || marker[2].at(-1) !== sort || isRule(lines[next])) break;
    const item = readItem(lines, next, marker);
    const begin = first + next;
    const blocks = parse(item.lines, depth + 1, begin);
    loose ||= blocks.some(({ line }) => line > begin && isBlank(item.lines[line - begin - 1]));
    items.push({ blocks, task: item.task });
    next = item.next;
    const following = skipBlank(lines, next);
    if (following === next) continue;
    const sibling = LIST_MARKER.exec(lines[following] ?? "");
    if (sibling === null || sibling[2].at(-1) !== sort || isRule(lines[following])) break;
    loose = true;
    next = following;
  }
  const numbered = sort === "." || sort === ")";
  const start = numbered ? Number.parseInt(opener, 10) : null;
  return { kind: "list", start, items, loose, next };
}

/**
 * The lines of one item without its marker and indent, up to `next`.
 * @param {string[]} lines
 * @param {number} at
 * @param {string[]} marker
 */
function readItem(lines, at, [marker, space]) {
  const base = indentOf(space);
  const rest = lines[at].slice(marker.length);
  const gap = Math.min(indentOf(rest), 5);
  const content = base + (marker.length - space.length) + (gap === 0 || gap === 5 ? 1 : gap);
  // Models often indent below "1." by two: accept that, where the standard wants three.
  const least = Math.min(content, base + 2);
  const head = rest.trim();
  const task = /^\[([ xX])\](?:\s|$)/.exec(head);
  const inner = [task ? head.slice(3).trim() : head];
  let inFence = isFence(head);
  let next = at + 1;
  while (next < lines.length) {
    if (isBlank(lines[next])) {
      const following = skipBlank(lines, next);
      if (following === lines.length || indentOf(lines[following]) < least) break;
      for (; next < following; next += 1) inner.push("");
      continue;
    }
    const line = lines[next];
    if (indentOf(line) >= least) {
      const text = outdent(line, content);
      if (isFence(text)) inFence = !inFence;
      inner.push(text);
    } else if (LIST_MARKER.test(line) || interrupts(line) || inFence) {
      break;
    } else {
      inner.push(line.trimStart()); // a paragraph in the item goes on without its indent
    }
    next += 1;
  }
  return { lines: inner, next, task: task ? task[1] !== " " : null };
}

/**
 * @param {string[]} lines
 * @param {number} from
 */
function skipBlank(lines, from) {
  let at = from;
  while (at < lines.length && isBlank(lines[at])) at += 1;
  return at;
}

/**
 * @param {string[]} lines
 * @param {number} at
 */
function isTable(lines, at) {
  if (!lines[at].includes("|") || at + 1 >= lines.length) return false;
  if (!lines[at + 1].includes("-") || !/^[ \t|:-]+$/.test(lines[at + 1])) return false;
  const rule = splitRow(lines[at + 1]);
  const fits = rule.length === splitRow(lines[at]).length && rule.length <= MAX_COLUMNS;
  return fits && rule.every((cell) => /^:?-+:?$/.test(cell));
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @returns {ReadBlock}
 */
function readTable(lines, at) {
  const head = splitRow(lines[at]);
  const align = splitRow(lines[at + 1]).map((cell) => {
    if (cell.endsWith(":")) return cell.startsWith(":") ? "center" : "end";
    return "start";
  });
  const rows = [];
  let next = at + 2;
  for (; next < lines.length && !isBlank(lines[next]) && !interrupts(lines[next]); next += 1) {
    const cells = splitRow(lines[next]);
    rows.push(head.map((_, column) => cells[column] ?? ""));
  }
  return { kind: "table", head, align, rows, next };
}

/**
 * Cells of a row; `\|` is a bar within a cell.
 * @param {string} line
 */
function splitRow(line) {
  const text = line.trim();
  const cells = [];
  let cell = "";
  for (let at = text[0] === "|" ? 1 : 0; at < text.length; at += 1) {
    if (text[at] === "\\" && text[at + 1] === "|") {
      cell += "|";
      at += 1;
    } else if (text[at] === "|") {
      cells.push(cell.trim());
      cell = "";
    } else {
      cell += text[at];
    }
  }
  if (cell.trim() !== "" || !text.endsWith("|") || cells.length === 0) cells.push(cell.trim());
  return cells;
}
