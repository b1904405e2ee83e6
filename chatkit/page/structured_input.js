// Questions of the assistant: a form in place of the composer while they are open, and the questions
// with their answers in the thread afterwards.

import { el } from "./dom.js";
import { Row } from "./rows.js";
import { say } from "./words.js";

/**
 * @typedef {object} AnswersInput
 * @property {"answered" | "skipped"} status
 * @property {Record<string, { values: string[], skipped: boolean }>} answers
 */

export class QuestionsRow extends Row {
  /** @param {StructuredInput} item */
  constructor(item) {
    super(item.type, "from-questions", say("page.questions"));
    this.item = item;
    /** @type {QuestionsForm | null} */
    this.questions = null;
    this.update(item);
  }

  get isPending() {
    return this.item.status === "pending";
  }

  /** What a screen reader is to say. */
  get spokenText() {
    return (this.item.inputs ?? []).map(({ question }) => question).join(" ");
  }

  /** @param {StructuredInput} item */
  update(item) {
    this.item = item;
    this.node.classList.toggle("is-empty", this.isPending);
    const pairs = (item.inputs ?? []).map(({ question, answer }) => {
      const values = answer?.skipped ? [] : (answer?.values ?? []);
      const said = values.map((text) => el("dd", { textContent: text, dir: "auto" }));
      const skipped = el("dd", { className: "is-skipped", textContent: say("page.skipped") });
      return el(
        "div",
        {},
        el("dt", { textContent: question, dir: "auto" }),
        ...(said.length > 0 ? said : [skipped]),
      );
    });
    this.body.replaceChildren(el("dl", { className: "answers" }, ...pairs));
  }

  /**
   * The form of this row, which keeps what was filled in; `onSubmit(input)` is called with the answers.
   * @param {(input: AnswersInput) => unknown} onSubmit
   */
  form(onSubmit) {
    this.questions ??= new QuestionsForm(this.item, onSubmit);
    return this.questions;
  }
}

class QuestionsForm {
  /**
   * @param {StructuredInput} item
   * @param {(input: AnswersInput) => unknown} onSubmit
   */
  constructor({ id, inputs }, onSubmit) {
    this.inputs = (inputs ?? []).map((input, place) => makeQuestion(input, `${id}-${place}`));
    const skipAll = el("button", {
      type: "button",
      className: "button",
      textContent: say("page.skip_all"),
      on: { click: () => onSubmit({ status: "skipped", answers: {} }) },
    });
    this.submit = el("button", {
      className: "button button-primary",
      textContent: say("page.send_answers"),
    });
    this.node = el(
      "form",
      { className: "questions", "aria-label": say("page.questions") },
      el("div", { className: "questions-list" }, ...this.inputs.map(({ node }) => node)),
      el("div", { className: "questions-foot" }, skipAll, this.submit),
    );
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.submit.disabled) onSubmit({ status: "answered", answers: this.answers });
    });
    for (const kind of ["input", "change", "click"]) {
      this.node.addEventListener(kind, () => this.#check());
    }
    this.#check();
  }

  /** What is filled in, by the id of the question. */
  get answers() {
    return Object.fromEntries(
      this.inputs.map(({ id, skipped, values }) => {
        const given = skipped() ? [] : values();
        return [id, { values: given, skipped: given.length === 0 }];
      }),
    );
  }

  focus() {
    const first = this.node.querySelector("input:not(:disabled), textarea:not(:disabled)");
    if (first instanceof HTMLElement) first.focus();
  }

  #check() {
    this.submit.disabled = Object.values(this.answers).every(({ skipped }) => skipped);
  }
}

/**
 * `{node, id, skipped(), values()}` for one question.
 * @param {Question} input
 * @param {string} name
 */
function makeQuestion(input, name) {
  const choices = input.type === "multiple_choice";
  const field = choices ? makeChoices(input, name) : makeFreeform(input, name);
  const legend = el("legend", {}, el("span", { textContent: input.question, dir: "auto" }));
  const controls = el("fieldset", {}, legend, ...field.nodes);
  const skip = el("button", {
    type: "button",
    className: "skip-question",
    textContent: say("page.skip_question"),
    "aria-pressed": "false",
    "aria-label": say("page.skip_question_named", { question: input.question }),
  });
  const skipped = () => skip.getAttribute("aria-pressed") === "true";
  const node = el("div", { className: "question" }, controls, skip);
  skip.addEventListener("click", () => {
    skip.setAttribute("aria-pressed", String(!skipped()));
    controls.disabled = skipped();
    node.classList.toggle("is-skipped", skipped());
  });
  return { node, id: input.id, skipped, values: field.values };
}

/**
 * @param {Question} input
 * @param {string} name
 */
function makeFreeform({ description, question }, name) {
  const noteId = `${name}-note`;
  const field = el("textarea", { rows: 2, dir: "auto", "aria-label": question });
  const note = description
    ? el("p", { id: noteId, className: "question-note", textContent: description })
    : null;
  if (note) field.setAttribute("aria-describedby", noteId);
  return { nodes: [note, field].filter(Boolean), values: () => filled(field) };
}

/**
 * Options as radio buttons or check boxes, and a field for an answer that is none of them.
 * @param {Question} input
 * @param {string} name
 */
function makeChoices({ options, multiple }, name) {
  const type = multiple ? "checkbox" : "radio";
  const boxes = (options ?? []).map(({ value }) => el("input", { type, name, value }));
  const labels = boxes.map((box) =>
    el("label", { className: "choice" }, box, el("span", { textContent: box.value, dir: "auto" })),
  );
  const otherBox = el("input", { type, name, "aria-label": say("page.other_answer") });
  /** @type {HTMLInputElement} */
  const other = el("input", {
    type: "text",
    dir: "auto",
    autocomplete: "off",
    placeholder: say("page.other_answer"),
    "aria-label": say("page.own_answer"),
    on: {
      input: () => (otherBox.checked = other.value.trim() !== ""),
      keydown: (event) => {
        if (event.key === "Enter" && event.isComposing) event.preventDefault();
      },
    },
  });
  otherBox.addEventListener("change", () => otherBox.checked && other.focus());
  const own = el("div", { className: "choice" }, otherBox, other);
  const values = () => {
    const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
    const written = otherBox.checked ? filled(other) : [];
    return [...new Set([...chosen, ...written])];
  };
  return { nodes: [...labels, own], values };
}

/** @param {HTMLInputElement | HTMLTextAreaElement} field */
const filled = (field) => (field.value.trim() === "" ? [] : [field.value.trim()]);
