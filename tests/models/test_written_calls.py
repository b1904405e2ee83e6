"""Tool calls that a model writes as text."""

from __future__ import annotations

import json

import pytest

from chatkit.models.abilities import Abilities
from chatkit.models.call_watch import CallWatch
from chatkit.models.pure.deltas import Delta, StreamEnd, TextDelta, ToolCallDelta
from chatkit.models.pure.tools import ToolSpec
from chatkit.models.pure.written_calls import may_become_call, read_written_calls

SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "priority": {"type": "string"}},
    "required": ["title"],
}
TOOLS = (
    ToolSpec(name="add_task", description="d", parameters=SCHEMA),
    ToolSpec(name="delete_task", description="d", parameters=SCHEMA, destructive=True),
)
CALL = '{"name": "add_task", "arguments": {"title": "Buy milk"}}'
ADDED = ToolCallDelta(index=0, name="add_task", arguments='{"title": "Buy milk"}')
PLACE = ("m", None)

WRITTEN = [
    CALL,
    f" {CALL}\n",
    CALL.replace("arguments", "parameters"),
    f"```json\n{CALL}\n```",
    f"```\n{CALL}\n```",
    f"<tool_call>\n{CALL}\n</tool_call>",
    f"<|python_tag|>{CALL}",
    f"[TOOL_CALLS][{CALL}]",
    '{"type": "function", "function": ' + CALL + "}",
]
OTHER = [
    f"I would call {CALL}",
    f"{CALL} is how to do it",
    f"<tool_call>{CALL}</tool_call> Done.",
    CALL.replace("add_task", "delete_task"),
    CALL.replace("add_task", "rm"),
    '{"name": "add_task", "arguments": {"priority": "high"}}',
    '{"name": "add_task", "arguments": {"title": "x", "user_id": "bob"}}',
    '{"name": "add_task", "arguments": {"title": "x"}, "note": "an example"}',
    '{"name": "add_task", "arguments": "x"}',
    '{"title": "Buy milk"}',
    "{" * 5_000,
    "{",
    "",
    "Hello",
    "[1, 2]",
    f"[{', '.join([CALL] * 9)}]",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_a_call_that_is_the_whole_answer_is_read(text: str) -> None:
    assert read_written_calls(text, TOOLS) == [ADDED]
    assert all(may_become_call(text[:end]) for end in range(len(text)))


@pytest.mark.parametrize("text", OTHER)
def test_anything_else_is_text(text: str) -> None:
    assert read_written_calls(text, TOOLS) == []


def test_several_calls_are_read_in_their_order() -> None:
    two = f"<tool_call>{CALL}</tool_call>\n<tool_call>{CALL.replace('milk', 'tea')}</tool_call>"
    assert [call.arguments for call in read_written_calls(two, TOOLS)] == [
        '{"title": "Buy milk"}',
        '{"title": "Buy tea"}',
    ]


def watched(abilities: Abilities, *pieces: str, tools: tuple[ToolSpec, ...] = TOOLS) -> list[Delta]:
    watch = CallWatch(tools, abilities, PLACE)
    passed = [delta for piece in pieces for delta in watch.receive([TextDelta(piece)])]
    return passed + watch.finish([StreamEnd("stop")])


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def test_a_written_call_acts_only_once_the_model_is_known_to_write_its_calls() -> None:
    abilities = Abilities()
    assert text_of(watched(abilities, CALL)) == CALL
    assert watched(abilities, CALL[:9], CALL[9:]) == [ADDED, StreamEnd("tool_calls")]
    assert text_of(watched(abilities, "Hel", "lo")) == "Hello"
    assert text_of(watched(abilities, "{", " is a brace")) == "{ is a brace"


def test_a_model_that_once_called_as_the_api_has_it_only_quotes() -> None:
    abilities = Abilities()
    structured = CallWatch(TOOLS, abilities, PLACE)
    assert structured.receive([ToolCallDelta(index=0, name="add_task")])
    for _ in range(3):
        assert text_of(watched(abilities, CALL)) == CALL
    assert not abilities.writes_calls(PLACE)


def test_a_model_that_wrote_a_call_and_then_makes_a_structured_one_writes_no_more() -> None:
    abilities = Abilities()
    watched(abilities, CALL)
    watch = CallWatch(TOOLS, abilities, PLACE)
    assert watch.receive([TextDelta("{")]) == []
    call = ToolCallDelta(index=0, name="add_task")
    assert watch.receive([call, TextDelta("x")]) == [TextDelta("{"), call, TextDelta("x")]
    assert text_of(watched(abilities, CALL)) == CALL


def test_without_tools_nothing_is_held_back_or_learned() -> None:
    abilities = Abilities()
    for _ in range(2):
        assert text_of(watched(abilities, CALL, tools=())) == CALL
    assert not abilities.writes_calls(PLACE)


def test_values_are_json_again() -> None:
    (call,) = read_written_calls(CALL, TOOLS)
    assert json.loads(call.arguments) == {"title": "Buy milk"}
