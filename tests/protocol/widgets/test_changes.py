"""A widget, an update of it, and the widget after that."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.protocol import widgets as w

DIVIDER = {"type": "Divider"}


def writing(value: str, **props: Any) -> w.Node:
    return w.card([w.markdown(value, id="body", **props), DIVIDER])


def moving(child: w.Node) -> w.Node:
    return {"type": "Transition", "children": child}


def delta_of(name: str, delta: str) -> w.WidgetUpdate:
    return {"type": "widget.streaming_text.value_delta", "component_id": name, "delta": delta}


@pytest.mark.parametrize("build", [w.text, w.markdown])
def test_a_delta_goes_to_the_end_of_a_text(build: Any) -> None:
    old, new = (w.card([w.row([build(value, id="t")])]) for value in ("De", "Dear"))
    assert w.apply(old, delta_of("t", "ar")) == new


def test_a_component_takes_the_place_of_the_one_with_its_id() -> None:
    def tree(size: Any, label: str) -> w.Node:
        button = w.button(label, id="button", size=size)
        return w.card([w.text("a", id="a"), w.col([w.row([button, w.badge("x")], id="row")])])

    component = w.button("Gone", id="button", size="lg")
    update = {"type": "widget.component.updated", "component_id": "button", "component": component}
    assert w.apply(tree("sm", "Go"), update) == tree("lg", "Gone")


def test_the_only_child_of_a_component_can_change() -> None:
    old, new = (w.card([moving(w.text(value, id="t"))]) for value in ("a", "ab"))
    assert w.apply(old, delta_of("t", "b")) == new


def test_a_root_takes_the_place_of_the_whole_tree() -> None:
    new = w.basic([])
    assert w.apply(writing("a"), {"type": "widget.root.updated", "widget": new}) == new


def test_an_update_leaves_the_tree_before_as_it_was() -> None:
    old = writing("a")
    w.apply(old, delta_of("body", "b"))
    assert old == writing("a")


@pytest.mark.parametrize(
    "update",
    [
        delta_of("no", "x"),
        {"type": "widget.component.updated", "component_id": "no", "component": DIVIDER},
        {"type": "workflow.task.added"},
    ],
)
def test_an_update_of_nothing_is_refused(update: w.WidgetUpdate) -> None:
    with pytest.raises(w.WidgetError):
        w.apply(w.card([moving(w.text("a")), w.row([])]), update)
