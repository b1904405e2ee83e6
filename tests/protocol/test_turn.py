"""The machine of one answer, driven with plain lists."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.protocol.calls import Effect, ToolCall, ToolResult
from chatkit.protocol.deltas import (
    Delta,
    ModelFault,
    ReasoningDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from chatkit.protocol.events import (
    ClientEffect,
    Event,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    PartAdded,
    PartDelta,
    PartDone,
    encode_event,
)
from chatkit.protocol.items import AssistantMessage, CallRecord, Item, Note, ToolRound
from chatkit.protocol.turn import (
    MAX_ARGUMENTS,
    MAX_CALLS,
    UNKNOWN_OUTCOME,
    AskModel,
    CallTools,
    Finish,
    TooManyRounds,
    Turn,
)
from tests.fakes import START, counting_ids


def machine(max_rounds: int = 3) -> Turn:
    return Turn(thread_id="thr_1", new_id=counting_ids(), now=lambda: START, max_rounds=max_rounds)


def item(item_id: str, body: Any) -> Item:
    return Item(id=item_id, thread_id="thr_1", created_at=START, body=body)


def call(index: int = 0, **fields: Any) -> ToolCallDelta:
    return ToolCallDelta(index=index, **fields)


def test_text_streams_as_one_message() -> None:
    turn = machine()
    empty = item("msg_1", AssistantMessage(text=None))
    assert turn.receive([TextDelta("Hel")]) == [
        ItemAdded(empty),
        PartAdded("msg_1"),
        PartDelta("msg_1", "Hel"),
    ]
    assert turn.receive([TextDelta("lo"), StreamEnd("stop")]) == [PartDelta("msg_1", "lo")]
    whole = item("msg_1", AssistantMessage(text="Hello"))
    assert turn.answered() == [PartDone("msg_1", "Hello"), ItemDone(whole)]
    assert turn.next_action == Finish()
    assert turn.items == [whole]


def test_text_that_came_together_leaves_as_one_event() -> None:
    turn = machine()
    events = turn.receive([TextDelta("a"), ReasoningDelta("hm"), TextDelta("b"), TextDelta("c")])
    assert events[-1] == PartDelta("msg_1", "abc")


def test_usage_of_all_model_calls_is_added_up() -> None:
    turn = machine()
    turn.receive([call(name="a"), Usage(input_tokens=10, output_tokens=2)])
    turn.answered()
    turn.tools_done([ToolResult(call_id="tc_1", output="")])
    turn.receive([TextDelta("x"), Usage(input_tokens=20, output_tokens=3)])
    assert turn.usage == Usage(input_tokens=30, output_tokens=5)


def test_parallel_calls_in_fragments_are_put_together_in_their_order() -> None:
    turn = machine()
    turn.receive([call(1, call_id="b", name="second"), call(0, call_id="a", name="first")])
    turn.receive([call(0, arguments='{"x"'), call(1, arguments="{}"), call(0, arguments=":1}")])
    assert turn.answered() == []
    assert turn.next_action == CallTools(
        (
            ToolCall(call_id="a", name="first", arguments='{"x":1}'),
            ToolCall(call_id="b", name="second", arguments="{}"),
        )
    )


def test_a_missing_or_repeated_call_id_is_replaced() -> None:
    turn = machine()
    turn.receive(
        [call(0, call_id="a", name="x"), call(1, call_id="a", name="y"), call(2, name="z")]
    )
    turn.answered()
    assert isinstance(turn.next_action, CallTools)
    assert [entry.call_id for entry in turn.next_action.calls] == ["a", "tc_1", "tc_2"]


def test_a_round_is_stored_hidden_with_calls_and_results_paired_and_effects_are_told() -> None:
    turn = machine()
    turn.receive([TextDelta("Let me see.")])
    turn.receive([call(call_id="a", name="list", arguments="{}")])
    said = item("msg_1", AssistantMessage(text="Let me see."))
    assert turn.answered() == [PartDone("msg_1", "Let me see."), ItemDone(said)]
    effect = Effect(name="tasks/changed", data={"n": 1})
    events = turn.tools_done([ToolResult(call_id="a", output="none", effects=(effect,))])
    record = CallRecord(call_id="a", name="list", arguments="{}", output="none")
    done = item("hid_2", ToolRound(calls=(record,), after_text=True))
    assert events == [ItemDone(done), ClientEffect(effect)]
    assert encode_event(events[0]) is None
    assert turn.next_action == AskModel()
    assert turn.items == [said, done]


def test_a_second_round_without_text_does_not_claim_text() -> None:
    turn = machine()
    for _ in range(2):
        turn.receive([call(name="a")])
        turn.answered()
        turn.tools_done([ToolResult(call_id="", output="")])
    rounds = [entry.body for entry in turn.items]
    assert [body.after_text for body in rounds if isinstance(body, ToolRound)] == [False, False]


def test_an_empty_answer_is_malformed() -> None:
    turn = machine()
    turn.receive([StreamEnd("stop")])
    with pytest.raises(ModelFault, match="malformed"):
        turn.answered()


def test_a_blank_message_is_taken_back() -> None:
    turn = machine()
    turn.receive([TextDelta("\n")])
    assert turn.answered() == [ItemRemoved("msg_1")]
    assert turn.items == []


def test_one_round_more_than_allowed_is_refused() -> None:
    turn = machine(max_rounds=1)
    turn.receive([call(name="a")])
    turn.answered()
    turn.tools_done([ToolResult(call_id="", output="")])
    turn.receive([call(name="a")])
    with pytest.raises(TooManyRounds):
        turn.answered()


def test_too_many_calls_or_endless_arguments_are_malformed() -> None:
    turn = machine()
    with pytest.raises(ModelFault, match="malformed"):
        turn.receive([call(index, name="a") for index in range(MAX_CALLS + 1)])
    turn = machine()
    with pytest.raises(ModelFault, match="malformed"):
        turn.receive([call(name="a", arguments="x" * (MAX_ARGUMENTS + 1))])


def test_stopping_in_mid_text_keeps_the_text_and_leaves_a_note() -> None:
    turn = machine()
    turn.receive([TextDelta("Hel")])
    kept = item("msg_1", AssistantMessage(text="Hel"))
    note = item("hid_2", Note(text="stopped"))
    assert turn.stop("stopped") == [PartDone("msg_1", "Hel"), ItemDone(kept), ItemDone(note)]
    assert turn.next_action == Finish()
    assert turn.items == [kept, note]


def test_stopping_in_a_tool_call_leaves_no_call_without_a_result() -> None:
    turn = machine()
    turn.receive([call(call_id="a", name="list", arguments="{}")])
    turn.answered()
    turn.stop("stopped")
    record = CallRecord(
        call_id="a", name="list", arguments="{}", output=UNKNOWN_OUTCOME, failed=True
    )
    assert [entry.body for entry in turn.items] == [
        ToolRound(calls=(record,)),
        Note(text="stopped"),
    ]


def test_stopping_among_the_fragments_of_a_call_forgets_the_call() -> None:
    turn = machine()
    turn.receive([call(call_id="a", name="list", arguments='{"x')])
    turn.stop("stopped")
    assert [entry.body for entry in turn.items] == [Note(text="stopped")]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
DELTAS = st.one_of(
    st.builds(TextDelta, TEXT),
    st.builds(ReasoningDelta, TEXT),
    st.builds(
        ToolCallDelta,
        index=st.integers(0, 3),
        call_id=st.none() | st.sampled_from(["a", "b"]),
        name=st.none() | st.just("tool"),
        arguments=st.text(max_size=5),
    ),
    st.builds(Usage, input_tokens=st.integers(0, 9), output_tokens=st.integers(0, 9)),
    st.just(StreamEnd("stop")),
)


@given(
    st.lists(st.lists(st.lists(DELTAS, min_size=1, max_size=4), max_size=4), max_size=4),
    st.booleans(),
)
def test_whatever_comes_every_item_is_closed_and_equals_its_updates(
    answers: list[list[list[Delta]]], stop_early: bool
) -> None:
    turn = machine(max_rounds=2)
    events: list[Event] = []
    try:
        for answer in answers:
            for batch in answer:
                events += turn.receive(batch)
            if stop_early:
                break
            events += turn.answered()
            if isinstance(turn.next_action, CallTools):
                results = [
                    ToolResult(call_id=entry.call_id, output="ok")
                    for entry in turn.next_action.calls
                ]
                events += turn.tools_done(results)
            if turn.next_action == Finish():
                break
    except (ModelFault, TooManyRounds):
        pass
    if turn.next_action != Finish():
        events += turn.stop("the end")
    texts: dict[str, str] = {}
    for event in events:
        match event:
            case ItemAdded(added):
                texts[added.id] = ""
            case PartDelta(item_id, delta):
                texts[item_id] += delta
            case ItemRemoved(item_id):
                assert not texts.pop(item_id).strip()
            case ItemDone(done) if isinstance(done.body, AssistantMessage):
                assert done.body.text == texts.pop(done.id)
    assert texts == {}
    done_items = [event.item for event in events if isinstance(event, ItemDone)]
    assert done_items == turn.items
    assert len({entry.id for entry in turn.items}) == len(turn.items)
