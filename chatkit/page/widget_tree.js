// A widget as data: read from the wire into plain nodes `{props, children}` that are ours to change.

const MAX_DEPTH = 30;
const MAX_NODES = 3000; // a card beyond that is cut, so that the page stays usable

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/**
 * The tree of a widget, or null when it is none. Whatever is not a component is left out.
 * @param {unknown} widget
 * @returns {WidgetNode | null}
 */
export function readTree(widget) {
  let left = MAX_NODES;
  /**
   * @param {unknown} value
   * @param {number} depth
   * @returns {WidgetNode | null}
   */
  const read = (value, depth) => {
    const component = typeof value === "string" ? { type: "Text", value } : value;
    if (!isObject(component) || depth > MAX_DEPTH || left <= 0) return null;
    const { children = [], type, ...rest } = component;
    if (typeof type !== "string") return null;
    left -= 1;
    const props = { type, ...rest };
    const list = Array.isArray(children) ? children : [children];
    return {
      props,
      children: list.map((child) => read(child, depth + 1)).filter((child) => child !== null),
    };
  };
  return read(widget, 0);
}

/**
 * Every node of the tree, parents first.
 * @param {WidgetNode | null} tree
 * @returns {Generator<WidgetNode, void>}
 */
function* nodesOf(tree) {
  if (tree === null) return;
  yield tree;
  for (const child of tree.children) yield* nodesOf(child);
}

/**
 * @param {WidgetNode | null} tree
 * @param {string} id
 */
export function findNode(tree, id) {
  for (const node of nodesOf(tree)) if (node.props.id === id) return node;
  return null;
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const LETTER = /\p{L}/u;
const SAID = ["value", "label", "title", "placeholder"];

/**
 * "rtl" or "ltr": the direction of the first letter that the widget shows, or null without any.
 * @param {WidgetNode | null} tree
 */
export function directionOf(tree) {
  for (const { props } of nodesOf(tree)) {
    for (const text of [props.status?.text, ...SAID.map((name) => props[name])]) {
      const letter = typeof text === "string" ? LETTER.exec(text) : null;
      if (letter) return RIGHT_TO_LEFT.test(letter[0]) ? "rtl" : "ltr";
    }
  }
  return null;
}
