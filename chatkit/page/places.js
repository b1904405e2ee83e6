// Where an offset of a Markdown text lies among the blocks that it was parsed to, so that marks (of
// sources) can be put there while the text itself is read as if they were not.

/**
 * `marks`, `{at, …}` with `at` an offset in UTF-16 units, in the order of the text and each at a place
 * where something ends: a mark after white space belongs to the word before it.
 * Those beyond the end are left out: their text is still to come.
 * @template {{ at: number }} Place
 * @param {string} text
 * @param {Place[]} marks
 * @returns {Place[]}
 */
export function atWords(text, marks) {
  return marks
    .filter(({ at }) => Number.isInteger(at) && at >= 0 && at <= text.length)
    .map((mark) => ({ ...mark, at: wordEnd(text, mark.at) }))
    .sort((one, other) => one.at - other.at);
}

/**
 * @param {string} text
 * @param {number} offset
 */
function wordEnd(text, offset) {
  let at = offset;
  const within =
    /[\ud800-\udbff]/.test(text[at - 1] ?? "") && /[\udc00-\udfff]/.test(text[at] ?? "");
  if (within) return at + 1; // between the halves of one character
  while (at > 0 && /\s/.test(text[at - 1])) at -= 1;
  return at;
}

/** Gives the marks of a text to its blocks; each mark is given once, in order. */
export class Places {
  /** @type {Cite[]} */
  #marks;
  /** @type {string[]} */
  #lines = [];
  #line = 0; // where the next mark is looked for
  #start = 0; // the offset of that line

  /**
   * `marks` as `atWords` gives them, each with `build()`.
   * @param {string} text
   * @param {Cite[]} marks
   */
  constructor(text, marks) {
    this.#marks = [...marks];
    if (marks.length > 0) this.#lines = text.split("\n");
  }

  /**
   * The nodes of the marks before the line `until`.
   * @param {number} until
   */
  take(until) {
    return this.#take(until).map(({ node }) => node);
  }

  /**
   * The marks of a block of inline text, `{at, node}` with offsets in that text.
   * @param {Block & { text: string }} block
   * @returns {Mark[]}
   */
  inText({ until, line, text }) {
    const marks = this.#take(until);
    if (marks.length === 0) return [];
    const rows = text.split("\n");
    return marks.map(({ line: ofMark, column, node }) => {
      const row = Math.min(Math.max(ofMark - line, 0), rows.length - 1);
      const before = rows.slice(0, row).reduce((sum, { length }) => sum + length + 1, 0);
      return { at: before + columnIn(rows[row], this.#lines[ofMark], column), node };
    });
  }

  /**
   * The marks of a table by cell: a function of the row (0 is the head) and the column.
   * @param {BlockOf<"table">} block
   */
  inTable({ until, line, head }) {
    const cells = new Map();
    for (const { line: ofMark, column, node } of this.#take(until)) {
      const row = Math.max(0, ofMark - line - 1); // the second line is the rule
      const key = `${row} ${cellAt(this.#lines[ofMark], column, head.length)}`;
      cells.set(key, [...(cells.get(key) ?? []), node]);
    }
    /**
     * @param {number} row
     * @param {number} column
     */
    return (row, column) => cells.get(`${row} ${column}`) ?? [];
  }

  /** @param {number} until */
  #take(until) {
    const taken = [];
    while (this.#marks.length > 0) {
      const { at, build } = this.#marks[0];
      while (this.#start + this.#lines[this.#line].length < at) {
        this.#start += this.#lines[this.#line].length + 1;
        this.#line += 1;
      }
      if (this.#line >= until) break;
      this.#marks.shift();
      taken.push({ line: this.#line, column: at - this.#start, node: build() });
    }
    return taken;
  }
}

/**
 * The column of `shown`, a line of a block, that is at `column` of the line it came from.
 * @param {string} shown
 * @param {string} line
 * @param {number} column
 */
function columnIn(shown, line, column) {
  const content = shown.trim(); // the block has lost its markers and its indent, nothing within
  const lead = shown.length - shown.trimStart().length;
  const within = column - line.lastIndexOf(content) + lead;
  return Math.min(Math.max(within, 0), shown.length);
}

/**
 * @param {string} line
 * @param {number} column
 * @param {number} count
 */
function cellAt(line, column, count) {
  const bars = line.slice(0, column).match(/(?<!\\)\|/g)?.length ?? 0;
  const opened = /^[\s>]*(?:(?:[-*+]|\d+[.)])\s+)?\|/.test(line) ? 1 : 0;
  return Math.min(Math.max(bars - opened, 0), count - 1);
}
