"""A widget is a tree of JSON objects; `validate` says whether it may go to a client."""

from __future__ import annotations

from typing import Any

from chatkit.protocol.widgets.checks import first_fault
from chatkit.protocol.widgets.components import COMPONENTS, ROOTS
from chatkit.protocol.widgets.props import NodeProps

#: A component: `type`, its props, and perhaps `children`. A widget is the node at the root.
Node = dict[str, Any]


class WidgetError(ValueError):
    """A widget that no client could draw; the message names the place."""


def validate(widget: object) -> None:
    """Check a whole widget. Raises WidgetError: `children[0].value: must be a string`.

    The type of the root, required props, the values of known ones, and that ids are unique.
    Components and props that are not known pass: clients are newer than this table.
    """
    if not isinstance(widget, dict) or widget.get("type") not in ROOTS:
        raise WidgetError(f"type: the root must be one of {', '.join(ROOTS)}")
    _validate_node(widget, "", {})


def _validate_node(node: object, place: str, seen: dict[str, str]) -> None:
    """`seen` tells where each id stands."""
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
