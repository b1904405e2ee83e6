"""Two states of a widget, and the updates between them."""

from __future__ import annotations

import json
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.protocol import widgets as w
from tests.protocol.widgets.samples import edits, trees


def writing(value: str, **props: Any) -> w.Node:
    return w.card([w.markdown(value, id="body", **props), w.divider()])


def test_equal_trees_need_no_update() -> None:
    assert w.diff(writing("a"), writing("a")) == []


@pytest.mark.parametrize("build", [w.text, w.markdown])
def test_text_that_grew_is_a_delta(build: Any) -> None:
    old, new = (w.card([w.row([build(value, id="t", streaming=True)])]) for value in ("De", "Dear"))
    delta = {"type": "widget.streaming_text.value_delta", "component_id": "t", "delta": "ar"}
    assert w.diff(old, new) == [{**delta, "done": False}]
    assert w.apply(old, w.diff(old, new)[0]) == new


def test_a_delta_is_done_when_the_text_does_not_stream() -> None:
    assert w.diff(writing("a"), writing("ab"))[0]["done"] is True
    assert w.diff(writing("a", streaming=False), writing("ab", streaming=False))[0]["done"] is True


def test_each_text_that_grew_has_its_delta() -> None:
    old, new = (
        w.card([w.text(value, id="one"), w.col([w.markdown(value, id="two")])])
        for value in ("a", "ab")
    )
    assert [(each["component_id"], each["delta"]) for each in w.diff(old, new)] == [
        ("one", "b"),
        ("two", "b"),
    ]


def test_a_change_within_a_component_that_has_an_id_sends_that_component() -> None:
    def tree(size: Any, label: str) -> w.Node:
        button = w.button(label, id="button", size=size)
        return w.card([w.text("a", id="a"), w.col([w.row([button, w.badge("x")], id="row")])])

    old, new = tree("sm", "Go"), tree("lg", "Gone")
    update = {"type": "widget.component.updated", "component_id": "button"}
    assert w.diff(old, new) == [{**update, "component": w.button("Gone", id="button", size="lg")}]
    assert w.apply(old, w.diff(old, new)[0]) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (w.text("ab", id="t"), w.text("a", id="t")),  # shorter
        (w.text("ab", id="t"), w.text("xab", id="t")),  # grew at its front
        (w.text("a", id="t", streaming=True), w.text("ab", id="t", streaming=False)),
        (w.text("a", id="t", italic=True), w.text("ab", id="t")),
        (w.text("a", id="t"), w.markdown("ab", id="t")),
        (w.title("a", id="t"), w.title("ab", id="t")),  # no such update for a title
    ],
)
def test_text_that_changed_otherwise_is_sent_whole(old: w.Node, new: w.Node) -> None:
    (update,) = w.diff(w.card([old]), w.card([new]))
    assert update == {"type": "widget.component.updated", "component_id": "t", "component": new}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (w.card([w.text("a")]), w.card([w.text("ab")])),  # no id
        (w.card([w.text("a", id="a")]), w.card([w.text("a", id="b")])),
        (w.card([w.text("a", id="a")]), w.card([w.text("a", id="a"), w.text("b", id="b")])),
        (w.card([], id="root", size="sm"), w.card([], id="root", size="lg")),
        (w.card([w.icon("dot", id="a"), w.icon("dot", id="b")]),
         w.card([w.icon("bug", id="a"), w.icon("bug", id="b")])),
        (w.card([w.text("a", id="a"), w.icon("dot", id="b")]),
         w.card([w.text("ab", id="a"), w.icon("bug", id="b")])),
        (w.card([]), w.basic([])),
        (w.card([{"type": "Later", "children": "a"}]),
         w.card([{"type": "Later", "children": "b"}])),
    ],
)  # fmt: skip
def test_any_other_change_sends_the_root(old: w.Node, new: w.Node) -> None:
    assert w.diff(old, new) == [{"type": "widget.root.updated", "widget": new}]


def test_true_is_not_one() -> None:
    old = w.card([{"type": "Later", "on": 1}])
    assert w.diff(old, w.card([{"type": "Later", "on": True}])) != []
    assert w.diff(old, w.card([{"type": "Later", "on": 1.0}])) == []


def test_an_update_leaves_the_tree_before_as_it_was() -> None:
    old = writing("a")
    w.apply(old, w.diff(old, writing("ab"))[0])
    assert old == writing("a")


@pytest.mark.parametrize(
    "update",
    [
        {"type": "widget.streaming_text.value_delta", "component_id": "no", "delta": "x"},
        {"type": "widget.component.updated", "component_id": "no", "component": w.divider()},
        {"type": "workflow.task.added"},
    ],
)
def test_an_update_of_nothing_is_refused(update: w.WidgetUpdate) -> None:
    with pytest.raises(w.WidgetError):
        w.apply(w.card([w.transition(w.text("a")), w.row([])]), update)


def _applied(old: w.Node, new: w.Node) -> w.Node:
    updates = json.loads(json.dumps(w.diff(old, new)))
    return reduce(w.apply, updates, old)


@given(trees(), st.data())
def test_the_difference_applied_gives_the_new_tree(old: w.Node, data: st.DataObject) -> None:
    new = data.draw(edits(old))
    w.validate(new)
    assert _applied(old, new) == new


@given(trees(), trees())
def test_the_difference_of_unlike_trees_gives_the_new_one(old: w.Node, new: w.Node) -> None:
    assert _applied(old, new) == new
