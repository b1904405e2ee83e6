// The values of a widget, as CSS. They come from tools and models: what does not have exactly the
// form that is expected counts as absent. Numbers are pixels, or units of 4 pixels for spacing.

const UNIT = 4;
const MOST_PIXELS = 4000;
const LENGTH = /^\d{1,5}(\.\d{1,4})?(px|rem|em|%|vh|vw|ch)?$/;
const KEYWORD_LENGTHS = new Set(["auto", "fit-content", "max-content", "min-content"]);
const FLEX = /^(none|auto|\d{1,4}(\.\d+)?( \d{1,4}(\.\d+)?)?( (auto|\d{1,5}(px|rem|em|%)?))?)$/;
const RATIO = /^\d{1,5}(\.\d+)?( ?\/ ?\d{1,5}(\.\d+)?)?$/;
const HEX = /^#([\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/i;
const COLOR_FUNCTION =
  /^(rgba?|hsla?|hwb|lab|lch|oklab|oklch)\([\d\s.,%/+-]{1,60}(deg|turn)?[\d\s.,%/+-]{0,60}\)$/i;
const COLOR_NAME = /^[a-z]{3,20}$/i;
const PRIMITIVE = /^(gray|red|orange|yellow|green|blue|purple|pink)-(\d{2,4})$/;
const BORDER_STYLES = ["solid", "dashed", "dotted", "double", "groove", "ridge", "inset", "outset"];
/** @type {Record<string, number | string>} */
const RADII = {
  "2xs": 2,
  xs: 4,
  sm: 6,
  md: 8,
  lg: 10,
  xl: 12,
  "2xl": 16,
  "3xl": 20,
  "4xl": 24,
  full: 9999,
  none: 0,
  "100%": "50%",
};
// Which variable of widgets.css a word stands for, by what it colours.
/** @type {Record<string, string[]>} */
const TOKENS = {
  text: ["prose", "primary", "emphasis", "secondary", "tertiary", "success", "warning", "danger"],
  surface: [
    "surface",
    "surface-secondary",
    "surface-tertiary",
    "surface-elevated",
    "surface-elevated-secondary",
  ],
  border: ["default", "subtle", "strong"],
  chart: ["blue", "purple", "orange", "green", "red", "yellow", "pink"],
};

/**
 * `value` as the text that is shown for it; nothing for an object.
 * @param {unknown} value
 */
export function textOf(value) {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/**
 * `value` when it is one of `choices`, else `fallback`.
 *
 * @overload
 * @param {unknown} value
 * @param {string[]} choices
 * @param {string} fallback
 * @returns {string}
 */
/**
 * @overload
 * @param {unknown} value
 * @param {string[]} choices
 * @returns {string | null}
 */
/**
 * @param {unknown} value
 * @param {string[]} choices
 * @param {string | null} [fallback]
 */
export function oneOf(value, choices, fallback = null) {
  return typeof value === "string" && choices.includes(value) ? value : fallback;
}

/**
 * A whole number, or null; also for one that is below `least` or above `most`.
 *
 * @param {unknown} value
 * @param {{ least?: number, most?: number }} range
 */
export function wholeOf(value, { least = -Infinity, most = Infinity }) {
  const fits = typeof value === "number" && Number.isInteger(value) && value >= least;
  return fits && value <= most ? value : null;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export const isObject = (value) => value !== null && typeof value === "object";

/**
 * What `table` says for `value`, or null.
 *
 * @template Entry
 * @param {Record<string, Entry>} table
 * @param {unknown} value
 */
export const pick = (table, value) =>
  (typeof value === "string" || typeof value === "number") && Object.hasOwn(table, value)
    ? table[value]
    : null;

/**
 * A CSS length, or null. Numbers, and strings of digits, are units of `unit` pixels.
 * @param {unknown} value
 * @returns {string | null}
 */
export function length(value, unit = 1) {
  if (typeof value === "number") {
    return value >= 0 && value * unit <= MOST_PIXELS ? `${value * unit}px` : null;
  }
  if (typeof value !== "string") return null;
  if (KEYWORD_LENGTHS.has(value)) return value;
  if (!LENGTH.test(value)) return null;
  if (/\d$/.test(value)) return length(Number(value), unit);
  return Number.parseFloat(value) <= MOST_PIXELS ? value : null;
}

/** @param {unknown} value */
export const spacing = (value) => length(value, UNIT);

/**
 * A CSS colour, or null. `kind` is a key of TOKENS.
 * @param {unknown} value
 * @param {"text" | "surface" | "border" | "chart"} kind
 * @returns {string | null}
 */
export function color(value, kind) {
  if (isObject(value)) {
    const [light, dark] = [color(value.light, kind), color(value.dark, kind)];
    return light && dark ? `light-dark(${light}, ${dark})` : (light ?? dark);
  }
  if (typeof value !== "string") return null;
  if (TOKENS[kind].includes(value)) return `var(--w-${kind}-${value})`;
  const primitive = PRIMITIVE.exec(value);
  if (primitive) return shade(primitive[1], Number(primitive[2]));
  const known = HEX.test(value) || COLOR_FUNCTION.test(value) || COLOR_NAME.test(value);
  return known && CSS.supports("color", value) ? value : null;
}

/**
 * 500 is the colour itself; below it is mixed with white, above it with black.
 * @param {string} hue
 * @param {number} step
 */
function shade(hue, step) {
  const other = step <= 500 ? "white" : "black";
  const share = Math.min(92, step <= 500 ? (500 - step) / 5.2 : (step - 500) / 7);
  return `color-mix(in oklab, var(--w-hue-${hue}), ${other} ${Math.round(share)}%)`;
}

/**
 * Set what is not null, through the CSSOM: the page's policy forbids style attributes in markup.
 * @param {HTMLElement | SVGElement} node
 * @param {Styles} styles
 */
export function setStyle(node, styles) {
  for (const [name, value] of Object.entries(styles)) {
    if (value !== null && value !== undefined) node.style.setProperty(name, value);
  }
}

/** @type {Record<string, string[]>} */
const SIDES = {
  top: ["block-start"],
  bottom: ["block-end"],
  left: ["inline-start"],
  right: ["inline-end"],
  x: ["inline-start", "inline-end"],
  y: ["block-start", "block-end"],
};

/**
 * `{property: value}` for padding or margin: one value, or one for each side.
 * @param {string} property
 * @param {unknown} value
 * @returns {Styles}
 */
function sides(property, value) {
  if (!isObject(value)) return { [property]: spacing(value) };
  /** @type {Styles} */
  const styles = {};
  for (const side of ["x", "y", "top", "bottom", "left", "right"]) {
    for (const edge of SIDES[side]) {
      const found = spacing(value[side]);
      if (found !== null) styles[`${property}-${edge}`] = found;
    }
  }
  return styles;
}

/**
 * One border, or one for each side.
 * @param {unknown} value
 * @returns {Styles}
 */
function borders(value) {
  if (value === null || value === undefined) return {};
  /** @param {unknown} some */
  const one = (some) => {
    const { size, color: shown, style } = isObject(some) ? some : { size: some };
    if (typeof size !== "number" || size < 0 || size > 40) return null;
    return `${size}px ${oneOf(style, BORDER_STYLES, "solid")} ${color(shown, "border") ?? "var(--line)"}`;
  };
  if (!isObject(value) || "size" in value) return { border: one(value) };
  /** @type {Styles} */
  const styles = {};
  for (const side of ["x", "y", "top", "bottom", "left", "right"]) {
    if (!(side in value)) continue;
    for (const edge of SIDES[side]) styles[`border-${edge}`] = one(value[side]);
  }
  return styles;
}

/** @param {unknown} value */
function radius(value) {
  const found = pick(RADII, value);
  return typeof found === "number" ? `${found}px` : found;
}

/**
 * Sizes, margins and corners of any block.
 * @param {Record<string, unknown>} props
 * @returns {Styles}
 */
export function blockStyles(props) {
  const { size, minSize, maxSize } = props;
  const ratio =
    typeof props.aspectRatio === "number" ? String(props.aspectRatio) : props.aspectRatio;
  const flex = typeof props.flex === "number" ? String(props.flex) : props.flex;
  return {
    "block-size": length(props.height ?? size),
    "inline-size": length(props.width ?? size),
    "min-block-size": length(props.minHeight ?? minSize),
    "min-inline-size": length(props.minWidth ?? minSize),
    "max-block-size": length(props.maxHeight ?? maxSize),
    "max-inline-size": length(props.maxWidth ?? maxSize),
    "aspect-ratio": typeof ratio === "string" && RATIO.test(ratio) ? ratio : null,
    flex: typeof flex === "string" && FLEX.test(flex) ? flex : null,
    "border-radius": radius(props.radius),
    ...sides("margin", props.margin),
  };
}

/** @type {Record<string, string>} */
const ALIGN = {
  start: "flex-start",
  end: "flex-end",
  center: "center",
  baseline: "baseline",
  stretch: "stretch",
};
/** @type {Record<string, string>} */
const JUSTIFY = {
  start: "flex-start",
  end: "flex-end",
  center: "center",
  stretch: "stretch",
  between: "space-between",
  around: "space-around",
  evenly: "space-evenly",
};

/**
 * A block that lays out its children in a row or a column.
 * @param {Record<string, unknown>} props
 * @returns {Styles}
 */
export function boxStyles(props) {
  return {
    ...blockStyles(props),
    ...sides("padding", props.padding),
    ...borders(props.border),
    gap: spacing(props.gap),
    "align-items": pick(ALIGN, props.align),
    "justify-content": pick(JUSTIFY, props.justify),
    "flex-wrap": oneOf(props.wrap, ["nowrap", "wrap", "wrap-reverse"]),
    background: color(props.background, "surface"),
  };
}
