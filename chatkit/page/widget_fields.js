// The fields of a widget's forms: their names and values, their labels, and the payload of an action.

const fields = new WeakMap(); // element -> {name, read, labelled}
let lastId = 0;

/**
 * Make `node` a field called `name`. `read()` gives its value; `labelled` is the element that a label
 * names, with `group` when that is no single control.
 */
export function markField(node, { name, read, labelled = node, group = false, fallbackLabel }) {
  const isNamed = typeof name === "string" && name !== "";
  if (fallbackLabel || isNamed) labelled.setAttribute("aria-label", fallbackLabel || name);
  if (!isNamed) return;
  node.setAttribute("data-field", "");
  fields.set(node, { name, read, labelled, group });
}

/** `[name, value]` of the fields of a form, without those of a form within it. */
export function fieldsOf(form) {
  if (form === null) return [];
  const own = [...form.querySelectorAll("[data-field]")].filter(
    (node) => node.closest("form") === form,
  );
  return own.map((node) => [fields.get(node).name, fields.get(node).read()]);
}

export function fieldOf(node) {
  const field = fields.get(node);
  return field ? [[field.name, field.read()]] : [];
}

const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
// Names come from outside: without a prototype, "__proto__" is a name like any other.
const copyOf = (value) => Object.assign(Object.create(null), value);

/**
 * The payload of an action with the values of its fields: `todo.title` becomes `{todo: {title}}`. What
 * the payload says already stays; one that is neither absent nor an object cannot be added to.
 */
export function withFields(payload, entries) {
  if (entries.length === 0) return payload ?? null;
  if (payload !== null && payload !== undefined && !isPlain(payload)) return payload;
  const whole = copyOf(payload ?? {});
  for (const [name, value] of entries) put(whole, name.split("."), value);
  return whole;
}

function put(target, [name, ...rest], value) {
  if (rest.length === 0) {
    if (!(name in target)) target[name] = value;
    return;
  }
  if (name in target && !isPlain(target[name])) return;
  target[name] = copyOf(target[name] ?? {});
  put(target[name], rest, value);
}

/** Tie each label below `root` to the field of its form that it names. */
export function bindLabels(root) {
  const marked = [...root.querySelectorAll("[data-field]")];
  for (const label of root.querySelectorAll("label[data-names]")) {
    const form = label.closest("form");
    const node = marked.find(
      (some) => fields.get(some).name === label.dataset.names && some.closest("form") === form,
    );
    if (!node) continue;
    const { labelled, group } = fields.get(node);
    labelled.removeAttribute("aria-label");
    if (group) labelled.setAttribute("aria-labelledby", withId(label));
    else label.htmlFor = withId(labelled);
  }
  // A bare checkbox or icon is about the text beside it.
  for (const control of root.querySelectorAll(
    ".w-row > .w-check:not(:has(span)) > input, .w-row > .w-button[aria-label]",
  )) {
    const beside = control.closest(".w-row").querySelector(".w-text, .w-title");
    if (!beside) continue;
    const isField = control.matches("input");
    if (!isField || control.labels.length <= 1)
      control.setAttribute(isField ? "aria-labelledby" : "aria-describedby", withId(beside));
  }
  // "Edit" alone, among others in a list, does not say what.
  for (const button of root.querySelectorAll(".w-item > .w-row > .w-button:has(.w-button-label)")) {
    const beside = button.closest(".w-row").querySelector(".w-text, .w-title");
    if (beside) button.setAttribute("aria-labelledby", `${withId(button)} ${withId(beside)}`);
  }
}

/** An id of the page's own for an element: names from a widget could clash with the page's. */
export function withId(node) {
  if (node.id === "") {
    lastId += 1;
    node.id = `w-${lastId}`;
  }
  return node.id;
}

const LOADING = ["auto", "none", "self", "container"];
// What "auto" means for each thing that can be done.
const AUTO = {
  click: "self",
  item: "self",
  change: "none",
  submit: "container",
  confirm: "container",
};

/** `{type, payload, streaming, loading}` of an action for the server, or null when it is none. */
export function readAction(config, kind) {
  if (!isPlain(config) || typeof config.type !== "string" || config.handler === "client")
    return null;
  const named = LOADING.includes(config.loadingBehavior) ? config.loadingBehavior : "auto";
  return {
    type: config.type,
    payload: config.payload,
    streaming: config.streaming !== false,
    loading: named === "auto" ? AUTO[kind] : named,
  };
}
