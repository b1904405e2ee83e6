// Buttons of widgets, and the frames that hold them: cards, lists, forms.

import { el } from "./dom.js";
import { widgetIcon } from "./widget_icons.js";
import { loadable } from "./widget_parts.js";
import { boxStyles, color, oneOf, setStyle, spacing, textOf } from "./widget_values.js";
import { withId } from "./widget_fields.js";
import { words } from "./words.js";

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

/** Classes that buttons and fields share: their size and outline. */
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
    node.title = Object.hasOwn(words.iconActions, name)
      ? words.iconActions[name]
      : name.replaceAll("-", " ");
    node.setAttribute("aria-label", node.title);
  }
  if (onPress) node.addEventListener("click", () => onPress(node));
  return node;
}

function buildButton(props, { fire }) {
  const submits = props.submit === true;
  const onPress = (node) => {
    // A button that submits leaves it to its form, which checks the fields first.
    if (!submits || node.closest("form") === null)
      fire(props.onClickAction, { kind: "click", node });
  };
  const node = button(props, { type: submits ? "submit" : "button", onPress });
  if (submits) submitActions.set(node, props.onClickAction);
  return { node };
}

const submitActions = new WeakMap(); // what a submit button itself would do

/** Let `form` answer to its submit buttons and to Enter. */
function onSubmit(form, action, { fire, kind }) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation(); // a form may stand in another
    const node = event.submitter ?? form.querySelector("[type=submit]") ?? form;
    fire(action ?? submitActions.get(event.submitter), { kind, node });
  });
}

function buildForm(props, { fire }) {
  const node = el("form", {
    className: `w-box w-${oneOf(props.direction, ["row", "col"], "col")} w-form`,
  });
  setStyle(node, boxStyles(props));
  onSubmit(node, props.onSubmitAction, { fire, kind: "submit" });
  return { node, slot: node };
}

function statusLine(status, { showsImage }) {
  const text = textOf(status?.text);
  if (text === "") return null;
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

const themeClass = (theme) => (theme === "light" || theme === "dark" ? ` w-theme-${theme}` : "");

function buildCard(props, context, before) {
  const { fire } = context;
  const asForm = props.asForm === true;
  const slot = el("div", { className: "w-card-body" });
  const foot = el("div", { className: "w-card-foot" });
  const answer = (side, type, style) => {
    const given = props[side];
    const label = textOf(given?.label);
    if (label === "") return;
    const press = (node) => fire(given.action, { kind: "confirm", node });
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

/** The button that shows and hides the body of a collapsed card. */
function disclosure(part, body) {
  const toggle = el(
    "button",
    { type: "button", className: "w-disclosure", "aria-controls": withId(body) },
    el("span"),
    widgetIcon("chevron-down"),
  );
  const draw = () => {
    body.hidden = !part.open;
    toggle.setAttribute("aria-expanded", String(part.open));
    toggle.firstChild.textContent = part.open ? words.hideDetails : words.showDetails;
  };
  toggle.addEventListener("click", () => {
    part.open = !part.open;
    draw();
  });
  draw();
  return toggle;
}

const AUTO_LIMIT = 6;

function buildListView(props, context, before) {
  const slot = el("ul", { className: "w-list-items", role: "list" }); // Safari drops the role with its marks
  const more = el(
    "button",
    { type: "button", className: "w-more", hidden: true },
    el("span"),
    widgetIcon("chevron-down"),
  );
  const node = el(
    "div",
    { className: `w-list${themeClass(props.theme)}` },
    statusLine(props.status, context),
    slot,
    more,
  );
  const limit = Number.isInteger(props.limit) && props.limit > 0 ? props.limit : null;
  const most = limit ?? (props.limit === "auto" ? AUTO_LIMIT : Infinity);
  const part = { node, slot, open: before?.open === true };
  part.arranged = (children) => {
    children.forEach((child, index) => (child.node.hidden = !part.open && index >= most));
    more.hidden = part.open || children.length <= most;
    more.firstChild.textContent = more.hidden ? "" : words.showMoreItems(children.length - most);
  };
  more.addEventListener("click", () => {
    part.open = true;
    part.arranged(part.children);
    const next = part.children[most]?.node;
    (next?.querySelector("a, button, input, select, textarea") ?? next)?.focus();
  });
  return part;
}

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

function buildBasic(props) {
  const direction = oneOf(props.direction, ["row", "col"], "col");
  const node = el("div", { className: `w-basic w-box w-${direction}${themeClass(props.theme)}` });
  setStyle(node, boxStyles(props));
  return { node, slot: node };
}

export const FRAMES = {
  Button: buildButton,
  Form: buildForm,
  Card: buildCard,
  ListView: buildListView,
  ListViewItem: buildListViewItem,
  Basic: buildBasic,
};
