"""Conversations of ChatGPT's data export, in the shapes that it has had."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from chatkit.portable.chatgpt import read_conversation
from chatkit.portable.imports import Importer
from chatkit.ports.imports import ImportedThread
from chatkit.protocol.errors import BadRequest
from tests.protocol.bodies import JSON
from tests.wording import SAY

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BEGUN = 1763837547.463


def message(role: str, *parts: Any, **fields: Any) -> dict[str, Any]:
    return {
        "author": {"role": role},
        "create_time": BEGUN + 1,
        "content": {"content_type": "text", "parts": list(parts)},
        "recipient": "all",
        "metadata": {},
        **fields,
    }


def conversation(*messages: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    """A chain of nodes, whose last one was looked at."""
    mapping: dict[str, Any] = {
        f"n{number}": {
            "id": f"n{number}",
            "message": each,
            "parent": f"n{number - 1}" if number else None,
            "children": [],
        }
        for number, each in enumerate(messages)
    }
    return {
        "title": "Trip",
        "create_time": BEGUN,
        "mapping": mapping,
        "current_node": f"n{len(messages) - 1}",
        "conversation_id": "c1",
        **changes,
    }


def read(wire: Any) -> ImportedThread | None:
    return read_conversation(Importer("ada", NOW, SAY), wire, "[0]")


def told(*messages: dict[str, Any] | None, **changes: Any) -> list[tuple[str, str]]:
    """Type and text of what becomes of it."""
    thread = read(conversation(*messages, **changes))
    items = () if thread is None else thread.items
    return [(item.type, json.loads(item.body)["content"][0]["text"]) for item in items]


def test_what_was_said_becomes_a_thread() -> None:
    thread = read(
        conversation(
            None,
            message("system", "You are ChatGPT."),
            message("user", "Where to?"),
            message("assistant", "To **Rome**."),
        )
    )
    assert thread is not None
    assert (thread.title, thread.titled, thread.source_id) == ("Trip", True, "c1")
    assert thread.created_at == datetime.fromtimestamp(BEGUN, UTC)
    assert [item.created_at.timestamp() for item in thread.items] == [BEGUN + 1] * 2
    assert json.loads(thread.items[0].body) == {
        "content": [{"type": "input_text", "text": "Where to?"}],
        "attachments": [],
        "inference_options": {},
    }
    assert json.loads(thread.items[1].body) == {
        "content": [{"annotations": [], "text": "To **Rome**.", "type": "output_text"}]
    }


def test_the_branch_that_was_looked_at_last_is_taken() -> None:
    wire = conversation(message("user", "One"), message("assistant", "First"))
    wire["mapping"]["other"] = {"message": message("assistant", "Second"), "parent": "n0"}
    thread = read({**wire, "current_node": "other"})
    assert thread is not None
    assert [json.loads(item.body)["content"][0]["text"] for item in thread.items] == [
        "One",
        "Second",
    ]
    last = read({**wire, "current_node": None})  # the last node, then
    assert last is not None
    assert last.items == thread.items


@pytest.mark.parametrize(
    "left_out",
    [
        message("system", "Be nice."),
        message("tool", "{}"),
        message("assistant", "search()", recipient="browser"),
        message("assistant", content={"content_type": "code", "text": "print()"}),
        message("assistant", content={"content_type": "thoughts", "thoughts": []}),
        message("user", "Profile", metadata={"is_visually_hidden_from_conversation": True}),
        message("assistant", ""),
        message("user", " "),
        message("user", content=None),
        message("user", author=None),
        {},
    ],
)
def test_what_nobody_said_to_the_other_is_left_out(left_out: dict[str, Any]) -> None:
    words = [("user_message", "Hi"), ("assistant_message", "Hello")]
    assert told(message("user", "Hi"), left_out, message("assistant", "Hello")) == words


def test_files_images_and_spoken_words_are_named_where_they_stood() -> None:
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://1"}
    speech = {"content_type": "audio_transcription", "text": "And this?"}
    mixed = {"content_type": "multimodal_text", "parts": [picture, speech, {"x": 1}, 5]}
    files = {"attachments": [{"name": "a.pdf"}, {"name": 5}, "b"]}
    assert told(message("user", content=mixed, metadata=files)) == [
        ("user_message", "[Image]\n\nAnd this?\n\n[Attached: a.pdf]")
    ]
    assert told(message("user", "", metadata=files)) == [("user_message", "[Attached: a.pdf]")]


def test_marks_of_citations_are_taken_away() -> None:
    text = "Rome\ue200cite\ue202turn0search1\ue201 is old."
    assert told(message("assistant", text)) == [("assistant_message", "Rome is old.")]


def test_times_that_are_missing_or_odd_are_those_of_what_was_before() -> None:
    odd = [message("user", "x", create_time=at) for at in (None, "soon", -5, 1e300, float("nan"))]
    thread = read(conversation(message("user", "Hi"), *odd))
    assert thread is not None
    assert {item.created_at.timestamp() for item in thread.items} == {BEGUN + 1}
    timeless = read(conversation(message("user", "Hi", create_time=None), create_time=None))
    assert timeless is not None
    assert timeless.created_at == timeless.items[0].created_at == NOW


def test_a_conversation_in_which_nothing_was_said_is_none() -> None:
    assert read(conversation(None)) is None
    assert read({"id": "c1", "mapping": {}}) is None


def test_nodes_that_go_round_in_circles_come_to_an_end() -> None:
    wire = conversation(message("user", "Hi"))
    wire["mapping"]["n0"]["parent"] = "n0"
    thread = read(wire)
    assert thread is not None
    assert len(thread.items) == 1


@pytest.mark.parametrize(
    "wire", [5, None, {}, {"id": "c"}, {"mapping": {}}, {"id": 1, "mapping": {}}]
)
def test_what_is_no_conversation_is_refused(wire: Any) -> None:
    with pytest.raises(BadRequest, match=r"^\[0\]: is no conversation of ChatGPT"):
        read(wire)


@given(JSON)
def test_any_value_anywhere_is_taken_or_refused(value: Any) -> None:
    said = message("user", "Hi")
    for name in ("author", "create_time", "content", "recipient", "metadata"):
        read(conversation({**said, name: value}))
    for part in ({"parts": value, "content_type": "text"}, {"content_type": value, "parts": ["x"]}):
        read(conversation({**said, "content": part}))
    for name in ("title", "create_time", "current_node"):
        read(conversation(said, **{name: value}))
    read(conversation(said, mapping={"n0": value}))
    read(conversation(said, mapping={"n0": {"message": said, "parent": value}}))
