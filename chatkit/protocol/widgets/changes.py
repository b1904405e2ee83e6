"""Applies an update to a widget (protocol, section 11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatkit.protocol.widgets.tree import Node, WidgetError

#: An `update` object of `thread.item.updated`.
WidgetUpdate = dict[str, Any]


def apply(widget: Node, update: WidgetUpdate) -> Node:
    """Apply an update and return the new widget; `widget` is not modified.

    Raises WidgetError if no component has the update's `component_id`.
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


def _replace(node: Node, name: str, change: Callable[[Node], Node]) -> Node:
    changed = _replaced(node, name, change)
    if changed is None:
        raise WidgetError(f"no component has the id {name!r}")
    return changed


def _replaced(node: Node, name: str, change: Callable[[Node], Node]) -> Node | None:
    """A copy of the node with the change applied. None if no node in it has the id `name`."""
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
