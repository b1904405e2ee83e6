"""What changed between two states of a widget, as updates of its item (protocol, section 11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from chatkit.protocol.widgets.tree import Node, WidgetError

#: An `update` object of `thread.item.updated`.
WidgetUpdate = dict[str, Any]

_GROWING: Final = ("Text", "Markdown")


def diff(old: Node, new: Node) -> list[WidgetUpdate]:
    """The updates that make `new` of `old`, both valid; none when they are equal.

    Values of `Text` and `Markdown` with an `id` that have only grown are deltas. Otherwise the
    one component with an `id` that holds all of the change is sent, or else the whole tree.
    """
    updates = _below(old, new) if _same_but_children(old, new) else None
    if updates is not None and (len(updates) < 2 or all("delta" in each for each in updates)):
        return updates
    return [{"type": "widget.root.updated", "widget": new}]


def apply(widget: Node, update: WidgetUpdate) -> Node:
    """The widget after an update; the one before is left as it was.

    Raises WidgetError when no component has the update's `component_id`.
    """
    match update:
        case {"type": "widget.root.updated", "widget": root}:
            whole: Node = root
            return whole
        case {"type": "widget.component.updated", "component_id": name, "component": component}:
            return _replace(widget, name, lambda _: component)
        case {"type": "widget.streaming_text.value_delta", "component_id": name, "delta": delta}:
            return _replace(widget, name, lambda node: {**node, "value": node["value"] + delta})
    raise WidgetError(f"no update of a widget: {update.get('type')}")


def _changes(old: Any, new: Any) -> list[WidgetUpdate] | None:
    """The updates below a node or of it; None when something around it must be sent."""
    if _same(old, new):
        return []
    if not isinstance(old, dict) or not isinstance(new, dict):
        return None
    if (delta := _growth(old, new)) is not None:
        return [delta]
    if _same_but_children(old, new) and (updates := _below(old, new)) is not None:
        return updates
    name = old.get("id")
    if name is None or name != new.get("id"):
        return None
    return [{"type": "widget.component.updated", "component_id": name, "component": new}]


def _below(old: Node, new: Node) -> list[WidgetUpdate] | None:
    before, after = _children(old), _children(new)
    if len(before) != len(after) or type(old.get("children")) is not type(new.get("children")):
        return None
    updates: list[WidgetUpdate] = []
    for pair in zip(before, after, strict=True):
        found = _changes(*pair)
        if found is None:
            return None
        updates += found
    return updates


def _children(node: Node) -> list[Any]:
    children = node.get("children", [])
    return children if isinstance(children, list) else [children]


def _growth(old: Node, new: Node) -> WidgetUpdate | None:
    name, before, after = old.get("id"), old.get("value"), new.get("value")
    if (
        name is None
        or old.get("type") not in _GROWING
        or not isinstance(before, str)
        or not isinstance(after, str)
        or not after.startswith(before)
        or not _same({**old, "value": after}, new)
    ):
        return None
    return {
        "type": "widget.streaming_text.value_delta",
        "component_id": name,
        "delta": after[len(before) :],
        "done": new.get("streaming") is not True,
    }


def _same_but_children(old: Node, new: Node) -> bool:
    return _same({**old, "children": None}, {**new, "children": None})


def _same(old: Any, new: Any) -> bool:
    """Equal as JSON, where true is not 1."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[name], new[name]) for name in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    return bool(old == new) and isinstance(old, bool) is isinstance(new, bool)


def _replace(node: Node, name: str, change: Callable[[Node], Node]) -> Node:
    changed = _replaced(node, name, change)
    if changed is None:
        raise WidgetError(f"no component has the id {name!r}")
    return changed


def _replaced(node: Node, name: str, change: Callable[[Node], Node]) -> Node | None:
    """The node with the change made in it; None where it is not in there."""
    if node.get("id") == name:
        return change(node)
    children = node.get("children")
    if isinstance(children, dict):
        inner = _replaced(children, name, change)
        return None if inner is None else {**node, "children": inner}
    for index, child in enumerate(children if isinstance(children, list) else ()):
        inner = _replaced(child, name, change)
        if inner is not None:
            rest = [*children[:index], inner, *children[index + 1 :]]  # type: ignore[index]
            return {**node, "children": rest}
    return None
