// The arithmetic of charts: stacks, round numbers for an axis, and lines through points.

/**
 * For each series, for each row, `[from, to]` on the value axis; null where there is no value.
 * @param {ChartSeries[]} series
 * @returns {Spans[]}
 */
export function stackRows(series) {
  const tops = new Map(); // `kind stack row sign` -> how far that stack reaches already
  return series.map(({ kind, stack, values }) =>
    values.map((value, row) => {
      if (value === null) return null;
      if (kind === "line") return [value, value];
      if (stack === null) return [0, value];
      const key = JSON.stringify([kind, stack, row, value < 0]);
      const from = tops.get(key) ?? 0;
      tops.set(key, from + value);
      return [from, from + value];
    }),
  );
}

/**
 * About `count` round numbers, evenly apart, that enclose `values`.
 * @param {number[]} values
 * @param {number} count
 */
export function niceTicks(values, count) {
  let low = Math.min(...values);
  let high = Math.max(...values);
  if (!Number.isFinite(low) || !Number.isFinite(high)) [low, high] = [0, 1];
  if (low === high) [low, high] = low === 0 ? [0, 1] : [Math.min(0, low), Math.max(0, high)];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

const STRAIGHT = new Set(["", "linear", "linearClosed"]);

/**
 * A path through `points`, from left to right or back. Every rounded shape is drawn as "monotone".
 * @param {Point[]} points
 * @param {string} shape
 */
export function curve(points, shape) {
  const [first, ...rest] = points;
  const start = `M${first.x},${first.y}`;
  if (STRAIGHT.has(shape)) return start + rest.map(({ x, y }) => `L${x},${y}`).join("");
  if (shape.startsWith("step")) {
    return start + rest.map((point, index) => stepTo(points[index], point, shape)).join("");
  }
  const slopes = tangents(points);
  return (
    start +
    rest
      .map((point, index) => {
        const before = points[index];
        const third = (point.x - before.x) / 3;
        const [a, b] = [before.y + slopes[index] * third, point.y - slopes[index + 1] * third];
        return `C${before.x + third},${a} ${point.x - third},${b} ${point.x},${point.y}`;
      })
      .join("")
  );
}

/**
 * @param {Point} before
 * @param {Point} point
 * @param {string} shape
 */
function stepTo(before, point, shape) {
  const forward = point.x >= before.x;
  const early = shape === (forward ? "stepBefore" : "stepAfter");
  const late = shape === (forward ? "stepAfter" : "stepBefore");
  const middle = early ? before.x : late ? point.x : (before.x + point.x) / 2;
  return `H${middle}V${point.y}H${point.x}`;
}

/**
 * Slopes that never overshoot the points (Fritsch and Carlson, 1980).
 * @param {Point[]} points
 */
function tangents(points) {
  const rises = points
    .slice(1)
    .map((point, index) => (point.y - points[index].y) / (point.x - points[index].x || 1));
  return points.map((_, index) => {
    const [before, after] = [rises[index - 1], rises[index]];
    if (before === undefined || after === undefined) return before ?? after ?? 0;
    return before * after <= 0 ? 0 : (2 * before * after) / (before + after);
  });
}
