// Buttons of widgets, and the frames that hold them: cards, lists, forms.

import { el } from "./dom.js";
import { widgetIcon } from "./widget_icons.js";
import { loadable } from "./widget_parts.js";
import { boxStyles, color, oneOf, setStyle, spacing, textOf, wholeOf } from "./widget_values.js";
import { withId } from "./widget_fields.js";
import { say } from "./words.js";

const CONTROL_SIZES = ["3xs", "2xs", "xs", "sm", "md", "lg", "xl", "2xl", "3xl"];
const VARIANTS = ["solid", "soft", "outline", "ghost"];
const COLORS = [
  "primary",
  "secondary",
  "info",
  "discovery",
  "success",
  "caution",
  "warning",
  "danger",
];
const ICON_SIZES = ["sm", "md", "lg", "xl", "2xl"];

/** What a button with an icon alone does, by the icon. */
const ICON_ACTIONS = new Map([
  ["check", "page.icon_check"],
  ["dots-horizontal", "page.icon_dots_horizontal"],
  ["plus", "page.icon_plus"],
  ["reload", "page.icon_reload"],
  ["search", "page.icon_search"],
  ["trash", "page.icon_trash"],
  ["write", "page.icon_write"],
  ["x", "page.icon_x"],
]);

/**
 * Classes that buttons and fields share: their size and outline.
 * @param {Record<string, unknown>} props
 * @param {{ variant?: string | null, size?: string }} defaults
 */
export function controlClasses(props, { variant = null, size = "md" } = {}) {
  return [
    `w-control-${oneOf(props.size, CONTROL_SIZES, size)}`,
    `w-control-${oneOf(props.variant, VARIANTS, variant ?? "outline")}`,
    props.pill === true && "is-pill",
    props.block === true && "is-block",
  ]
    .filter(Boolean)
    .join(" ");
}

/**
 * @param {Record<string, unknown>} props
 * @param {{ type?: "button" | "submit", onPress?: ((node: HTMLButtonElement) => void) | null }} options
 */
function button(props, { type = "button", onPress = null } = {}) {
  const primary = props.style === "primary";
  const hue = oneOf(props.color, COLORS, primary ? "primary" : "secondary");
  const variant = hue === "secondary" ? "outline" : "solid";
  const label = textOf(props.label);
  const size = `w-icon-${oneOf(props.iconSize, ICON_SIZES, "sm")}`;
  const bare = label === "";
  const classes = ["w-button", `w-hue-${hue}`, controlClasses(props, { variant })];
  if (props.uniform === true || bare) classes.push("is-uniform");
  const node = el(
    "button",
    { type, className: classes.join(" "), disabled: props.disabled === true },
    widgetIcon(props.iconStart, size),
    bare ? null : el("span", { className: "w-button-label", textContent: label, dir: "auto" }),
    widgetIcon(props.iconEnd, size),
  );
  if (bare) {
    const name = textOf(props.iconStart ?? props.iconEnd).replace(/^\w+:/, "");
    const code = ICON_ACTIONS.get(name);
    node.title = code ? say(code) : name.replaceAll("-", " ");
    node.setAttribute("aria-label", node.title);
  }
  if (onPress) node.addEventListener("click", () => onPress(node));
  return node;
}

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildButton(props, { fire }) {
  const submits = props.submit === true;
  /** @param {HTMLElement} node */
  const onPress = (node) => {
    // A button that submits leaves it to its form, which checks the fields first.
    if (!submits || node.closest("form") === null) {
      fire(props.onClickAction, { kind: "click", node });
    }
  };
  const node = button(props, { type: submits ? "submit" : "button", onPress });
  if (submits) submitActions.set(node, props.onClickAction);
  return { node };
}

/** @type {WeakMap<HTMLElement, unknown>} */
const submitActions = new WeakMap(); // what a submit button itself would do

/**
 * Let `form` answer to its submit buttons and to Enter.
 * @param {HTMLElement} form
 * @param {unknown} action
 * @param {{ fire: BuildContext["fire"], kind: PressKind }} options
 */
function onSubmit(form, action, { fire, kind }) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation(); // a form may stand in another
    const submitter = event.submitter ?? form.querySelector("[type=submit]");
    const node = submitter instanceof HTMLElement ? submitter : form;
    const own = event.submitter === null ? null : submitActions.get(event.submitter);
    fire(action ?? own, { kind, node });
  });
}

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildForm(props, { fire }) {
  const node = el("form", {
    className: `w-box w-${oneOf(props.direction, ["row", "col"], "col")} w-form`,
  });
  setStyle(node, boxStyles(props));
  onSubmit(node, props.onSubmitAction, { fire, kind: "submit" });
  return { node, slot: node };
}

/**
 * @param {StatusProps | null | undefined} status
 * @param {BuildContext} context
 */
function statusLine(status, { showsImage }) {
  const text = textOf(status?.text);
  if (!status || text === "") return null;
  const src = loadable(status.favicon, showsImage);
  const mark = src
    ? el("img", {
        className: status.frame === true ? "w-favicon is-framed" : "w-favicon",
        alt: "",
        src,
      })
    : widgetIcon(status.icon, "w-icon-sm");
  return el("div", { className: "w-status" }, mark, el("span", { textContent: text, dir: "auto" }));
}

/** @param {unknown} theme */
const themeClass = (theme) => (theme === "light" || theme === "dark" ? ` w-theme-${theme}` : "");

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @param {Part | null} before
 * @returns {BuiltPart}
 */
function buildCard(props, context, before) {
  const { fire } = context;
  const asForm = props.asForm === true;
  const slot = el("div", { className: "w-card-body" });
  const foot = el("div", { className: "w-card-foot" });
  /**
   * @param {"cancel" | "confirm"} side
   * @param {"button" | "submit"} type
   * @param {string} style
   */
  const answer = (side, type, style) => {
    const given = props[side];
    const label = textOf(given?.label);
    if (label === "") return;
    /** @param {HTMLElement} node */
    const press = (node) => fire(given?.action, { kind: "confirm", node });
    foot.append(button({ label, style }, { type, onPress: type === "submit" ? null : press }));
  };
  answer("cancel", "button", "secondary");
  answer("confirm", asForm ? "submit" : "button", "primary");
  const size = oneOf(props.size, ["sm", "md", "lg", "full"], "lg");
  const node = el(asForm ? "form" : "div", {
    className: `w-card w-card-${size}${themeClass(props.theme)}`,
  });
  const status = statusLine(props.status, context);
  if (status) node.append(status);
  const part = { node, slot, open: before?.open === true };
  if (props.collapsed === true) node.append(disclosure(part, slot));
  node.append(slot);
  if (foot.hasChildNodes() && props.collapsed !== true) node.append(foot);
  if (asForm) onSubmit(node, props.confirm?.action, { fire, kind: "confirm" });
  setStyle(node, {
    background: color(props.background, "surface"),
    "--w-pad": spacing(props.padding),
  });
  const { border } = boxStyles({ border: props.border });
  setStyle(node, { border });
  if (typeof props.padding === "object") {
    const { padding: _, ...styles } = boxStyles({ padding: props.padding });
    setStyle(slot, styles);
  }
  return part;
}

/**
 * The button that shows and hides the body of a collapsed card.
 * @param {BuiltPart} part
 * @param {HTMLElement} body
 */
function disclosure(part, body) {
  const label = el("span");
  const toggle = el(
    "button",
    { type: "button", className: "w-disclosure", "aria-controls": withId(body) },
    label,
    widgetIcon("chevron-down"),
  );
  const draw = () => {
    body.hidden = !part.open;
    toggle.setAttribute("aria-expanded", String(part.open));
    label.textContent = part.open ? say("page.hide_details") : say("page.show_details");
  };
  toggle.addEventListener("click", () => {
    part.open = !part.open;
    draw();
  });
  draw();
  return toggle;
}

const AUTO_LIMIT = 6;

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @param {Part | null} before
 * @returns {BuiltPart}
 */
function buildListView(props, context, before) {
  const slot = el("ul", { className: "w-list-items", role: "list" }); // Safari drops the role with its marks
  const label = el("span");
  const more = el(
    "button",
    { type: "button", className: "w-more", hidden: true },
    label,
    widgetIcon("chevron-down"),
  );
  const node = el(
    "div",
    { className: `w-list${themeClass(props.theme)}` },
    statusLine(props.status, context),
    slot,
    more,
  );
  const limit = wholeOf(props.limit, { least: 1 });
  const most = limit ?? (props.limit === "auto" ? AUTO_LIMIT : Infinity);
  /** @type {BuiltPart & { slot: HTMLElement, open: boolean }} */
  const part = { node, slot, open: before?.open === true };
  /** @type {Part[]} */
  let shown = [];
  part.arranged = (children) => {
    shown = children;
    children.forEach(({ node: child }, index) => {
      child.toggleAttribute("hidden", !part.open && index >= most);
    });
    more.hidden = part.open || children.length <= most;
    label.textContent = more.hidden
      ? ""
      : say("page.show_more_items", { count: children.length - most });
  };
  more.addEventListener("click", () => {
    part.open = true;
    part.arranged?.(shown);
    const next = shown[most]?.node;
    const control = next?.querySelector("a, button, input, select, textarea");
    if (control instanceof HTMLElement) control.focus();
    else next?.focus();
  });
  return part;
}

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildListViewItem(props, { fire }) {
  const slot = el("div", { className: "w-box w-row" });
  setStyle(slot, { ...boxStyles({ gap: props.gap, align: props.align }) });
  const node = el("li", { className: "w-item", tabIndex: -1 }, slot);
  if (props.onClickAction) {
    // Below what the item holds, so that buttons in it can be pressed by themselves.
    const press = { click: () => fire(props.onClickAction, { kind: "item", node }) };
    const hit = el("button", {
      type: "button",
      className: "w-item-hit",
      "aria-labelledby": withId(slot),
      on: press,
    });
    node.classList.add("is-pressable");
    node.prepend(hit);
  }
  return { node, slot };
}

/**
 * @param {WidgetProps} props
 * @returns {BuiltPart}
 */
function buildBasic(props) {
  const direction = oneOf(props.direction, ["row", "col"], "col");
  const node = el("div", { className: `w-basic w-box w-${direction}${themeClass(props.theme)}` });
  setStyle(node, boxStyles(props));
  return { node, slot: node };
}

/** @type {Record<string, Builder>} */
export const FRAMES = {
  Button: buildButton,
  Form: buildForm,
  Card: buildCard,
  ListView: buildListView,
  ListViewItem: buildListViewItem,
  Basic: buildBasic,
};
