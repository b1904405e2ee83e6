"""A card that fills while a model writes the arguments of its call."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.protocol import widgets as w
from chatkit.protocol.bodies import EndOfTurn, WidgetBody
from chatkit.protocol.calls import BadArguments
from chatkit.protocol.drafting import DraftWriter, read_draft, saved_draft, settled
from chatkit.protocol.events import Event, ItemDone, ItemRemoved, WidgetUpdated
from chatkit.protocol.items import Item
from chatkit.protocol.objectstrings import ObjectStrings
from tests.fakes import START

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(text[start : start + size])
        start += size
    return [*pieces, text[start:]]


@given(
    st.dictionaries(st.sampled_from(["title", "text", "more", "list"]), VALUES),
    st.lists(st.integers(0, 9), max_size=20),
    st.booleans(),
    st.sampled_from([None, 1]),
)
def test_the_strings_of_an_object_come_out_whole_wherever_its_text_is_cut(
    value: dict[str, Any], sizes: list[int], ascii_only: bool, indent: int | None
) -> None:
    strings = ObjectStrings()
    found: dict[str, str] = {}
    for piece in cut(json.dumps(value, ensure_ascii=ascii_only, indent=indent), sizes):
        for name, text in strings.feed(piece):
            found[name] = found.get(name, "") + text
    assert found == {
        name: entry for name, entry in value.items() if isinstance(entry, str) and entry
    }


def test_half_of_a_character_and_nul_are_made_storable() -> None:
    given = '{"a": "x\\ud83d y", "b": "\\ude00\\u0000z", "c": "\\uqqqq"}'
    assert dict(ObjectStrings().feed(given)) == {"a": "x\ufffd y", "b": "\ufffdz", "c": "\ufffd"}


def writer() -> DraftWriter:
    return DraftWriter(Item(id="msg_1", thread_id="thr_1", created_at=START, body=EndOfTurn()))


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
    assert whole is not None
    assert isinstance(whole.body, WidgetBody)
    assert last[-1] == ItemDone(whole)
    assert applied(draft, [*events, *last]) == whole.body.widget
    assert whole.body.copy_text == f"x{text}"
    assert read_draft(whole.body.widget) == (f"T{title}", f"x{text}")
    w.validate(whole.body.widget)


def test_a_draft_that_is_stopped_keeps_its_text() -> None:
    draft = writer()
    events = draft.grow('{"title": "Mail", "text": "Dear')
    last, whole = draft.close(None)
    assert whole is not None
    assert isinstance(whole.body, WidgetBody)
    assert read_draft(whole.body.widget) == ("Mail", "Dear")
    growing = applied(draft, events)
    assert settled(growing) == whole.body.widget
    assert read_draft(saved_draft(growing, "Saved.")) == ("Mail", "Dear")
    assert last[-1] == ItemDone(whole)


def test_a_draft_without_a_word_is_taken_away() -> None:
    draft = writer()
    assert draft.close(None) == ([ItemRemoved("msg_1")], None)
    assert settled(w.card([w.text("Another card")])) is None


@pytest.mark.parametrize("arguments", ["{", "[]", '{"title": "a"}', '{"title": 1, "text": "x"}'])
def test_arguments_that_are_no_draft_are_refused(arguments: str) -> None:
    draft = writer()
    draft.grow(arguments)
    with pytest.raises(BadArguments):
        draft.close(arguments)
