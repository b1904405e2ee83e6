from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.models.pure.deltas import (
    Delta,
    FaultKind,
    ModelFault,
    ReasoningDelta,
    ReasoningPart,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from chatkit.models.pure.openai_chunks import ChunkReader


def _read(*deltas: object, **more: Any) -> list[Delta]:
    reader = ChunkReader()
    return [
        delta
        for given_ in deltas
        for delta in reader.read(json.dumps({"choices": [{"index": 0, "delta": given_}], **more}))
    ]


def _call(arguments: object = None, **fields: Any) -> dict[str, Any]:
    name = fields.pop("name", None)
    return {"tool_calls": [{**fields, "function": {"name": name, "arguments": arguments}}]}


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        ({"role": "assistant", "content": "Hi"}, [TextDelta("Hi")]),
        ({"content": ""}, []),
        ({"content": None, "tool_calls": None, "refusal": None}, []),
        ({"reasoning_content": "hm"}, [ReasoningDelta("hm")]),
        ({"reasoning": "hm"}, [ReasoningDelta("hm")]),
        ({"reasoning": "hm", "reasoning_content": "hm"}, [ReasoningDelta("hm")]),
        ({"reasoning": {"text": "?"}}, []),
        (
            {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
            [
                ReasoningDelta("hm"),
                ReasoningPart(
                    form="reasoning_details", value={"type": "reasoning.text", "text": "hm"}
                ),
            ],
        ),
        (
            {"thinking_blocks": [{"type": "thinking", "thinking": "hm"}, {"signature": "s"}, 7]},
            [
                ReasoningDelta("hm"),
                ReasoningPart(form="thinking_blocks", value={"type": "thinking", "thinking": "hm"}),
                ReasoningPart(form="thinking_blocks", value={"signature": "s"}),
            ],
        ),
        (
            {"reasoning_content": "hm", "thinking_blocks": [{"thinking": "hm"}]},
            [
                ReasoningDelta("hm"),
                ReasoningPart(form="thinking_blocks", value={"thinking": "hm"}),
            ],
        ),
        (
            {"thinking_blocks": [{"type": "redacted_thinking", "data": "x"}]},
            [
                ReasoningPart(
                    form="thinking_blocks", value={"type": "redacted_thinking", "data": "x"}
                )
            ],
        ),
        ({"refusal": "no"}, [TextDelta("no")]),
        (
            {"function_call": {"name": "f", "arguments": "{}"}},
            [ToolCallDelta(index=0, name="f", arguments="{}")],
        ),
        ({"content": [{"type": "text", "text": "a"}, "b", 7]}, [TextDelta("a"), TextDelta("b")]),
        (
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
            [ReasoningDelta("hm")],
        ),
        ({"content": [{"type": "refusal", "refusal": "no"}, {"type": "image"}]}, [TextDelta("no")]),
        ({"content": [{"type": "refusal"}, {"type": "text", "text": 7}]}, []),
        (None, []),
        ("?", []),
    ],
)
def test_a_delta_is_read(delta: object, expected: list[Delta]) -> None:
    assert _read(delta) == expected


def test_a_call_in_pieces_names_itself_once() -> None:
    assert _read(
        _call("", index=0, id="a", name="f"), _call('{"x":', index=0), _call("1}", index=0)
    ) == [
        ToolCallDelta(index=0, call_id="a", name="f"),
        ToolCallDelta(index=0, arguments='{"x":'),
        ToolCallDelta(index=0, arguments="1}"),
    ]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        pytest.param(
            [
                ("1", {"index": 0, "id": "a", "name": "f"}),
                ("2", {"index": 1, "id": "b", "name": "f"}),
                ("3", {"index": 0}),
                ("4", {"index": 1}),
            ],
            {0: ("a", "f", "13"), 1: ("b", "f", "24")},
            id="parallel and interleaved",
        ),
        pytest.param(
            [
                ("1", {"index": 0, "id": "a", "name": "f"}),
                ("2", {"index": 0, "id": "b", "name": "f"}),
            ],
            {0: ("a", "f", "1"), 1: ("b", "f", "2")},
            id="every index 0, told apart by id",
        ),
        pytest.param(
            [("1", {"id": "a", "name": "f"}), ("2", {"id": "b", "name": "g"}), ("3", {"id": "a"})],
            {0: ("a", "f", "13"), 1: ("b", "g", "2")},
            id="no index, told apart by id",
        ),
        pytest.param(
            [("{}", {"name": "f"}), ("2", {"name": "f"}), ("3", {})],
            {0: (None, "f", "{}"), 1: (None, "f", "23")},
            id="no index and no id",
        ),
        pytest.param(
            [("", {"index": 2, "name": "f"}), ("1", {"index": 2, "name": "f"})],
            {0: (None, "f", "1")},
            id="the name twice before any argument",
        ),
        pytest.param(
            [('{"a"', {"index": 0, "id": "a", "name": "f"}), (":1}", {"index": 0, "name": "f"})],
            {0: ("a", "f", '{"a":1}')},
            id="the name with every piece",
        ),
        pytest.param(
            [('{"a"', {"index": 0, "id": "a", "name": "f"}), (":1}", {"index": "0"})],
            {0: ("a", "f", '{"a":1}')},
            id="an index that is a string",
        ),
        pytest.param(
            [("1", {"index": 0, "id": "a", "name": "f"}), ("2", {"index": 0, "id": "z"})],
            {0: ("a", "f", "12")},
            id="an id of its own for every piece",
        ),
        pytest.param(
            [
                ("1", {"index": 0, "id": "a", "name": "f"}),
                ("2", {"index": 0, "id": "a", "name": "f"}),
            ],
            {0: ("a", "f", "12")},
            id="id and name with every piece",
        ),
        pytest.param(
            [({"x": "é"}, {"index": 0, "id": "a", "name": "f"})],
            {0: ("a", "f", '{"x": "é"}')},
            id="arguments as an object",
        ),
    ],
)
def test_pieces_of_calls_find_each_other(
    pieces: list[tuple[object, dict[str, Any]]],
    expected: dict[int, tuple[str | None, str, str]],
) -> None:
    calls: dict[int, tuple[str | None, str | None, str]] = {}
    for delta in _read(*(_call(arguments, **fields) for arguments, fields in pieces)):
        assert isinstance(delta, ToolCallDelta)
        call_id, name, arguments = calls.get(delta.index, (None, None, ""))
        calls[delta.index] = (
            call_id or delta.call_id,
            name or delta.name,
            arguments + delta.arguments,
        )
    assert calls == expected


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        ({"choices": [{"delta": {}, "finish_reason": "length"}]}, [StreamEnd("length")]),
        ({"choices": [{"delta": None, "finish_reason": "eos"}]}, [StreamEnd("stop")]),
        ({"choices": [{"finish_reason": "own word"}]}, [StreamEnd("own word")]),
        ({"choices": []}, []),
        ({"choices": None}, []),
        ({"choices": [None]}, []),
        ({}, []),
        (
            {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, "cost": 0.1}},
            [Usage(input_tokens=7, output_tokens=3)],
        ),
        ({"usage": {"prompt_tokens": None}}, [Usage(input_tokens=0, output_tokens=0)]),
        (
            {"usage": {"prompt_tokens": float("inf"), "completion_tokens": 3.0}},
            [Usage(input_tokens=0, output_tokens=3)],
        ),
        ({"error": None, "usage": None}, []),
    ],
)
def test_a_chunk_is_read(chunk: dict[str, Any], expected: list[Delta]) -> None:
    assert ChunkReader().read(json.dumps(chunk)) == expected


@pytest.mark.parametrize(
    ("chunk", "kind"),
    [
        ({"error": {"message": "m", "code": "rate_limit_exceeded"}}, "rate_limited"),
        ({"error": {"message": "m", "code": 429}}, "rate_limited"),
        ({"error": {"message": "m", "code": "503"}}, "unavailable"),
        ({"error": {"code": None, "type": "overloaded_error"}}, "overloaded"),
        ({"error": {"code": "context_length_exceeded", "type": "tokens"}}, "too_long"),
        ({"error": {"code": "content_filter"}}, "refused"),
        ({"error": {"code": 401}}, "credentials"),
        ({"error": {"code": 402}}, "quota"),
        ({"error": {"type": "insufficient_quota"}}, "quota"),
        ({"error": {"code": 404}}, "misconfigured"),
        ({"error": {"code": 504}}, "timeout"),
        ({"error": {"code": True, "message": "odd"}}, "unavailable"),
        ({"error": "boom"}, "unavailable"),
        ({"object": "error", "message": "m", "code": 400}, "misconfigured"),
        ({"choices": [{"delta": {"content": ""}, "finish_reason": "error"}]}, "unavailable"),
    ],
)
def test_an_error_in_the_stream_is_a_fault_of_its_kind(
    chunk: dict[str, Any], kind: FaultKind
) -> None:
    with pytest.raises(ModelFault) as raised:
        ChunkReader().read(json.dumps(chunk))
    assert raised.value.kind == kind


@pytest.mark.parametrize("data", ["{", "[]", "7", "nope", "[" * 100_000])
def test_what_is_no_chunk_is_malformed_at_the_latest_at_the_end(data: str) -> None:
    reader = ChunkReader()
    with pytest.raises(ModelFault) as raised:  # noqa: PT012 - wherever it is noticed
        reader.read(data)
        reader.end()
    assert raised.value.kind == "malformed"


def test_a_chunk_behind_lines_that_were_none_is_malformed() -> None:
    reader = ChunkReader()
    assert reader.read("{nope") == []
    with pytest.raises(ModelFault):
        reader.read('{"choices":[{"delta":{"content":"a"}}]}')


def test_lines_that_make_no_chunk_are_malformed_when_their_event_ends() -> None:
    reader = ChunkReader()
    assert reader.read("") == []
    assert reader.read("{nope") == []
    with pytest.raises(ModelFault):
        reader.read("")


def test_a_chunk_may_come_in_several_lines() -> None:
    reader = ChunkReader()
    lines = json.dumps({"choices": [{"delta": {"content": "a"}}]}, indent=1).split("\n")
    assert [delta for line in lines for delta in reader.read(line)] == [TextDelta("a")]
    reader.end()


def test_a_whole_message_is_read_as_one_delta_unless_it_repeats_what_was_said() -> None:
    message = {
        "content": "Hi",
        "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"b": 1}}}],
    }
    whole = json.dumps({"choices": [{"message": message, "finish_reason": "tool_calls"}]})
    assert ChunkReader().read(whole) == [
        TextDelta("Hi"),
        ToolCallDelta(index=0, call_id="a", name="f", arguments='{"b": 1}'),
        StreamEnd("tool_calls"),
    ]
    reader = ChunkReader()
    reader.read('{"choices":[{"delta":{"content":"Hi"}}]}')
    assert reader.read(whole) == [StreamEnd("tool_calls")]


SIGNED = {"provider_specific_fields": {"thought_signature": "s"}}


@pytest.mark.parametrize(
    ("call", "extra"),
    [
        ({"id": "a", **SIGNED}, SIGNED),
        ({"id": "a", "function": SIGNED}, SIGNED),
        ({"id": "a__thought__s"}, SIGNED),
        ({"id": "a__thought__s", **SIGNED}, SIGNED),
        (
            {"id": "a", "extra_content": {"google": {"thought_signature": "s"}}},
            {"extra_content": {"google": {"thought_signature": "s"}}},
        ),
        ({"id": "a", "extra_content": "?", "provider_specific_fields": None}, None),
    ],
)
def test_the_signature_of_a_call_goes_back_with_it(
    call: dict[str, Any], extra: dict[str, Any] | None
) -> None:
    (delta,) = _read({"tool_calls": [call]})
    assert isinstance(delta, ToolCallDelta)
    assert (delta.call_id, delta.extra) == ("a", extra)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "content",
                    "tool_calls",
                    "function",
                    "index",
                    "id",
                    "usage",
                    "type",
                    "text",
                    "thinking",
                    "thinking_blocks",
                    "annotations",
                    "url_citation",
                    "citations",
                    "search_results",
                    "provider_specific_fields",
                    "citation",
                    "url",
                    "title",
                    "end_index",
                    "prompt_tokens",
                    "finish_reason",
                    "arguments",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_json)
def test_any_json_gives_deltas_or_a_fault_and_no_other_error(value: object) -> None:
    try:
        deltas = ChunkReader().read(json.dumps(value))
    except ModelFault:
        return
    assert all(delta.text for delta in deltas if isinstance(delta, TextDelta | ReasoningDelta))


_values = st.text(max_size=5) | st.none() | st.integers() | st.lists(st.text(max_size=2))
_surroundings = st.sampled_from(
    [
        lambda value: {"id": "x", "choices": [{"delta": {"content": value}, "index": 0}]},
        lambda value: {"choices": [{"delta": {"reasoning_content": value, "content": None}}]},
        lambda value: {"choices": [{"delta": {"content": "", "reasoning": value}}]},
        lambda value: {"choices": [{"delta": {"refusal": value, "x": {"content": value}}}]},
        lambda value: {"choices": [{"delta": {"content": "a"}}], "note": {"content": value}},
        lambda value: {"choices": [{"delta": {"content": value}, "finish_reason": "stop"}]},
        lambda value: {"choices": [{"delta": {"content": value}}], "citations": ["http://a.b/"]},
        lambda value: {'"content":"': 1, "choices": [{"delta": {"content": value}}]},
        lambda value: {"error": value, "choices": [{"delta": {"content": "a"}}]},
    ]
)
_separators = st.sampled_from([(",", ":"), (", ", ": ")])


def _read_or_fault(read: Callable[[Any], list[Delta]], data: object) -> list[Delta] | FaultKind:
    try:
        return read(data)
    except ModelFault as fault:
        return fault.kind


@given(_surroundings, _separators, st.lists(_values, min_size=2, max_size=6), st.booleans())
def test_a_chunk_in_the_surroundings_of_the_last_is_read_as_any_other(
    surroundings: Callable[[object], object],
    separators: tuple[str, str],
    values: list[object],
    ascii_only: bool,
) -> None:
    reader, plain = ChunkReader(), ChunkReader()
    for value in values:
        chunk: Any = surroundings(value)
        data = json.dumps(chunk, separators=separators, ensure_ascii=ascii_only)
        expected = _read_or_fault(plain.deltas, chunk)
        assert _read_or_fault(reader.read, data) == expected


def test_a_text_in_the_surroundings_of_the_last_is_all_that_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = ChunkReader()
    reader.read('{"choices":[{"delta":{"content":"a"}}]}')
    monkeypatch.setattr(json, "loads", lambda _: pytest.fail("decoded as a whole"))

    assert reader.read('{"choices":[{"delta":{"content":"\\u00e9\\n"}}]}') == [TextDelta("é\n")]
    assert reader.read('{"choices":[{"delta":{"content":""}}]}') == []


def test_a_text_that_breaks_off_in_the_surroundings_of_the_last_is_malformed() -> None:
    reader = ChunkReader()
    reader.read('{"choices":[{"delta":{"content":"a"}}]}')
    with pytest.raises(ModelFault) as raised:  # noqa: PT012 - wherever it is noticed
        reader.read('{"choices":[{"delta":{"content":"b')
        reader.end()
    assert raised.value.kind == "malformed"


def test_a_chunk_in_lines_that_never_complete_it_is_malformed_before_it_costs_much() -> None:
    def read_on() -> None:
        reader = ChunkReader()
        reader.read('{"choices": [')
        for _ in range(10_000):
            reader.read('{"delta": {}}}')

    with pytest.raises(ModelFault):
        read_on()
