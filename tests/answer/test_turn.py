"""The machine of one answer, driven with plain lists."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.answer.about_model import answered_by_step, lacks_notice
from chatkit.answer.cards import Card
from chatkit.answer.drafting import WRITE_DRAFT
from chatkit.answer.marks import NOTES, Mark, mark_step
from chatkit.answer.next_action import AskModel, CallTools, Finish, TooManyRounds
from chatkit.answer.replay import open_items
from chatkit.answer.rounds import UNKNOWN_OUTCOME
from chatkit.answer.steps import step_of
from chatkit.answer.turn import Turn
from chatkit.answer.writing import WorkflowWriter
from chatkit.models.pure.call_pieces import MAX_ARGUMENTS, MAX_CALLS
from chatkit.models.pure.deltas import (
    AnsweredBy,
    Citation,
    Delta,
    Lacks,
    ModelFault,
    ReasoningDelta,
    ReasoningPart,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from chatkit.protocol.bodies import (
    AssistantMessage,
    EndOfTurn,
    StopMark,
    TaskBody,
    ToolRound,
    WidgetBody,
    WorkflowBody,
)
from chatkit.protocol.calls import CallRecord, CardOffer, Effect, Reasoning, ToolCall, ToolResult
from chatkit.protocol.events import (
    ClientEffect,
    Event,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    PartAdded,
    PartDelta,
    PartDone,
    StepAdded,
    encode_event,
)
from chatkit.protocol.items import Item
from chatkit.protocol.workflows import Workflow
from tests.fakes import START, counting_ids
from tests.wording import SAY


def machine(max_rounds: int = 3) -> Turn:
    return Turn(
        thread_id="thr_1",
        model="m",
        new_id=counting_ids(),
        now=lambda: START,
        max_rounds=max_rounds,
        say=SAY,
    )


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
    assert len(events) == 3


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
    first = ToolCall(call_id="a", name="first", arguments='{"x":1}')
    second = ToolCall(call_id="b", name="second", arguments="{}")
    assert turn.answered()[1:] == [
        StepAdded("wf_1", 0, step_of(first, None, SAY)),
        StepAdded("wf_1", 1, step_of(second, None, SAY)),
    ]
    assert turn.next_action == CallTools((first, second))


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
    assert turn.answered()[:2] == [PartDone("msg_1", "Let me see."), ItemDone(said)]
    effect = Effect(name="tasks/changed", data={"n": 1})
    events = turn.tools_done([ToolResult(call_id="a", output="none", effects=(effect,))])
    record = CallRecord(call_id="a", name="list", arguments="{}", output="none")
    done = item("hid_3", ToolRound(calls=(record,), after_text=True))
    assert events == [ItemDone(done), ClientEffect(effect)]
    assert encode_event(events[0]) is None
    assert turn.next_action == AskModel()
    assert turn.items == [said, done]


@pytest.mark.parametrize("shown", [True, False])
def test_a_card_that_the_user_must_answer_first_ends_the_turn(shown: bool) -> None:
    turn = machine()
    turn.receive([TextDelta("Let me see."), call(call_id="a", name="delete", arguments="{}")])
    turn.answered()
    offer = CardOffer(name="ask", ends_turn=True)
    cards = [Card(widget={"type": "Card", "children": []})] if shown else []
    turn.tools_done([ToolResult(call_id="a", output="waiting", cards=(offer,))], cards)
    if shown:
        assert turn.next_action == Finish()
        assert [type(entry.body) for entry in turn.items[-2:]] == [WidgetBody, EndOfTurn]
    else:  # what it asks about is gone
        assert turn.next_action == AskModel()


def test_a_second_round_without_text_does_not_claim_text() -> None:
    turn = machine()
    for _ in range(2):
        turn.receive([call(name="a")])
        turn.answered()
        turn.tools_done([ToolResult(call_id="", output="")])
    rounds = [entry.body for entry in turn.items]
    assert [body.after_text for body in rounds if isinstance(body, ToolRound)] == [False, False]


def test_an_answer_of_nothing_is_empty() -> None:
    turn = machine()
    turn.receive([StreamEnd("stop")])
    with pytest.raises(ModelFault, match="empty"):
        turn.answered()


def test_a_blank_message_is_taken_back() -> None:
    turn = machine()
    turn.receive([TextDelta("\n")])
    end = item("msg_2", EndOfTurn())
    assert turn.answered() == [ItemRemoved("msg_1"), ItemDone(end)]
    assert turn.items == [end]


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
    shown = item("tsk_2", TaskBody(step=mark_step("user", SAY)))
    note = item("hid_3", StopMark(NOTES["user"]))
    assert turn.stop("user") == [
        PartDone("msg_1", "Hel"),
        ItemDone(kept),
        ItemDone(shown),
        ItemDone(note),
    ]
    assert turn.next_action == Finish()
    assert turn.items == [kept, shown, note]


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_that_the_provider_cut_keeps_its_text_and_is_marked(reason: Mark) -> None:
    turn = machine()
    turn.receive([TextDelta("Once upon"), StreamEnd(reason)])
    turn.answered()
    text, shown, mark = (entry.body for entry in turn.items)
    assert text == AssistantMessage(text="Once upon")
    assert shown == TaskBody(step=mark_step(reason, SAY))
    assert mark == StopMark(NOTES[reason])
    assert turn.next_action == Finish()


def test_calls_of_an_answer_that_was_cut_are_not_made() -> None:
    turn = machine()
    turn.receive([call(call_id="a", name="add", arguments='{"title": "Buy'), StreamEnd("length")])
    turn.answered()
    assert turn.next_action == Finish()
    assert not any(isinstance(entry.body, ToolRound) for entry in turn.items)


def test_an_answer_that_was_only_thought_and_then_cut_says_so() -> None:
    turn = machine()
    turn.receive([ReasoningDelta("hm"), StreamEnd("length")])
    turn.answered()
    assert [type(entry.body) for entry in turn.items] == [WorkflowBody, TaskBody, StopMark]


def test_the_end_of_one_answer_does_not_cut_the_next() -> None:
    turn = machine()
    turn.receive([call(call_id="a", name="list"), StreamEnd("tool_calls")])
    turn.answered()
    turn.tools_done([ToolResult(call_id="a", output="")])
    turn.receive([TextDelta("x"), StreamEnd("stop")])
    turn.answered()
    assert [type(entry.body) for entry in turn.items][-1] is AssistantMessage


def test_the_reasoning_before_a_round_is_stored_with_it_and_the_name_of_its_model() -> None:
    turn = machine()
    part = ReasoningPart(form="reasoning_content", value="hm")
    signed = {"extra_content": {"google": {"thought_signature": "s"}}}
    turn.receive([AnsweredBy("other"), part, call(call_id="a", name="list", extra=signed)])
    turn.answered()
    turn.tools_done([ToolResult(call_id="a", output="")])
    turn.receive([call(call_id="b", name="list")])
    turn.answered()
    turn.tools_done([ToolResult(call_id="b", output="")])
    first, second = (entry.body for entry in turn.items if isinstance(entry.body, ToolRound))
    assert first.reasoning == Reasoning(model="other", parts=(("reasoning_content", "hm"),))
    assert first.calls[0].extra == signed
    assert second.reasoning is None


def test_another_model_that_answers_is_named_once() -> None:
    turn = machine()
    turn.receive([AnsweredBy("other"), call(call_id="a", name="list")])
    turn.answered()
    turn.tools_done([ToolResult(call_id="a", output="")])
    turn.receive([TextDelta("x"), StreamEnd("stop")])
    turn.answered()
    assert turn.model == "other"
    (workflow,) = (entry.body for entry in turn.items if isinstance(entry.body, WorkflowBody))
    named = [step for step in workflow.workflow.steps if step == answered_by_step("other", SAY)]
    assert len(named) == 1


@pytest.mark.parametrize(("new", "begins", "told"), [(1, 1, 1), (1, 0, 1), (0, 1, 1), (0, 0, 0)])
def test_what_is_known_to_be_lacking_is_told_at_the_beginning_of_a_thread(
    new: int, begins: int, told: int
) -> None:
    turn = machine()
    turn.offer([], begins=bool(begins))
    assert len(turn.receive([Lacks("tools", new=bool(new))])) == told


def test_what_the_model_lacks_is_a_notice() -> None:
    for ability in ("tools", "images"):
        assert machine().receive([Lacks(ability)]) == [lacks_notice(ability, SAY)]


def test_stopping_in_a_tool_call_leaves_no_call_without_a_result() -> None:
    turn = machine()
    turn.receive([call(call_id="a", name="list", arguments="{}")])
    turn.answered()
    turn.stop("user")
    record = CallRecord(call_id="a", name="list", arguments="{}", output=UNKNOWN_OUTCOME)
    rounds, workflow, shown, mark = (entry.body for entry in turn.items)
    assert shown == TaskBody(step=mark_step("user", SAY))
    assert rounds == ToolRound(calls=(record,))
    assert isinstance(workflow, WorkflowBody)
    assert [step.status for step in workflow.workflow.steps] == ["none"]
    assert mark == StopMark(NOTES["user"])


def test_stopping_keeps_what_the_calls_that_are_over_did() -> None:
    turn = machine()
    two = [call(0, call_id="a", name="add"), call(1, call_id="b", name="hang")]
    turn.receive([replace(each, arguments="{}") for each in two])
    turn.answered()
    assert isinstance(turn.next_action, CallTools)
    assert turn.under_way() == ToolRound(
        calls=tuple(
            CallRecord(call_id=one, name=name, arguments="{}", output=UNKNOWN_OUTCOME)
            for one, name in (("a", "add"), ("b", "hang"))
        )
    )
    effect = Effect(name="tasks/changed", data={})
    turn.call_done(
        turn.next_action.calls[0], ToolResult(call_id="a", output="Added.", effects=(effect,))
    )
    events = turn.stop("shutdown")
    assert ClientEffect(effect) in events
    rounds, _, shown, _ = (entry.body for entry in turn.items)
    assert isinstance(rounds, ToolRound)
    assert [record.output for record in rounds.calls] == ["Added.", UNKNOWN_OUTCOME]
    assert shown == TaskBody(step=mark_step("shutdown", SAY))
    assert turn.under_way() is None


def test_stopping_among_the_fragments_of_a_call_forgets_the_call() -> None:
    turn = machine()
    turn.receive([call(call_id="a", name="list", arguments='{"x')])
    turn.stop("user")
    assert [entry.body for entry in turn.items] == [StopMark(NOTES["user"])]


def test_a_draft_that_is_stopped_is_known_to_the_model_as_the_user_sees_it() -> None:
    turn = machine()
    turn.offer([WRITE_DRAFT])
    turn.receive([TextDelta("Sure.")])
    turn.receive([call(call_id="a", name="write_draft", arguments='{"title": "Mail", "text": "De')])
    turn.stop("user")
    text, card, round_, _, mark = [entry.body for entry in turn.items]
    assert (text, mark) == (AssistantMessage(text="Sure."), StopMark(NOTES["user"]))
    assert isinstance(card, WidgetBody)
    assert isinstance(round_, ToolRound)
    (known,) = round_.calls
    assert (known.name, known.arguments) == ("write_draft", '{"title":"Mail","text":"De"}')
    assert (known.failed, round_.after_text) == (True, True)
    assert "was shown" in known.output


def test_a_draft_whose_arguments_say_nothing_is_taken_back_and_the_model_is_told() -> None:
    turn = machine()
    turn.offer([WRITE_DRAFT])
    turn.receive([call(call_id="a", name="write_draft", arguments='{"title": "Mail"}')])
    assert turn.answered() == [ItemRemoved("msg_1")]
    assert turn.next_action == CallTools(())
    turn.tools_done([])
    (round_,) = [entry.body for entry in turn.items]
    assert isinstance(round_, ToolRound)
    assert [(known.output, known.failed) for known in round_.calls] == [
        ("text must be a text.", True)
    ]
    assert not turn.has_shown


def test_a_call_that_ends_after_an_image_began_has_no_step_left_to_change() -> None:
    turn = machine()
    turn.receive([call(0, call_id="a", name="draw"), call(1, call_id="b", name="add")])
    turn.answered()
    assert isinstance(turn.next_action, CallTools)
    drawing, adding = turn.next_action.calls
    turn.image_begun(drawing)
    assert turn.call_done(adding, ToolResult(call_id="b", output="Added.")) == []
    assert turn.under_way() == ToolRound(
        calls=(
            CallRecord(call_id="a", name="draw", arguments="", output=UNKNOWN_OUTCOME),
            CallRecord(call_id="b", name="add", arguments="", output="Added."),
        )
    )


def test_a_draft_that_is_stopped_before_its_first_word_is_forgotten() -> None:
    turn = machine()
    turn.offer([WRITE_DRAFT])
    turn.receive([call(call_id="a", name="write_draft", arguments='{"title": "Mail"')])
    turn.stop("user")
    assert [entry.body for entry in turn.items] == [StopMark(NOTES["user"])]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
DELTAS = st.one_of(
    st.builds(TextDelta, TEXT),
    st.builds(ReasoningDelta, TEXT),
    st.builds(
        Citation,
        url=st.sampled_from(["https://a.example/", "https://b.example/"]),
        title=st.just("A page"),
        index=st.none() | st.integers(-1, 20),
    ),
    st.builds(
        ToolCallDelta,
        index=st.integers(0, 3),
        call_id=st.none() | st.sampled_from(["a", "b"]),
        name=st.none() | st.just("tool"),
        arguments=st.text(max_size=5),
    ),
    st.builds(Usage, input_tokens=st.integers(0, 9), output_tokens=st.integers(0, 9)),
    st.sampled_from([StreamEnd("stop"), StreamEnd("length"), StreamEnd("content_filter")]),
    st.builds(ReasoningPart, form=st.just("reasoning_content"), value=TEXT),
    st.builds(AnsweredBy, st.sampled_from(["m", "other"])),
    st.just(Lacks("tools")),
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
        events += turn.stop("failed")
    lines = [line for event in events if (line := encode_event(event)) is not None]
    assert open_items(lines, SAY) == []
    pending: dict[str, dict[str, Any]] = {}
    for wire in map(json.loads, lines):
        match wire["type"]:
            case "thread.item.added":
                pending[wire["item"]["id"]] = wire["item"]
            case "thread.item.updated":
                apply_update(pending[wire["item_id"]], wire["update"])
            case "thread.item.removed":
                del pending[wire["item_id"]]
            case "thread.item.done" if wire["item"]["id"] in pending:
                built = pending.pop(wire["item"]["id"])
                if built["type"] == "workflow":  # no update tells how long it took
                    built["workflow"]["summary"] = wire["item"]["workflow"]["summary"]
                assert built == wire["item"]
    assert pending == {}
    done_items = [event.item for event in events if isinstance(event, ItemDone)]
    assert done_items == turn.items
    assert len({entry.id for entry in turn.items}) == len(turn.items)


def test_steps_took_the_seconds_that_were_full() -> None:
    writer = WorkflowWriter(item("wf_1", WorkflowBody(workflow=Workflow(type="custom"))), "custom")
    durations = []
    for seconds in (0.9, 1.9):
        _, whole = writer.close(START + timedelta(seconds=seconds))
        assert isinstance(whole.body, WorkflowBody)
        durations.append(whole.body.workflow.duration)
    assert durations == [0, 1]


def apply_update(item: dict[str, Any], update: dict[str, Any]) -> None:
    """As any client does it, from protocol.md, section 11."""
    content = item.setdefault("content", []) if item["type"] == "assistant_message" else []
    match update["type"].rpartition(".")[2], update:
        case "text_delta", _:
            content[update["content_index"]]["text"] += update["delta"]
        case "annotation_added", _:
            content[update["content_index"]]["annotations"].append(update["annotation"])
        case (("added" | "done"), {"content_index": place, "content": part}):
            content[place:] = [part]
        case (("added" | "updated"), {"task_index": place, "task": task}):
            item["workflow"]["tasks"][place : place + 1] = [task]
