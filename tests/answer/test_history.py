"""What the model reads of a thread."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from chatkit.answer.history import DAY as DAY_LINE
from chatkit.answer.history import (
    Clock,
    carried_over,
    rounds_since_the_user,
    system_message,
    to_messages,
)
from chatkit.protocol.bodies import (
    AssistantMessage,
    Body,
    ClientToolCall,
    Note,
    StructuredInput,
    ToolRound,
    UserMessage,
)
from chatkit.protocol.calls import CallRecord, Reasoning
from chatkit.protocol.content import InputTag, InputText
from chatkit.protocol.structured import Question
from tests.stored import CLOCK, DAY, SENT, read, stored


def user(text: str) -> UserMessage:
    return UserMessage(content=(InputText(text=text),))


def tool_round(*outputs: str, after_text: bool = False, failed: bool = False) -> ToolRound:
    calls = tuple(
        CallRecord(call_id=f"c{place}", name="add", arguments="{}", output=output, failed=failed)
        for place, output in enumerate(outputs)
    )
    return ToolRound(calls=calls, after_text=after_text)


def test_the_system_message_is_the_same_on_every_day() -> None:
    message = system_message("Be kind.")
    assert message["role"] == "system"
    assert message["content"].startswith("Be kind.\n\nEach message of the user begins with a line")


def test_a_message_tells_the_day_and_time_of_the_user_at_which_it_was_sent() -> None:
    sent = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
    clock = Clock(zone=ZoneInfo("Europe/Berlin"), zone_name="Europe/Berlin", now=sent)
    (item,) = stored([user("Hi")])
    (message,) = to_messages([replace(item, created_at=sent)], clock)
    assert message["content"] == "[Sunday, 2026-11-22 23:30, Europe/Berlin]\nHi"
    assert DAY_LINE.match(message["content"])


def test_if_the_newest_message_is_of_another_day_the_model_is_told_what_time_it_is() -> None:
    later = replace(CLOCK, now=SENT + timedelta(days=2))
    thread = stored([user("Hi"), AssistantMessage(text="Ha"), user("Again"), tool_round("ok")])
    messages = to_messages(thread, later)
    assert [message["role"] for message in messages] == [
        *("user", "assistant", "user", "user", "assistant", "tool"),
    ]
    assert messages[3]["content"] == (
        "[Note from the server: it is now Friday, 2026-11-27 09:00, UTC]"
    )
    assert DAY_LINE.search(messages[3]["content"])


def test_what_goes_back_to_the_provider_is_with_the_calls() -> None:
    reasoning = Reasoning(model="m", parts=(("reasoning_content", "hm"),))
    signed = replace(tool_round("ok").calls[0], extra={"signature": "s"})
    message, _ = read([ToolRound(calls=(signed,), reasoning=reasoning)])
    assert message["reasoning"] == reasoning.to_wire()
    assert message["tool_calls"][0]["extra"] == {"signature": "s"}


def test_calls_are_followed_by_their_results_and_joined_with_the_text_before() -> None:
    bodies: list[Body] = [
        user("Add milk"),
        AssistantMessage(text="Adding."),
        tool_round("ok", "ok too", after_text=True),
        tool_round("more"),
        AssistantMessage(text="Done."),
    ]
    messages = read(bodies)
    assert [message["role"] for message in messages] == [
        "user",
        "assistant",
        "tool",
        "tool",
        "assistant",
        "tool",
        "assistant",
    ]
    assert messages[1]["content"] == "Adding."
    assert [call["id"] for call in messages[1]["tool_calls"]] == ["c0", "c1"]
    assert messages[3] == {"role": "tool", "tool_call_id": "c1", "content": "ok too"}
    assert messages[4]["content"] is None


def test_a_note_between_a_text_and_its_calls_stays_a_note() -> None:
    clicked = Note(text="the user ticked it")
    drawn = tool_round("ok", after_text=True)
    messages = read([user("Draw"), AssistantMessage(text="I will."), clicked, drawn])
    assert [message["role"] for message in messages] == ["user", "user", "assistant", "tool"]
    assert messages[1]["content"] == "[Note from the server: the user ticked it]"
    assert messages[2]["content"] == "I will."


def test_calls_whose_text_was_cut_away_stand_by_themselves() -> None:
    messages = read([tool_round("ok", after_text=True)])
    assert [message["content"] for message in messages] == [None, "ok"]
    asked_again: list[Body]
    asked_again = [AssistantMessage(text="Old."), user("Again"), tool_round("ok", after_text=True)]
    assert [each["content"] for each in read(asked_again)] == [
        "Old.",
        f"{DAY}Again",
        None,
        "ok",
    ]


@given(
    st.lists(
        st.one_of(
            st.builds(user, st.sampled_from(["q1", "q2"])),
            st.builds(AssistantMessage, text=st.sampled_from(["a1", "a2"])),
            st.builds(Note, text=st.sampled_from(["n1", "n2"])),
            st.builds(tool_round, st.just("r"), after_text=st.booleans()),
        ),
        max_size=12,
    )
)
def test_whatever_comes_between_every_word_keeps_its_speaker_and_every_call_its_result(
    bodies: list[Body],
) -> None:
    messages = read(bodies)
    said = [each["content"] for each in messages if each["role"] == "assistant"]
    texts = [body.text for body in bodies if isinstance(body, AssistantMessage)]
    assert [text for text in said if text is not None] == texts
    asked = [each["content"] for each in messages if each["role"] == "user"]
    assert len(asked) == sum(isinstance(body, UserMessage | Note) for body in bodies)
    assert not {"a1", "a2"} & set(asked)
    for place, message in enumerate(messages):
        calls = message.get("tool_calls", [])
        results = messages[place + 1 : place + 1 + len(calls)]
        assert [each["id"] for each in calls] == [each["tool_call_id"] for each in results]
    results_in_all = sum(each["role"] == "tool" for each in messages)
    assert results_in_all == sum(isinstance(body, ToolRound) for body in bodies)


def test_tags_keep_their_place_and_quotes_come_first() -> None:
    message = UserMessage(
        content=(InputText(text="Finish "), InputTag(id="t1", text="Milk"), InputText(text=" now")),
        quoted_text="one\ntwo",
    )
    assert read([message]) == [
        {"role": "user", "content": DAY + '> one\n> two\n\nFinish @Milk {"id":"t1"} now'}
    ]


def test_rounds_are_counted_since_the_user_had_a_say() -> None:
    call = ClientToolCall(call_id="c", name="cart", arguments={})
    form = StructuredInput(questions=(Question(id="q1", question="How?"),), status="answered")
    carried = ToolRound(calls=tool_round("old").calls, carried=True)
    assert rounds_since_the_user([]) == 0
    bodies: list[Body] = [
        tool_round("r"),
        user("Go"),
        carried,
        tool_round("r"),
        Note(text="n"),
        call,
    ]
    assert rounds_since_the_user(bodies) == 2
    assert rounds_since_the_user([*bodies, form, call]) == 1
    assert rounds_since_the_user([*bodies, user("And?")]) == 0


def test_a_note_tells_the_model_what_happened() -> None:
    assert read([Note(text="the user left")]) == [
        {"role": "user", "content": "[Note from the server: the user left]"}
    ]


def test_a_retry_carries_over_only_what_worked() -> None:
    assert carried_over([]) == []
    assert carried_over([tool_round("no", failed=True)]) == []
    worked = tool_round("added milk", after_text=True)
    mixed = ToolRound(calls=(*tool_round("no", failed=True).calls, *worked.calls))
    carried = carried_over([tool_round("no", failed=True), mixed])
    assert carried[0] == ToolRound(calls=worked.calls, carried=True)
    assert isinstance(carried[1], Note)
    assert "showed are gone" in carried[1].text
    assert len(carried) == 2


def test_a_retry_carries_over_what_the_page_has_answered() -> None:
    waiting = ClientToolCall(call_id="c", name="get_cart", arguments={"of": "me"})
    answered = replace(waiting, status="completed", output=["tea"], has_output=True)
    record = CallRecord(call_id="c", name="get_cart", arguments='{"of":"me"}', output='["tea"]')
    assert carried_over([waiting]) == []
    assert carried_over([answered])[0] == ToolRound(calls=(record,), carried=True)


def test_a_retry_carries_over_what_the_user_did_but_not_its_own_note() -> None:
    ticked, worked = Note(text="the user ticked it"), tool_round("added milk")
    assert carried_over([ticked]) == [Note(text="the user ticked it", carried=True)]
    carried = carried_over([worked, ticked])
    assert carried[:2] == [
        ToolRound(calls=worked.calls, carried=True),
        Note(text="the user ticked it", carried=True),
    ]
    assert carried_over(carried) == carried
