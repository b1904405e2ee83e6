// How each component is drawn that is neither a root, a chart nor a field of a form.
//
// A builder takes the component's props and gives `{node, slot?, refresh?, arranged?}`: `slot` is
// where its children go, `refresh(props)` takes over what changes without building again, and
// `arranged(children)` is called once the children are in place.

import { el } from "./dom.js";
import { imageAddress } from "./files.js";
import { MarkdownView } from "./markdown.js";
import { widgetIcon } from "./widget_icons.js";
import {
  blockStyles,
  boxStyles,
  color,
  length,
  oneOf,
  pick,
  setStyle,
  spacing,
  textOf,
  wholeOf,
} from "./widget_values.js";
import { say } from "./words.js";

const TEXT_SIZES = ["xs", "sm", "md", "lg", "xl"];
const TITLE_SIZES = ["sm", "md", "lg", "xl", "2xl", "3xl", "4xl", "5xl"];
const CAPTION_SIZES = ["sm", "md", "lg"];
const ICON_SIZES = ["xs", "sm", "md", "lg", "xl", "2xl", "3xl"];
const WEIGHTS = ["normal", "medium", "semibold", "bold"];
const SIDES = ["start", "center", "end"];
const POSITIONS = [
  "top left",
  "top",
  "top right",
  "left",
  "center",
  "right",
  "bottom left",
  "bottom",
  "bottom right",
];

/**
 * Classes for a text: its size within `sizes`, its weight and its side.
 * @param {Record<string, unknown>} props
 * @param {string} kind
 * @param {string[]} sizes
 * @param {string} size
 * @param {string} weight
 */
export function textClasses(props, kind, sizes, size, weight) {
  return [
    `w-${kind}`,
    `w-${kind}-${oneOf(props.size, sizes, size)}`,
    `w-weight-${oneOf(props.weight, WEIGHTS, weight)}`,
    `w-side-${oneOf(props.textAlign, SIDES, "match")}`,
    props.italic === true && "is-italic",
    props.lineThrough === true && "is-struck",
  ]
    .filter(Boolean)
    .join(" ");
}

/**
 * @param {"p" | "h3"} tag
 * @param {WidgetProps} props
 * @param {string} className
 * @returns {BuiltPart}
 */
function plainText(tag, props, className) {
  const lines = props.truncate === true ? (props.maxLines ?? 1) : props.maxLines;
  const clamped = wholeOf(lines, { least: 1, most: 999 }) !== null;
  const least = wholeOf(props.minLines, { most: 99 });
  const text = document.createTextNode("");
  const node = el(
    tag,
    { className: clamped ? `${className} is-clamped` : className, dir: "auto" },
    text,
  );
  setStyle(node, {
    color: color(props.color, "text"),
    "inline-size": length(props.width),
    "-webkit-line-clamp": clamped ? String(lines) : null,
    "min-block-size": least === null ? null : `${least}lh`,
  });
  return {
    node,
    refresh({ value, streaming }) {
      const next = textOf(value);
      // What was there already stays selected and is not laid out anew.
      if (next.startsWith(text.data)) text.appendData(next.slice(text.data.length));
      else text.data = next;
      if (clamped) node.title = next;
      node.classList.toggle("is-streaming", streaming === true);
    },
  };
}

/** @type {Builder} */
const buildText = (props) =>
  plainText("p", props, textClasses(props, "text", TEXT_SIZES, "md", "normal"));
/** @type {Builder} */
const buildTitle = (props) =>
  plainText("h3", props, textClasses(props, "title", TITLE_SIZES, "md", "semibold"));
/** @type {Builder} */
const buildCaption = (props) =>
  plainText("p", props, textClasses(props, "caption", CAPTION_SIZES, "md", "normal"));

/**
 * @param {WidgetProps} _
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildMarkdown(_, { showsImage }) {
  const node = el("div", { className: "w-markdown markdown" });
  const view = new MarkdownView(node, { showsImage });
  return {
    node,
    refresh({ value, streaming }) {
      view.update(textOf(value));
      node.classList.toggle("is-streaming", streaming === true);
    },
  };
}

/**
 * @param {WidgetProps} props
 * @returns {BuiltPart}
 */
function buildBadge(props) {
  const hue = oneOf(
    props.color,
    ["secondary", "success", "danger", "warning", "info", "discovery"],
    "secondary",
  );
  const variant = oneOf(props.variant, ["solid", "soft", "outline"], "soft");
  const size = oneOf(props.size, ["sm", "md", "lg"], "sm");
  const className = `w-badge w-hue-${hue} w-badge-${variant} w-badge-${size}${props.pill === true ? " is-pill" : ""}`;
  return { node: el("span", { className, textContent: textOf(props.label), dir: "auto" }) };
}

/**
 * @param {WidgetProps} props
 * @returns {BuiltPart}
 */
function buildIcon(props) {
  const node = widgetIcon(props.name, `w-icon-${oneOf(props.size, ICON_SIZES, "md")}`);
  if (node === null) return nothing();
  setStyle(node, { color: color(props.color, "text") });
  return { node };
}

/**
 * The address of an image that may load here: ours, one within the page, or one that `showsImage` allows.
 * @param {unknown} src
 * @param {ShowsImage} showsImage
 */
export function loadable(src, showsImage) {
  const address = imageAddress(src);
  if (address === null) return null;
  const { origin, protocol } = new URL(address);
  return protocol === "data:" || origin === location.origin || showsImage(address) ? address : null;
}

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildImage(props, { showsImage }) {
  const alt = textOf(props.alt);
  const frame = el("div", {
    className: ["w-image", props.frame === true && "is-framed", props.flush === true && "is-flush"]
      .filter(Boolean)
      .join(" "),
  });
  setStyle(frame, { ...blockStyles(props), background: color(props.background, "surface") });
  const replace = () => {
    frame.classList.add("is-missing");
    frame.replaceChildren(
      widgetIcon("square-image") ?? "",
      el("span", { textContent: alt || say("page.image"), dir: "auto" }),
    );
  };
  const src = loadable(props.src, showsImage);
  if (src === null) {
    replace();
    return { node: frame };
  }
  const image = el("img", { alt, loading: "lazy", decoding: "async", on: { error: replace } });
  setStyle(image, {
    "object-fit": oneOf(props.fit, ["cover", "contain", "fill", "scale-down", "none"], "cover"),
    "object-position": oneOf(props.position, POSITIONS),
  });
  image.src = src;
  frame.append(image);
  return { node: frame };
}

/**
 * @param {Record<string, unknown>} props
 * @param {string} direction
 * @returns {BuiltPart}
 */
function box(props, direction) {
  const node = el("div", { className: `w-box w-${direction}` });
  setStyle(node, boxStyles(props));
  return { node, slot: node };
}

/** @type {Builder} */
const buildBox = (props) => box(props, oneOf(props.direction, ["row", "col"], "col"));

/**
 * @param {WidgetProps} props
 * @returns {BuiltPart}
 */
function buildSpacer(props) {
  const node = el("div", { className: "w-spacer" });
  setStyle(node, {
    "min-inline-size": length(props.minSize),
    "min-block-size": length(props.minSize),
  });
  return { node };
}

/**
 * @param {WidgetProps} props
 * @returns {BuiltPart}
 */
function buildDivider(props) {
  const node = el("hr", { className: props.flush === true ? "w-divider is-flush" : "w-divider" });
  setStyle(node, {
    "border-block-start-color": color(props.color, "border"),
    "border-block-start-width": length(props.size),
    "margin-block": spacing(props.spacing),
  });
  return { node };
}

/** @returns {BuiltPart} */
function buildTransition() {
  const node = el("div", { className: "w-transition" });
  return { node, slot: node };
}

/** @returns {BuiltPart} */
function buildTable() {
  const slot = el("tbody");
  const region = {
    className: "table w-table",
    tabIndex: 0,
    role: "region",
    "aria-label": say("page.table"),
  };
  return { node: el("div", region, el("table", {}, slot)), slot };
}

/**
 * @param {WidgetProps} props
 * @returns {BuiltPart}
 */
function buildTableRow(props) {
  const node = el("tr", { className: props.header === true ? "is-header" : "" });
  return { node, slot: node };
}

/** @type {Record<string, string>} */
const COLUMN_SIZES = { xs: "4rem", sm: "7rem", md: "10rem", lg: "14rem", xl: "18rem" };

const SHORT = 14; // letters
/** @param {unknown} value */
const spanOf = (value) => wholeOf(value, { least: 2, most: 100 });
/** @type {Record<string, string>} */
const VERTICAL = { start: "top", top: "top", center: "middle", end: "bottom", bottom: "bottom" };

/**
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
function buildTableCell(props, { parent }) {
  const heads = parent?.props.header === true;
  const node = el(heads ? "th" : "td", {
    className: `w-side-${oneOf(props.align, SIDES, "start")}`,
  });
  if (heads) node.scope = "col";
  const [columns, rows] = [props.colSpan, props.rowSpan].map(spanOf);
  if (columns !== null) node.colSpan = columns;
  if (rows !== null) node.rowSpan = rows;
  const column = pick(COLUMN_SIZES, props.colSize);
  setStyle(node, {
    "inline-size": length(props.width) ?? column,
    padding: spacing(props.padding),
    "vertical-align": pick(VERTICAL, props.vAlign),
  });
  /** @param {Part[]} children */
  const arranged = (children) => {
    // A date or a number is not broken to make room for a column of sentences.
    node.classList.toggle(
      "is-short",
      children.every((child) => textOf(child.props.value).length <= SHORT),
    );
  };
  return { node, slot: node, arranged };
}

/**
 * A component that this page does not know: its children, or nothing.
 * @param {WidgetProps} props
 * @param {BuildContext} context
 * @returns {BuiltPart}
 */
export function buildUnknown(props, { hasChildren }) {
  return hasChildren ? box({}, "col") : nothing();
}

const nothing = () => ({ node: el("span", { hidden: true }) });

/** @type {Record<string, Builder>} */
export const PARTS = {
  Text: buildText,
  Title: buildTitle,
  Caption: buildCaption,
  Markdown: buildMarkdown,
  Badge: buildBadge,
  Icon: buildIcon,
  Image: buildImage,
  Box: buildBox,
  Row: (props) => box(props, "row"),
  Col: (props) => box(props, "col"),
  Spacer: buildSpacer,
  Divider: buildDivider,
  Transition: buildTransition,
  Table: buildTable,
  "Table.Row": buildTableRow,
  "Table.Cell": buildTableCell,
};
