// The fields of a widget's forms: their names and values, their labels, and the payload of an action.

import { oneOf } from "./widget_values.js";

/** @typedef {{ name: string, read: () => unknown, labelled: HTMLElement, group: boolean }} Field */

/**
 * @typedef {object} FieldOptions
 * @property {unknown} name
 * @property {() => unknown} read
 * @property {HTMLElement} [labelled]
 * @property {boolean} [group]
 * @property {string} [fallbackLabel]
 */

/** @type {WeakMap<Element, Field>} */
const fields = new WeakMap(); // element -> {name, read, labelled}
let lastId = 0;

/**
 * Make `node` a field called `name`. `read()` gives its value; `labelled` is the element that a label
 * names, with `group` when that is no single control.
 * @param {HTMLElement} node
 * @param {FieldOptions} options
 */
export function markField(node, { name, read, labelled = node, group = false, fallbackLabel }) {
  const isNamed = typeof name === "string" && name !== "";
  const label = fallbackLabel || (isNamed ? name : "");
  if (label !== "") labelled.setAttribute("aria-label", label);
  if (!isNamed) return;
  node.setAttribute("data-field", "");
  fields.set(node, { name, read, labelled, group });
}

/**
 * `[name, value]` of the fields of a form, without those of a form within it.
 * @param {HTMLFormElement | null} form
 * @returns {FieldEntry[]}
 */
export function fieldsOf(form) {
  if (form === null) return [];
  const own = [...form.querySelectorAll("[data-field]")].filter(
    (node) => node.closest("form") === form,
  );
  return own.flatMap((node) => fieldOf(node));
}

/**
 * @param {Element} node
 * @returns {FieldEntry[]}
 */
export function fieldOf(node) {
  const field = fields.get(node);
  return field ? [[field.name, field.read()]] : [];
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
// Names come from outside: without a prototype, "__proto__" is a name like any other.
/**
 * @param {object} value
 * @returns {Record<string, unknown>}
 */
const copyOf = (value) => Object.assign(Object.create(null), value);

/**
 * The payload of an action with the values of its fields: `todo.title` becomes `{todo: {title}}`. What
 * the payload says already stays; one that is neither absent nor an object cannot be added to.
 * @param {unknown} payload
 * @param {FieldEntry[]} entries
 */
export function withFields(payload, entries) {
  if (entries.length === 0) return payload ?? null;
  if (payload !== null && payload !== undefined && !isPlain(payload)) return payload;
  const whole = copyOf(payload ?? {});
  for (const [name, value] of entries) put(whole, name.split("."), value);
  return whole;
}

/**
 * @param {Record<string, unknown>} target
 * @param {string[]} path
 * @param {unknown} value
 */
function put(target, [name, ...rest], value) {
  if (rest.length === 0) {
    if (!(name in target)) target[name] = value;
    return;
  }
  const before = name in target ? target[name] : {};
  if (!isPlain(before)) return;
  const inner = copyOf(before);
  target[name] = inner;
  put(inner, rest, value);
}

/** @param {Element} control */
const textBeside = (control) =>
  control.closest(".w-row")?.querySelector(".w-text, .w-title") ?? null;

/**
 * Tie each label below `root` to the field of its form that it names.
 * @param {HTMLElement} root
 */
export function bindLabels(root) {
  const marked = [...root.querySelectorAll("[data-field]")];
  for (const label of root.querySelectorAll("label")) {
    const form = label.closest("form");
    const field = marked
      .filter((node) => node.closest("form") === form)
      .map((node) => fields.get(node))
      .find((some) => some?.name === label.dataset.names);
    if (!field) continue;
    field.labelled.removeAttribute("aria-label");
    if (field.group) field.labelled.setAttribute("aria-labelledby", withId(label));
    else label.htmlFor = withId(field.labelled);
  }
  // A bare checkbox or icon is about the text beside it.
  for (const control of root.querySelectorAll(
    ".w-row > .w-check:not(:has(span)) > input, .w-row > .w-button[aria-label]",
  )) {
    const beside = textBeside(control);
    if (!beside) continue;
    const isField = control instanceof HTMLInputElement;
    if (!isField || (control.labels?.length ?? 0) <= 1) {
      control.setAttribute(isField ? "aria-labelledby" : "aria-describedby", withId(beside));
    }
  }
  // "Edit" alone, among others in a list, does not say what.
  for (const button of root.querySelectorAll(".w-item > .w-row > .w-button:has(.w-button-label)")) {
    const beside = textBeside(button);
    if (beside) button.setAttribute("aria-labelledby", `${withId(button)} ${withId(beside)}`);
  }
}

/**
 * An id of the page's own for an element: names from a widget could clash with the page's.
 * @param {Element} node
 */
export function withId(node) {
  if (node.id === "") {
    lastId += 1;
    node.id = `w-${lastId}`;
  }
  return node.id;
}

const LOADING = ["auto", "none", "self", "container"];
// What "auto" means for each thing that can be done.
/** @type {Record<PressKind, string>} */
const AUTO = {
  click: "self",
  item: "self",
  change: "none",
  submit: "container",
  confirm: "container",
};

/**
 * `{type, payload, streaming, loading}` of an action for the server, or null when it is none.
 * @param {unknown} config
 * @param {PressKind} kind
 */
export function readAction(config, kind) {
  if (!isPlain(config) || typeof config.type !== "string" || config.handler === "client") {
    return null;
  }
  const named = oneOf(config.loadingBehavior, LOADING, "auto");
  return {
    type: config.type,
    payload: config.payload,
    streaming: config.streaming !== false,
    loading: named === "auto" ? AUTO[kind] : named,
  };
}
