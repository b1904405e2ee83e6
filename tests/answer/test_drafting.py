"""A card that fills while a model writes the arguments of its call."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.answer.drafting import DraftWriter, read_draft, saved_draft, settled
from chatkit.protocol import widgets as w
from chatkit.protocol.bodies import EndOfTurn, WidgetBody
from chatkit.protocol.calls import BadArguments
from chatkit.protocol.events import Event, ItemDone, ItemRemoved, WidgetUpdated
from chatkit.protocol.items import Item
from tests.fakes import START
from tests.wording import SAY

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(text[start : start + size])
        start += size
    return [*pieces, text[start:]]


def writer() -> DraftWriter:
    item = Item(id="msg_1", thread_id="thr_1", created_at=START, body=EndOfTurn())
    return DraftWriter(item, SAY)


def applied(writer: DraftWriter, events: list[Event]) -> w.Node:
    assert isinstance(writer.item.body, WidgetBody)
    widget = writer.item.body.widget
    for event in events:
        if isinstance(event, WidgetUpdated):
            widget = w.apply(widget, event.update)
    return widget


@given(TEXT, TEXT, st.lists(st.integers(0, 9), max_size=20))
def test_the_updates_of_a_draft_build_the_card_that_is_kept(
    title: str, text: str, sizes: list[int]
) -> None:
    draft = writer()
    arguments = json.dumps({"title": f"T{title}", "text": f"x{text}"})
    events = [event for piece in cut(arguments, sizes) for event in draft.grow(piece)]
    last, whole = draft.close(arguments)
    assert isinstance(whole.body, WidgetBody)
    assert last[-1] == ItemDone(whole)
    assert applied(draft, [*events, *last]) == whole.body.widget
    assert whole.body.copy_text == f"x{text}"
    assert read_draft(whole.body.widget) == (f"T{title}", f"x{text}")
    w.validate(whole.body.widget)


def test_names_of_arguments_may_be_escaped() -> None:
    draft = writer()
    arguments = '{"t\\u0069tle": "Mail", "te\\u0078t": "Dear"}'
    draft.grow(arguments)
    _, whole = draft.close(arguments)
    assert isinstance(whole.body, WidgetBody)
    assert read_draft(whole.body.widget) == ("Mail", "Dear")


def test_of_arguments_given_twice_the_last_count() -> None:
    draft = writer()
    arguments = '{"title": "Old", "text": "a", "title": "Mail", "text": "b"}'
    events = draft.grow(arguments)
    last, whole = draft.close(arguments)
    assert isinstance(whole.body, WidgetBody)
    assert read_draft(whole.body.widget) == ("Mail", "b")
    assert applied(draft, [*events, *last]) == whole.body.widget


def test_an_argument_that_is_no_part_of_a_draft_is_passed_over() -> None:
    draft = writer()
    arguments = '{"title": "Mail", "tone": "formal", "text": "Dear"}'
    events = draft.grow(arguments)
    last, whole = draft.close(arguments)
    assert isinstance(whole.body, WidgetBody)
    assert read_draft(whole.body.widget) == ("Mail", "Dear")
    assert applied(draft, [*events, *last]) == whole.body.widget


def test_a_draft_that_is_stopped_keeps_its_text() -> None:
    draft = writer()
    events = draft.grow('{"title": "Mail", "text": "Dear')
    last, whole = draft.cut_off()
    assert whole is not None
    assert isinstance(whole.body, WidgetBody)
    assert read_draft(whole.body.widget) == ("Mail", "Dear")
    growing = applied(draft, events)
    assert settled(growing, SAY) == whole.body.widget
    assert read_draft(saved_draft(growing, "Saved.")) == ("Mail", "Dear")
    assert last[-1] == ItemDone(whole)


def test_a_draft_without_a_word_is_taken_away() -> None:
    draft = writer()
    assert draft.cut_off() == ([ItemRemoved("msg_1")], None)
    assert settled(w.card([w.text("Another card")]), SAY) is None


@pytest.mark.parametrize("arguments", ["{", "[]", '{"title": "a"}', '{"title": 1, "text": "x"}'])
def test_arguments_that_are_no_draft_are_refused(arguments: str) -> None:
    draft = writer()
    draft.grow(arguments)
    with pytest.raises(BadArguments):
        draft.close(arguments)
