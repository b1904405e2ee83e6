"""Validates a widget, a tree of JSON objects, before it is sent to a client."""

from __future__ import annotations

from typing import Any

from chatkit.protocol.widgets.checks import first_fault
from chatkit.protocol.widgets.components import COMPONENTS, ROOTS
from chatkit.protocol.widgets.props import NodeProps

#: A component: `type`, its props, and `children` if any. A widget is the root node.
Node = dict[str, Any]


class WidgetError(ValueError):
    """A widget that clients cannot draw. The message contains the path of the problem."""


def validate(widget: object) -> None:
    """Check a whole widget. Raises WidgetError, for example `children[0].value: must be a string`.

    It checks the type of the root, required props, the values of known props, and unique ids.
    Unknown components and props are allowed: clients may be newer than this table.
    """
    if not isinstance(widget, dict) or widget.get("type") not in ROOTS:
        raise WidgetError(f"type: the root must be one of {', '.join(ROOTS)}")
    _validate_node(widget, "", {})


def _validate_node(node: object, place: str, seen: dict[str, str]) -> None:
    """`seen` maps each id to the path where it was found."""
    if not isinstance(node, dict):
        raise WidgetError(f"{place}: must be a component")
    head = f"{place}." if place else ""
    kind = node.get("type")
    if not isinstance(kind, str) or not kind:
        raise WidgetError(f"{head}type: must be the name of a component")
    component = COMPONENTS.get(kind)
    if fault := first_fault(component.props if component else (NodeProps,), node):
        raise WidgetError(f"{head}{fault}")
    if (own_id := node.get("id")) is not None:
        if own_id in seen:
            raise WidgetError(f"{head}id: {own_id!r} is taken by {seen[own_id] or 'the root'}")
        seen[own_id] = place
    _validate_children(node, head, seen)


def _validate_children(node: Node, head: str, seen: dict[str, str]) -> None:
    component = COMPONENTS.get(node["type"])
    rule = component.children if component else None
    children = node.get("children")
    if rule == "one":
        if isinstance(children, list):
            raise WidgetError(f"{head}children: must be one component, not a list")
        if children is not None:
            _validate_node(children, f"{head}children", seen)
        return
    if children is None and rule == "list":
        raise WidgetError(f"{head}children: is required")
    if rule in ("list", "some") and not isinstance(children, list | None):
        raise WidgetError(f"{head}children: must be a list of components")
    if rule is None and isinstance(children, dict):
        _validate_node(children, f"{head}children", seen)
    for index, child in enumerate(children if isinstance(children, list) else ()):
        place = f"{head}children[{index}]"
        _validate_node(child, place, seen)
        if component and component.only and child["type"] != component.only:
            raise WidgetError(f"{place}.type: must be {component.only}")
