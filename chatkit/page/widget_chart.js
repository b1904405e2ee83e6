// Charts of widgets: bars, lines and areas as SVG, with the same numbers as a table for those who do
// not see it.

import { el } from "./dom.js";
import { curve, niceTicks, stackRows } from "./widget_chart_math.js";
import { blockStyles, color, oneOf, setStyle, textOf } from "./widget_values.js";
import { locale, say } from "./words.js";

/**
 * @typedef {object} BarLayout
 * @property {ChartSeries[]} series
 * @property {Spans[]} spans
 * @property {number} band
 * @property {(row: number) => number} x
 * @property {(value: number) => number} y
 * @property {WidgetProps} props
 */

/**
 * @typedef {object} LabelLayout
 * @property {number} band
 * @property {(row: number) => number} x
 * @property {number} level
 * @property {number} left
 * @property {number} right
 */

const SVG = "http://www.w3.org/2000/svg";
const MOST_ROWS = 400;
const MOST_SERIES = 12;
const HUES = ["blue", "orange", "green", "purple", "pink", "yellow", "red"];
const LETTER = 6.6; // pixels that a letter of a label takes, about

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} className
 * @returns {SVGElementTagNameMap[Tag]}
 */
function svg(tag, attributes = {}, className = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  if (className) node.setAttribute("class", className);
  return node;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
const isObject = (value) => value !== null && typeof value === "object";
/**
 * @param {unknown} value
 * @param {number} most
 */
const list = (value, most) => (Array.isArray(value) ? value.filter(isObject).slice(0, most) : []);

/**
 * What is drawn: `labels` of the rows, and `series` with a value or null for each row.
 * @param {WidgetProps} props
 * @returns {ChartData}
 */
function readChart(props) {
  const rows = list(props.data, MOST_ROWS);
  const axis = isObject(props.xAxis) ? props.xAxis : { dataKey: props.xAxis };
  /**
   * @param {Record<string, unknown>} row
   * @param {unknown} key
   */
  const own = (row, key) => (typeof key === "string" && Object.hasOwn(row, key) ? row[key] : null);
  const labels = rows.map((row) => {
    const text = textOf(own(row, axis.dataKey));
    return (isObject(axis.labels) && textOf(own(axis.labels, text))) || text;
  });
  const series = list(props.series, MOST_SERIES).map((some, index) => ({
    kind: oneOf(some.type, ["bar", "line", "area"], "bar"),
    label: textOf(some.label) || textOf(some.dataKey),
    stack: typeof some.stack === "string" ? some.stack : null,
    curve: textOf(some.curveType),
    color: color(some.color, "chart") ?? `var(--w-chart-${HUES[index % HUES.length]})`,
    values: rows.map((row) => {
      const value = own(row, some.dataKey);
      return typeof value === "number" && Number.isFinite(value) ? value : null;
    }),
  }));
  return { labels, series, hideX: axis.hide === true };
}

const written = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
/** @param {number | null} value */
const numberText = (value) => (value === null ? "" : written.format(value));
const short = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });

/**
 * @param {WidgetProps} props
 * @returns {BuiltPart}
 */
export function buildChart(props) {
  const chart = readChart(props);
  const plot = el("div", { className: "w-plot", dir: "ltr", "aria-hidden": "true" });
  const tip = el("div", { className: "w-tip", hidden: true });
  const node = el("figure", { className: "w-chart" }, plot, tableOf(chart));
  if (props.showLegend !== false && chart.series.length > 0) node.append(legendOf(chart));
  const styles = blockStyles(props);
  setStyle(node, {
    flex: styles.flex,
    "inline-size": styles["inline-size"],
    "max-inline-size": styles["max-inline-size"],
  });
  setStyle(plot, {
    "block-size": styles["block-size"] ?? (styles["aspect-ratio"] ? "auto" : null),
    "aspect-ratio": styles["aspect-ratio"],
    "min-block-size": styles["min-block-size"],
    "max-block-size": styles["max-block-size"],
  });
  /** @type {ReturnType<typeof drawPlot> | null} */
  let drawn = null;
  const draw = () => {
    const [width, height] = [plot.clientWidth, plot.clientHeight];
    if (width < 40 || height < 40) return;
    drawn = drawPlot(chart, props, width, height);
    plot.replaceChildren(drawn.node, tip);
  };
  new ResizeObserver(draw).observe(plot);
  if (props.showTooltip !== false) followPointer(plot, tip, chart, () => drawn);
  return { node };
}

/** @param {ChartData} chart */
function tableOf({ labels, series }) {
  /**
   * @param {"th" | "td"} tag
   * @param {string[]} texts
   */
  const cells = (tag, texts) => texts.map((text) => el(tag, { textContent: text }));
  const head = el("tr", {}, ...cells("th", ["", ...series.map(({ label }) => label)]));
  const rows = labels.map((label, row) => {
    const values = series.map(({ values: all }) => numberText(all[row]));
    return el("tr", {}, ...cells("th", [label]), ...cells("td", values));
  });
  const caption = el("caption", { textContent: say("page.chart_values") });
  const table = el("table", {}, caption, el("thead", {}, head), el("tbody", {}, ...rows));
  return el("div", { className: "visually-hidden" }, table);
}

/** @param {ChartData} chart */
function legendOf({ series }) {
  const entries = series.map(({ label, color: shown, kind }) => {
    const mark = el("i", { className: `w-mark w-mark-${kind}` });
    setStyle(mark, { background: shown });
    return el("li", {}, mark, el("span", { textContent: label, dir: "auto" }));
  });
  return el("ul", { className: "w-legend", "aria-hidden": "true" }, ...entries);
}

/**
 * @param {ChartData} chart
 * @param {WidgetProps} props
 * @param {number} width
 * @param {number} height
 */
function drawPlot({ labels, series, hideX }, props, width, height) {
  const spans = stackRows(series); // for each series and row `[from, to]`, or null
  const ends = spans.flat().flatMap((span) => span ?? []);
  const onlyLines = series.every(({ kind }) => kind === "line");
  const ticks = niceTicks(onlyLines ? ends : [0, ...ends], Math.max(2, Math.floor(height / 48)));
  const named = ticks.map((tick) => short.format(tick));
  const axis =
    props.showYAxis === true ? Math.max(...named.map((name) => name.length)) * LETTER + 12 : 4;
  const [left, right, top, bottom] = [axis, width - 4, 8, height - (hideX ? 6 : 24)];
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const band = (right - left) / Math.max(labels.length, 1);
  /** @param {number} row */
  const x = (row) => left + band * (row + 0.5);
  /** @param {number} value */
  const y = (value) => bottom - ((value - low) / (high - low || 1)) * (bottom - top);
  const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height });
  ticks.forEach((tick, index) => {
    const [from, level] = [left, Math.round(y(tick)) + 0.5];
    const base = tick === (low > 0 ? low : 0) ? "w-grid is-base" : "w-grid";
    node.append(svg("line", { x1: from, x2: right, y1: level, y2: level }, base));
    if (props.showYAxis === true) {
      const text = svg("text", { x: left - 8, y: level + 4, "text-anchor": "end" }, "w-tick");
      text.textContent = named[index];
      node.append(text);
    }
  });
  const guide = svg("line", { y1: top, y2: bottom, visibility: "hidden" }, "w-guide");
  node.append(guide);
  /** @param {string} kind */
  const lines = (kind) =>
    series.forEach((some, index) => some.kind === kind && drawLine(node, some, spans[index], x, y));
  lines("area");
  drawBars(node, { series, spans, band, x, y, props });
  lines("line");
  if (!hideX) drawLabels(node, labels, { band, x, level: bottom + 17, left, right });
  return { node, guide, x, band, left, top };
}

/**
 * @param {SVGElement} node
 * @param {BarLayout} layout
 */
function drawBars(node, { series, spans, band, x, y, props }) {
  const bars = series
    .map((some, index) => ({ ...some, spans: spans[index] }))
    .filter(({ kind }) => kind === "bar");
  const lanes = [...new Set(bars.map(({ stack }, index) => stack ?? index))];
  /**
   * @param {unknown} value
   * @param {number} fallback
   */
  const number = (value, fallback) => (typeof value === "number" && value >= 0 ? value : fallback);
  const gap = Math.min(number(props.barGap, 3), band / 6);
  const outer = Math.min(number(props.barCategoryGap, band * 0.32), band * 0.8);
  const wide = Math.min(44, (band - outer - gap * (lanes.length - 1)) / lanes.length);
  const group = wide * lanes.length + gap * (lanes.length - 1);
  bars.forEach(({ stack, color: shown, spans: own }, index) => {
    const lane = lanes.indexOf(stack ?? index);
    own.forEach((span, row) => {
      if (span === null) return;
      const [from, to] = [y(Math.max(...span)), y(Math.min(...span))];
      const bar = svg("rect", {
        x: x(row) - group / 2 + lane * (wide + gap),
        y: from,
        width: Math.max(wide, 1),
        height: Math.max(to - from, 0),
        rx: Math.min(4, wide / 4, (to - from) / 2),
      });
      setStyle(bar, { fill: shown });
      node.append(bar);
    });
  });
}

/**
 * @param {SVGElement} node
 * @param {ChartSeries} series
 * @param {Spans} spans
 * @param {(row: number) => number} x
 * @param {(value: number) => number} y
 */
function drawLine(node, { kind, color: shown, curve: shape }, spans, x, y) {
  // A row without a value ends the line; the next one with a value begins another.
  /** @type {(Point & { from: number })[]} */
  let current = [];
  const runs = [current];
  spans.forEach((span, row) => {
    if (span === null) runs.push((current = []));
    else current.push({ x: x(row), from: y(span[0]), y: y(span[1]) });
  });
  for (const run of runs.filter((points) => points.length > 0)) {
    const line = curve(run, shape);
    if (kind === "area") {
      const back = curve(run.map((point) => ({ x: point.x, y: point.from })).reverse(), shape);
      const area = svg("path", { d: `${line}L${back.slice(1)}Z` }, "w-area");
      setStyle(area, { fill: shown });
      node.append(area);
    }
    const path = svg("path", { d: line }, "w-line");
    setStyle(path, { stroke: shown });
    node.append(path);
    if (run.length > 24 || (kind === "area" && run.length > 1)) continue;
    for (const point of run) {
      const dot = svg("circle", { cx: point.x, cy: point.y, r: 3 }, "w-point");
      setStyle(dot, { stroke: shown });
      node.append(dot);
    }
  }
}

/**
 * As many labels as fit beside each other.
 * @param {SVGElement} node
 * @param {string[]} labels
 * @param {LabelLayout} layout
 */
function drawLabels(node, labels, { band, x, level, left, right }) {
  const longest = Math.min(14, Math.max(...labels.map((label) => label.length), 1));
  const every = Math.max(1, Math.ceil((longest * LETTER + 10) / band));
  let free = -Infinity;
  labels.forEach((label, row) => {
    const shown = label.length > 14 ? `${label.slice(0, 13)}…` : label;
    const half = (shown.length * LETTER) / 2;
    const at = Math.min(Math.max(x(row), left + half), right - half);
    if (row % every !== 0 || at - half < free) return;
    free = at + half + 6;
    const text = svg("text", { x: at, y: level, "text-anchor": "middle" }, "w-tick");
    text.textContent = shown;
    node.append(text);
  });
}

/**
 * @param {HTMLElement} plot
 * @param {HTMLElement} tip
 * @param {ChartData} chart
 * @param {() => ReturnType<typeof drawPlot> | null} drawing
 */
function followPointer(plot, tip, { labels, series }, drawing) {
  const hide = () => {
    tip.hidden = true;
    drawing()?.guide.setAttribute("visibility", "hidden");
  };
  /** @param {MouseEvent} event */
  const show = (event) => {
    const drawn = drawing();
    if (drawn === null) return;
    const at = event.clientX - plot.getBoundingClientRect().left;
    const row = Math.floor((at - drawn.left) / drawn.band);
    if (row < 0 || row >= labels.length) {
      hide();
      return;
    }
    const place = drawn.x(row);
    for (const edge of ["x1", "x2"]) drawn.guide.setAttribute(edge, String(place));
    drawn.guide.setAttribute("visibility", "visible");
    const values = series
      .filter(({ values: all }) => all[row] !== null)
      .map(({ label, color: shown, values: all }) => {
        const mark = el("i", { className: "w-mark" });
        setStyle(mark, { background: shown });
        return el(
          "div",
          {},
          mark,
          el("span", { textContent: label }),
          el("b", { textContent: numberText(all[row]) }),
        );
      });
    tip.replaceChildren(el("strong", { textContent: labels[row] }), ...values);
    tip.hidden = false;
    const beyond = place + tip.offsetWidth + 12 > plot.clientWidth;
    setStyle(tip, {
      left: `${Math.max(0, beyond ? place - tip.offsetWidth - 10 : place + 10)}px`,
      top: `${drawn.top}px`,
    });
  };
  plot.addEventListener("pointermove", show);
  plot.addEventListener("pointerdown", show);
  plot.addEventListener("pointerleave", hide);
}
