// A widget on the page: a tree of components as DOM nodes that change in place.
//
// What did not change keeps its node, and with it what was typed, the focus and the selection.

import { drawSoon } from "./rows.js";
import { buildChart } from "./widget_chart.js";
import { FRAMES } from "./widget_buttons.js";
import { bindLabels, fieldsOf, readAction, withFields } from "./widget_fields.js";
import { FIELDS, buildEditableText } from "./widget_forms.js";
import { FocusKeeper } from "./widget_focus.js";
import { PARTS, buildUnknown } from "./widget_parts.js";
import { directionOf, findNode, readTree } from "./widget_tree.js";

/**
 * @typedef {object} WidgetHost
 * @property {(action: WidgetAction, options: ActionOptions) => Promise<unknown>} act settles once the
 *   server has answered
 * @property {(error: unknown) => void} refused the server rejected the action
 * @property {ShowsImage} [showsImage]
 */

/** @type {Record<string, Builder>} */
const BUILDERS = { ...PARTS, ...FRAMES, ...FIELDS, Chart: buildChart };
// Props that a part takes over by its `refresh`; a change of any other builds it again.
const REFRESHED = ["value", "streaming", "defaultValue", "defaultChecked"];
const REFRESHING = new Set(["Text", "Title", "Caption", "Markdown", ...Object.keys(FIELDS)]);
REFRESHING.delete("Label");

/**
 * @param {WidgetProps} props
 * @returns {Builder}
 */
function builderOf({ type, editable }) {
  if (type === "Text" && editable !== null && typeof editable === "object") {
    return buildEditableText;
  }
  return Object.hasOwn(BUILDERS, type) ? BUILDERS[type] : buildUnknown;
}

/**
 * What a part looks like apart from what it can take over. The cells of a header are headers.
 * @param {WidgetNode} node
 * @param {Part | null} parent
 */
function shapeOf({ props, children }, parent) {
  const skipped = REFRESHING.has(props.type) ? REFRESHED : [];
  const rest = Object.entries(props).filter(([name]) => !skipped.includes(name));
  return JSON.stringify([rest, children.length > 0, parent?.props.header === true]);
}

export class WidgetView {
  /** @type {HTMLElement} */
  #node;
  /** @type {WidgetHost} */
  #host;
  /** @type {WidgetNode | null} */
  #tree = null;
  /** @type {Part | null} */
  #root = null; // the part of the root component
  #focus;
  /** @type {Set<WidgetNode>} */
  #dirty = new Set(); // nodes of the tree with text that is not on the screen yet
  /** @type {Promise<unknown>} */
  #order = Promise.resolve(); // actions that do not stream are answered one after the other
  /** @type {Pick<BuildContext, "fire"|"showsImage">} */
  #context;

  /**
   * Shows a widget in `node`. `host.act({type, payload}, {streaming, loadingBehavior})` gives a promise
   * that settles once the server has answered; `host.refused(error)` is called when it was rejected.
   * `host.showsImage(address)` tells whether an image from elsewhere may load.
   * @param {HTMLElement} node
   * @param {WidgetHost} host
   */
  constructor(node, host) {
    this.#node = node;
    this.#host = host;
    this.#focus = new FocusKeeper(node);
    this.#context = {
      fire: (config, press) => this.#fire(config, press),
      showsImage: (address) => host.showsImage?.(address) === true,
    };
    node.classList.add("w-root");
    node.tabIndex = -1; // where the focus goes when what had it is gone
  }

  /**
   * Show `widget`, which often is the present one with a few changes.
   * @param {unknown} widget
   */
  update(widget) {
    this.#tree = readTree(widget);
    this.#draw();
  }

  /**
   * Take over one of the three updates of a widget; others are passed over.
   * @param {ItemUpdate} update
   */
  applyUpdate(update) {
    if (update.type === "widget.root.updated") {
      this.update(update.widget);
      return;
    }
    if (!("component_id" in update)) return;
    const found = findNode(this.#tree, update.component_id);
    if (found === null) return;
    if (update.type === "widget.component.updated") {
      const next = readTree({ id: update.component_id, ...update.component });
      if (next === null) return;
      Object.assign(found, next);
      this.#draw();
    } else if (update.type === "widget.streaming_text.value_delta") {
      found.props.value = `${found.props.value ?? ""}${update.delta ?? ""}`;
      found.props.streaming = update.done !== true;
      this.#dirty.add(found);
      drawSoon(this); // deltas come faster than frames
    }
  }

  /** Build everything again: what images may load has changed. */
  redraw() {
    this.#root = null;
    this.#draw();
  }

  // ---- Drawing -----------------------------------------------------------------------------------

  /** Draw the text that deltas brought, and nothing else. */
  draw() {
    for (const { part, props } of this.#dirty) part?.refresh?.(props);
    this.#dirty.clear();
  }

  #draw() {
    this.#dirty.clear();
    const memo = this.#focus.remember(this.#root);
    const before = this.#root;
    /** @type {Part[]} */
    const built = [];
    this.#root = this.#tree === null ? null : this.#part(this.#tree, before, "root", null, built);
    if (this.#root?.node !== before?.node) {
      this.#node.replaceChildren(...(this.#root ? [this.#root.node] : []));
    }
    this.#node.dir = directionOf(this.#tree) ?? "";
    bindLabels(this.#node);
    const wished = built.find((part) => part.autoFocus)?.autoFocus;
    this.#focus.restore(memo, this.#root, wished);
  }

  /**
   * @param {WidgetNode} tree
   * @param {Part | null | undefined} before
   * @param {string} key
   * @param {Part | null} parent
   * @param {Part[]} built
   * @returns {Part}
   */
  #part(tree, before, key, parent, built) {
    const shape = shapeOf(tree, parent);
    const part = before?.shape === shape ? before : this.#build(tree, before ?? null, parent);
    if (part !== before) built.push(part);
    Object.assign(part, { shape, key, props: tree.props });
    part.refresh?.(tree.props);
    tree.part = part;
    const known = new Map((before?.children ?? []).map((child) => [child.key, child]));
    const seen = new Map();
    part.children = tree.children.map((child) => {
      const name = keyOf(child.props, seen);
      return this.#part(child, known.get(name), name, part, built);
    });
    if (part.slot) place(part.slot, part.children);
    part.arranged?.(part.children);
    return part;
  }

  /**
   * A part that is still to be given its key and its children.
   * @param {WidgetNode} tree
   * @param {Part | null} before
   * @param {Part | null} parent
   * @returns {Part}
   */
  #build({ props, children }, before, parent) {
    const context = { ...this.#context, parent, hasChildren: children.length > 0 };
    const built = builderOf(props)(props, context, before);
    return Object.assign(built, { props, children: [], key: "", shape: "" });
  }

  // ---- Actions -----------------------------------------------------------------------------------

  /**
   * Do what a press on `node` asks for. Gives whether the server took it.
   * @param {unknown} config
   * @param {Press} press
   */
  async #fire(config, { kind, node, own = [] }) {
    const action = readAction(config, kind);
    if (action === null) return true;
    if (kind !== "change" && node.getAttribute("aria-busy") === "true") return false;
    const { type, streaming, loading } = action;
    const payload = withFields(action.payload, [...fieldsOf(node.closest("form")), ...own]);
    const release = this.#hold(loading, node);
    const act = () => this.#host.act({ type, payload }, { streaming, loadingBehavior: loading });
    try {
      if (streaming) {
        await act();
      } else {
        const turn = this.#order.then(act);
        this.#order = turn.catch(() => {});
        await turn;
      }
      return true;
    } catch (error) {
      this.#host.refused(error);
      return false;
    } finally {
      release();
    }
  }

  /**
   * Show that an action is under way; gives how to end that.
   * @param {string} loading
   * @param {HTMLElement} node
   */
  #hold(loading, node) {
    if (loading === "none") return () => {};
    if (loading === "self") {
      // Not disabled: that would take the focus away.
      node.setAttribute("aria-busy", "true");
      return () => node.removeAttribute("aria-busy");
    }
    this.#focus.hold(this.#root);
    this.#node.inert = true;
    node.setAttribute("aria-busy", "true");
    this.#node.setAttribute("aria-busy", "true");
    return () => {
      this.#node.inert = false;
      node.removeAttribute("aria-busy");
      this.#node.removeAttribute("aria-busy");
      this.#focus.release();
    };
  }
}

/**
 * What a component is known by among its siblings.
 * @param {WidgetProps} props
 * @param {Map<string, number>} seen
 */
function keyOf({ type, key, id, name }, seen) {
  const given = [key, id, name].find((some) => typeof some === "string" && some !== "");
  const base = JSON.stringify(given === undefined ? [type] : [type, given]);
  const count = seen.get(base) ?? 0;
  seen.set(base, count + 1);
  return `${base}${count}`;
}

/**
 * Make the nodes of `children` the content of `slot`; those in their place are not touched.
 * @param {HTMLElement} slot
 * @param {Part[]} children
 */
function place(slot, children) {
  /** @type {Set<Node>} */
  const wanted = new Set(children.map(({ node }) => node));
  for (const node of [...slot.childNodes]) if (!wanted.has(node)) node.remove();
  let at = slot.firstChild;
  for (const { node } of children) {
    if (at !== null && node === at) at = at.nextSibling;
    else slot.insertBefore(node, at);
  }
}
