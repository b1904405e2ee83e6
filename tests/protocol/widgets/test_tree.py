"""What a widget may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from chatkit.protocol import widgets as w
from chatkit.protocol.widgets.components import COMPONENTS, ROOTS
from tests.protocol.widgets.samples import every_prop, props_of, trees, whole_nodes

ACTION = {"type": "go"}
CARD_ACTION = {"label": "Go", "action": ACTION}


def rooted(node: w.Node) -> w.Node:
    """A widget that holds the node, or is it."""
    match node["type"]:
        case "Card" | "ListView" | "Basic":
            return node
        case "ListViewItem":
            return {"type": "ListView", "children": [node]}
        case "Table.Row":
            return rooted({"type": "Table", "children": [node]})
        case "Table.Cell":
            return rooted({"type": "Table.Row", "children": [node]})
    return {"type": "Card", "children": [node]}


@pytest.mark.parametrize("kind", COMPONENTS)
def test_every_value_of_every_prop_is_accepted(kind: str) -> None:
    for node in whole_nodes(kind):
        w.validate(rooted(node))


@pytest.mark.parametrize(("kind", "prop"), every_prop())
def test_every_prop_is_checked(kind: str, prop: str) -> None:
    node = next(whole_nodes(kind))
    for wrong in (None, object()):
        with pytest.raises(w.WidgetError, match=rf"(^|\.){prop}: (must|is required)"):
            w.validate(rooted({**node, prop: wrong}))


@pytest.mark.parametrize("kind", COMPONENTS)
def test_a_required_prop_may_not_be_left_out(kind: str) -> None:
    node = next(whole_nodes(kind))
    for prop in [name for name, (_, required) in props_of(kind).items() if required]:
        bare = {name: value for name, value in node.items() if name != prop}
        with pytest.raises(w.WidgetError, match=rf"(^|\.){prop}: is required$"):
            w.validate(rooted(bare))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"type": "Text", "value": 3}, "value: must be a string"),
        ({"type": "Text", "value": "a", "size": "huge"}, "size: must be one of xs, sm, md, lg, xl"),
        ({"type": "Text", "value": "a", "maxLines": True}, "maxLines: must be a whole number"),
        ({"type": "Text", "value": "a", "maxLines": 1.5}, "maxLines: must be a whole number"),
        ({"type": "Text", "value": "a", "italic": 1}, "italic: must be true or false"),
        ({"type": "Text", "value": "a", "editable": True}, "editable: must be false or an object"),
        ({"type": "Text", "value": "a", "editable": {}}, "editable.name: is required"),
        ({"type": "Text", "value": "a", "color": {"light": "red"}}, "color.dark: is required"),
        ({"type": "Row", "gap": []}, "gap: must be a number or a string"),
        ({"type": "Row", "padding": {"x": None}},
         "padding.x: must not be null; leave it out"),
        ({"type": "Row", "padding": {"top": {}}}, "padding.top: must be a number or a string"),
        ({"type": "Row", "border": {"size": "2px"}}, "border.size: must be a whole number"),
        ({"type": "Row", "border": {"x": {"size": 1, "style": "wavy"}}},
         "border.x.style: must be one of solid, dashed, dotted, double, groove, ridge, inset, "
         "outset"),
        ({"type": "Row", "radius": "5px"},
         "radius: must be one of 2xs, xs, sm, md, lg, xl, 2xl, 3xl, 4xl, full, 100%, none"),
        ({"type": "Row", "children": {"type": "Text", "value": "a"}},
         "children: must be a list of components"),
        ({"type": "Row", "children": ["a"]}, "children[0]: must be a component"),
        ({"type": "Row", "children": [{"value": "a"}]},
         "children[0].type: must be the name of a component"),
        ({"type": "Form", "onSubmitAction": {}}, "onSubmitAction.type: is required"),
        ({"type": "Form", "onSubmitAction": {"type": "a", "handler": "browser"}},
         "onSubmitAction.handler: must be server or client"),
        ({"type": "Form", "onSubmitAction": {"type": "a", "loadingBehavior": "fast"}},
         "onSubmitAction.loadingBehavior: must be one of auto, none, self, container"),
        ({"type": "Form", "onSubmitAction": {"type": "a", "streaming": "no"}},
         "onSubmitAction.streaming: must be true or false"),
        ({"type": "Form", "onSubmitAction": {"type": "a", "payload": {"a": {1, 2}}}},
         "onSubmitAction.payload: must be a JSON value"),
        ({"type": "Form", "onSubmitAction": {"type": "a", "payload": {"a": [1.5, float("nan")]}}},
         "onSubmitAction.payload: must be a JSON value"),
        ({"type": "Select", "name": "a", "options": [{"value": "a"}]},
         "options[0].label: is required"),
        ({"type": "DatePicker", "name": "a", "min": "soon"}, "min: must be an ISO date and time"),
        ({"type": "Chart", "data": ["x"], "series": [], "xAxis": "x"},
         "data[0]: must be an object"),
        ({"type": "Chart", "data": [{"x": [1]}], "series": [], "xAxis": "x"},
         "data[0].x: must be a string or a number"),
        ({"type": "Chart", "data": [], "series": [{"type": "pie", "dataKey": "x"}], "xAxis": "x"},
         "series[0].type: must be one of bar, line, area"),
        ({"type": "Transition", "children": [{"type": "Text", "value": "a"}]},
         "children: must be one component, not a list"),
        ({"type": "Transition", "children": {"type": "Text"}}, "children.value: is required"),
        ({"type": "Table", "children": [{"type": "Row"}]}, "children[0].type: must be Table.Row"),
        ({"type": "Unheard", "children": [{"type": "Text"}]}, "children[0].value: is required"),
        ({"type": "Unheard", "children": {"type": "Text"}}, "children.value: is required"),
        ({"type": "Unheard", "id": 3}, "id: must be a string"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(node: w.Node, message: str) -> None:
    with pytest.raises(w.WidgetError) as caught:
        w.validate({"type": "Card", "children": [{"type": "Divider"}, node]})
    assert str(caught.value) == f"children[1].{message}"


@pytest.mark.parametrize(
    ("widget", "message"),
    [
        ({"type": "Text", "value": "a"}, "type: the root must be one of Card, ListView, Basic"),
        ("Card", "type: the root must be one of Card, ListView, Basic"),
        ({"type": "Card"}, "children: is required"),
        ({"type": "Card", "children": [], "confirm": {"label": "Go"}},
         "confirm.action: is required"),
        ({"type": "Card", "children": [], "id": "a", "status": {"icon": "check"}},
         "status.text: is required"),
        ({"type": "ListView", "children": [{"type": "Text", "value": "a"}]},
         "children[0].type: must be ListViewItem"),
        ({"type": "ListView", "children": [], "limit": "all"},
         "limit: must be a whole number or auto"),
        ({"type": "Card", "id": "a", "children": [{"type": "Divider", "id": "a"}]},
         "children[0].id: 'a' is taken by the root"),
        ({"type": "Card", "children": [
            {"type": "Divider", "id": "a"},
            {"type": "Unheard", "children": [{"type": "Divider", "id": "a"}]}]},
         "children[1].children[0].id: 'a' is taken by children[0]"),
    ],
)  # fmt: skip
def test_a_fault_of_the_whole_is_told(widget: Any, message: str) -> None:
    with pytest.raises(w.WidgetError) as caught:
        w.validate(widget)
    assert str(caught.value) == message


def test_a_transition_may_have_nothing_to_show() -> None:
    w.validate({"type": "Card", "children": [{"type": "Transition"}]})


def test_what_is_newer_than_the_table_passes() -> None:
    later = {"type": "Hologram", "depth": [1, {"x": None}], "children": "anything"}
    for root in ROOTS[::2]:
        w.validate({"type": root, "newProp": {"a": 1}, "children": [later]})


@given(trees())
def test_a_built_tree_is_valid_and_survives_json(tree: w.Node) -> None:
    w.validate(tree)
    assert json.loads(json.dumps(tree)) == tree
