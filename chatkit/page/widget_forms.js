// The fields of widgets: native controls, so that keyboards, phones and screen readers know them.

import { el } from "./dom.js";
import { controlClasses } from "./widget_buttons.js";
import { fieldOf, markField } from "./widget_fields.js";
import { widgetIcon } from "./widget_icons.js";
import { textClasses } from "./widget_parts.js";
import { color, length, oneOf, setStyle, textOf, wholeOf } from "./widget_values.js";
import { say } from "./words.js";

/**
 * @template Value
 * @typedef {object} ControlOptions
 * @property {Record<string, unknown>} props
 * @property {BuildContext["fire"]} fire
 * @property {HTMLElement} node
 * @property {HTMLElement} [input]
 * @property {() => Value} get
 * @property {(value: Value) => void} set
 * @property {(props: Record<string, unknown>) => Value} initial the value that the server gives
 * @property {HTMLElement} [labelled]
 * @property {boolean} [group]
 * @property {string} [label]
 */

/** @typedef {{ value: string, label?: unknown, description?: unknown, disabled?: unknown }} OptionProps */

const INPUT_TYPES = ["number", "email", "text", "password", "tel", "url"];
const GUTTERS = ["2xs", "xs", "sm", "md", "lg", "xl"];
const TEXT_SIZES = ["xs", "sm", "md", "lg", "xl"];

/**
 * Whether a date is one of those that a year gives while it is typed.
 * @param {HTMLElement} input
 * @param {unknown} value
 */
const isHalfTyped = (input, value) =>
  input instanceof HTMLInputElement &&
  input.type === "date" &&
  typeof value === "string" &&
  value < "1000";

/**
 * A control whose value the server gives in `initial(props)`. A change that has an action is kept as
 * it is while the action is under way, and taken back when the server refuses it.
 * @template Value
 * @param {ControlOptions<Value>} options
 * @returns {BuiltPart & Required<Pick<BuiltPart, "refresh">>}
 */
function control({
  props,
  fire,
  node,
  input = node,
  get,
  set,
  initial,
  labelled = input,
  group = false,
  label,
}) {
  /** @type {Value | undefined} */
  let given;
  /** @type {Value} */
  let settled = get();
  let waiting = 0;
  /** @type {{ value: Value } | null} */
  let missed = null; // what the server gave meanwhile
  /** @param {Value} value */
  const take = (value) => {
    set(value);
    settled = value;
  };
  markField(node, { name: props.name, read: get, labelled, group, fallbackLabel: label });
  if (props.onChangeAction) {
    input.addEventListener("change", async () => {
      const [before, value] = [settled, get()];
      if (isHalfTyped(input, value)) return;
      waiting += 1;
      const own = fieldOf(node);
      const done = await fire(props.onChangeAction, { kind: "change", node: input, own });
      waiting -= 1;
      if (done) settled = value;
      else if (missed === null) take(before);
      if (waiting > 0 || missed === null) return;
      take(missed.value);
      missed = null;
    });
  }
  return {
    node,
    refresh(next) {
      const value = initial(next);
      const changed = value !== given;
      given = value;
      if (waiting > 0) missed = { value };
      else if (changed || props.onChangeAction) take(value);
    },
  };
}

/**
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {Record<string, unknown>} props
 * @param {BuildContext} context
 * @returns {BuiltPart & Required<Pick<BuiltPart, "refresh">>}
 */
function textField(input, props, { fire }, name = props.name) {
  const soft = oneOf(props.variant, ["soft", "outline"], "outline");
  const gutter = oneOf(props.gutterSize, GUTTERS);
  input.className = `w-field ${controlClasses({ ...props, variant: soft })}${gutter ? ` w-gutter-${gutter}` : ""}`;
  Object.assign(input, {
    placeholder: textOf(props.placeholder),
    required: props.required === true,
    disabled: props.disabled === true,
    autocomplete: props.allowAutofillExtensions === true ? "on" : "off",
    dir: "auto",
  });
  if (props.autoSelect === true) input.addEventListener("focus", () => input.select());
  const part = control({
    props: { ...props, name, onChangeAction: null },
    fire,
    node: input,
    get: () => input.value,
    set: (value) => (input.value = value),
    initial: ({ defaultValue }) => textOf(defaultValue),
    label: textOf(props.placeholder),
  });
  return { ...part, autoFocus: props.autoFocus === true ? input : null };
}

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildInput(props, context) {
  const input = el("input", { type: oneOf(props.inputType, INPUT_TYPES, "text") });
  if (typeof props.pattern === "string") input.pattern = props.pattern;
  return textField(input, props, context);
}

/** @param {number} count */
const linesHigh = (count) => `calc(${count}lh + 16px)`;

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildTextarea(props, context) {
  const rows = wholeOf(props.rows, { least: 1, most: 40 }) ?? 3;
  const input = el("textarea", { rows });
  const part = textField(input, props, context);
  if (props.autoResize === true) {
    input.classList.add("is-growing");
    const most = wholeOf(props.maxRows, { least: 1 }) ?? 12;
    setStyle(input, {
      "min-block-size": linesHigh(rows),
      "max-block-size": linesHigh(Math.min(most, 60)),
    });
  }
  checkPattern(input, props.pattern);
  return part;
}

/**
 * What `pattern` is to an input: a textarea has none of its own.
 * @param {HTMLTextAreaElement} input
 * @param {unknown} pattern
 */
function checkPattern(input, pattern) {
  if (typeof pattern !== "string") return;
  let rule;
  try {
    rule = new RegExp(`^(?:${pattern})$`, "v");
  } catch {
    return; // as a browser passes over a pattern that is none
  }
  const check = () =>
    input.setCustomValidity(
      input.value === "" || rule.test(input.value) ? "" : say("page.wrong_format"),
    );
  input.addEventListener("input", check);
  input.addEventListener("invalid", check);
}

/**
 * A Text that can be edited in its place.
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
export function buildEditableText(props, context) {
  const editable = props.editable ?? {};
  const input = el("input", { type: "text" });
  if (typeof editable.pattern === "string") input.pattern = editable.pattern;
  const part = textField(input, { ...editable, size: "xs" }, context);
  input.className = `w-editable ${textClasses(props, "text", TEXT_SIZES, "md", "normal")}`;
  const fill = textOf(editable.autoComplete);
  if (/^[a-z-]{1,40}$/.test(fill)) input.setAttribute("autocomplete", fill);
  setStyle(input, { color: color(props.color, "text"), "inline-size": length(props.width) });
  return { ...part, refresh: (next) => part.refresh({ defaultValue: textOf(next.value) }) };
}

/**
 * @param {unknown} options
 * @returns {OptionProps[]}
 */
const choices = (options) =>
  (Array.isArray(options) ? options : [])
    .filter((option) => typeof option?.value === "string")
    .slice(0, 1000);

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildSelect(props, context) {
  const select = el("select", { disabled: props.disabled === true });
  const none = el("option", {
    value: "",
    textContent: textOf(props.placeholder) || say("page.choose"),
  });
  none.hidden = none.disabled = props.clearable !== true;
  const options = choices(props.options).map(({ value, label, description, disabled }) => {
    const text = [textOf(label) || value, textOf(description)].filter(Boolean).join(" – ");
    return el("option", { value, textContent: text, disabled: disabled === true });
  });
  select.append(none, ...options);
  select.className = `w-field ${controlClasses(props)}`;
  const chevron = widgetIcon("chevron-down", "w-icon-xs");
  const node = el(
    "span",
    { className: `w-select${props.block === true ? " is-block" : ""}` },
    select,
    chevron,
  );
  return control({
    props,
    fire: context.fire,
    node,
    input: select,
    get: () => (select.selectedIndex <= 0 ? null : select.value),
    set: (value) => {
      select.selectedIndex = 1 + options.findIndex((option) => option.value === value);
    },
    initial: ({ defaultValue }) => (typeof defaultValue === "string" ? defaultValue : null),
    label: textOf(props.placeholder),
  });
}

// Days have no time zone: the day that is written is the day that is meant.
/** @param {unknown} value */
const dayOf = (value) => /^\d{4}-\d\d-\d\d/.exec(textOf(value))?.[0] ?? "";

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildDatePicker(props, context) {
  const input = el("input", {
    type: "date",
    className: `w-field ${controlClasses(props)}`,
    disabled: props.disabled === true,
    min: dayOf(props.min),
    max: dayOf(props.max),
    title: textOf(props.placeholder),
  });
  return control({
    props,
    fire: context.fire,
    node: input,
    get: () => input.value || null,
    set: (value) => (input.value = value ?? ""),
    initial: ({ defaultValue }) => dayOf(defaultValue) || null,
    label: textOf(props.placeholder),
  });
}

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildCheckbox(props, context) {
  const input = el("input", {
    type: "checkbox",
    disabled: props.disabled === true,
    required: props.required === true,
  });
  const text = textOf(props.label);
  const label = text === "" ? null : el("span", { textContent: text, dir: "auto" });
  const node = el("label", { className: "w-check" }, input, label);
  const part = control({
    props,
    fire: context.fire,
    node,
    input,
    get: () => input.checked,
    set: (value) => (input.checked = value),
    initial: ({ defaultChecked }) => defaultChecked === true,
  });
  if (label) input.removeAttribute("aria-label");
  return part;
}

let radioGroups = 0;

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildRadioGroup(props, context) {
  radioGroups += 1;
  const name = `w-radio-${radioGroups}`; // names of widgets could clash with each other
  /** @type {HTMLInputElement[]} */
  const inputs = [];
  const node = el("div", {
    className: `w-radios w-${oneOf(props.direction, ["row", "col"], "row")}`,
    role: "radiogroup",
  });
  for (const { value, label, disabled } of choices(props.options)) {
    const input = el("input", {
      type: "radio",
      name,
      value,
      disabled: props.disabled === true || disabled === true,
      required: props.required === true,
    });
    inputs.push(input);
    const text = el("span", { textContent: textOf(label) || value, dir: "auto" });
    node.append(el("label", { className: "w-check" }, input, text));
  }
  return control({
    props,
    fire: context.fire,
    node,
    get: () => inputs.find((input) => input.checked)?.value ?? null,
    set: (value) => {
      for (const input of inputs) input.checked = input.value === value;
    },
    initial: ({ defaultValue }) => (typeof defaultValue === "string" ? defaultValue : null),
    group: true,
    label: textOf(props.ariaLabel),
  });
}

/**
 * @param {WidgetProps} props
 * @returns {BuiltPart}
 */
function buildLabel(props) {
  const node = el("label", {
    className: textClasses(props, "label", TEXT_SIZES, "sm", "medium"),
    textContent: textOf(props.value),
    dir: "auto",
    "data-names": textOf(props.fieldName),
  });
  setStyle(node, { color: color(props.color, "text") });
  return { node };
}

/** @type {Record<string, Builder>} */
export const FIELDS = {
  Input: buildInput,
  Textarea: buildTextarea,
  Select: buildSelect,
  DatePicker: buildDatePicker,
  Checkbox: buildCheckbox,
  RadioGroup: buildRadioGroup,
  Label: buildLabel,
};
