from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.models.pure.answer_guard import MAX_ANSWER_CHARS, MAX_REPEATS, AnswerGuard
from chatkit.models.pure.deltas import (
    Citation,
    Delta,
    FaultKind,
    ModelFault,
    ReasoningDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)


def _run(*deltas: Delta, complete: bool = True) -> list[Delta]:
    guard = AnswerGuard()
    return [*guard.receive(deltas), *guard.finish(complete=complete)]


def _fault(*deltas: Delta, complete: bool = True) -> FaultKind:
    with pytest.raises(ModelFault) as raised:
        _run(*deltas, complete=complete)
    return raised.value.kind


def test_usage_and_the_reason_come_last_and_once() -> None:
    first, last = (Usage(input_tokens=1, output_tokens=count) for count in (1, 2))

    assert _run(TextDelta("a"), first, StreamEnd("length"), last, TextDelta("b")) == [
        TextDelta("a"),
        TextDelta("b"),
        last,
        StreamEnd("length"),
    ]


def test_an_answer_with_an_end_mark_needs_no_reason() -> None:
    assert _run(TextDelta("a")) == [TextDelta("a"), StreamEnd("stop")]


@pytest.mark.parametrize("reasons", [(), (StreamEnd("stop"),)])
def test_an_answer_that_calls_tools_ends_for_them(reasons: tuple[StreamEnd, ...]) -> None:
    call = ToolCallDelta(index=0, call_id="a", name="f", arguments="{}")

    assert _run(call, *reasons) == [call, StreamEnd("tool_calls")]


def test_empty_and_cut_answers_are_faults() -> None:
    usage = Usage(input_tokens=1, output_tokens=0)
    assert _fault(complete=True) == "empty"
    assert _fault(usage, StreamEnd("stop")) == "empty"
    assert _fault(TextDelta("\0")) == "empty"
    assert _fault(StreamEnd("content_filter")) == "refused"
    assert _fault(TextDelta("a"), complete=False) == "unavailable"
    assert _fault(complete=False) == "empty"


def test_a_pair_of_surrogates_is_joined_across_deltas_of_its_channel() -> None:
    high, low = "\ud83d", "\ude00"

    assert _run(
        TextDelta(f"a{high}"),
        ReasoningDelta(high),
        ToolCallDelta(index=0, name="f", arguments=high),
        TextDelta(f"{low}b"),
        ReasoningDelta(low),
        ToolCallDelta(index=0, arguments=low),
    ) == [
        TextDelta("a"),
        ToolCallDelta(index=0, name="f"),
        TextDelta("😀b"),
        ReasoningDelta("😀"),
        ToolCallDelta(index=0, arguments="😀"),
        StreamEnd("tool_calls"),
    ]


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert _run(TextDelta("a\ude00"), TextDelta("b\ud83d"), TextDelta("c\ud83d")) == [
        TextDelta("a\ufffd"),
        TextDelta("b"),
        TextDelta("\ufffdc"),
        TextDelta("\ufffd"),
        StreamEnd("stop"),
    ]
    assert _run(
        ReasoningDelta("r\ud83d"),
        ToolCallDelta(index=3, call_id="\0i", name="\ud83d", arguments="\ud83d"),
    ) == [
        ReasoningDelta("r"),
        ToolCallDelta(index=3, call_id="i", name="\ufffd"),
        ReasoningDelta("\ufffd"),
        ToolCallDelta(index=3, arguments="\ufffd"),
        StreamEnd("tool_calls"),
    ]


@given(st.lists(st.text(st.sampled_from("aé😀\0"), max_size=4), min_size=1))
def test_text_in_utf_16_halves_arrives_whole(texts: list[str]) -> None:
    wanted = "".join(texts).replace("\0", "")
    halves = "".join(texts).encode("utf-16-be")
    pieces = [
        halves[at : at + 2].decode("utf-16-be", "surrogatepass") for at in range(0, len(halves), 2)
    ]
    clean = AnswerGuard().receive(TextDelta(piece) for piece in pieces)

    assert all(isinstance(delta, TextDelta) and delta.text for delta in clean)
    assert "".join(delta.text for delta in clean if isinstance(delta, TextDelta)) == wanted


def test_one_piece_for_ever_is_malformed_and_short_ones_are_not() -> None:
    assert _fault(*[TextDelta("word")] * MAX_REPEATS) == "malformed"
    assert _run(*[TextDelta("word")] * (MAX_REPEATS - 1))
    assert _run(*[TextDelta("--")] * 500)
    assert _run(*[TextDelta("ab "), TextDelta("cd ")] * 500)


def test_an_answer_without_bounds_is_malformed() -> None:
    guard = AnswerGuard()
    guard.receive([TextDelta("x" * (MAX_ANSWER_CHARS - 1)), ReasoningDelta("y")])
    with pytest.raises(ModelFault) as raised:
        guard.receive([ToolCallDelta(index=0, arguments="z")])
    assert raised.value.kind == "malformed"


def test_an_answer_cites_so_many_pages_and_no_more() -> None:
    guard = AnswerGuard()
    citations = [Citation(url=f"https://a.example/{n}", title="a") for n in range(150)]

    assert guard.receive([TextDelta("a"), *citations]) == [TextDelta("a"), *citations[:100]]
    assert guard.receive(citations) == []


def test_citations_alone_are_no_answer() -> None:
    citation = Citation(url="https://a.example/", title="a")

    assert _fault(citation, StreamEnd("stop")) == "empty"
