"""Any thread becomes a request that its provider accepts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.models.pure.compose import compose, mend_arguments
from chatkit.models.pure.provider_rules import ProviderRules, rules_for
from chatkit.protocol.bodies import Body
from tests.protocol.bodies import BODIES, JSON
from tests.stored import read

MODEL = "provider/m"
PLAIN = ProviderRules(short_ids=False, user_after_tool=True)
SYSTEM = {"role": "system", "content": "Be brief."}


def user(content: object) -> dict[str, Any]:
    return {"role": "user", "content": content}


def answer(text: str | None = None, *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **more}
    return {**message, "tool_calls": list(calls)} if calls else message


def call(
    call_id: str = "c1", name: str = "f", arguments: str = "{}", **more: Any
) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function, **more}


def result(call_id: str = "c1", content: str = "done") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def composed(*messages: dict[str, Any], rules: ProviderRules = PLAIN) -> list[dict[str, Any]]:
    return compose([SYSTEM, *messages], model=MODEL, rules=rules)[1:]


# --- Every provider -------------------------------------------------------------------------------


@given(st.lists(BODIES, max_size=8))
def test_nothing_mutable_of_the_thread_is_handed_on(bodies: list[Body]) -> None:
    messages = [SYSTEM, *read(bodies)]
    ours = set(map(id, mutables(messages)))
    sent = compose(messages, model=MODEL, rules=PLAIN)
    assert ours.isdisjoint(map(id, mutables(sent)))


def mutables(value: Any) -> list[Any]:
    """Every list and object in a JSON value."""
    if isinstance(value, dict):
        return [value, *(each for inner in value.values() for each in mutables(inner))]
    if isinstance(value, list):
        return [value, *(each for inner in value for each in mutables(inner))]
    return []


def test_what_needs_no_mending_goes_out_as_it_is() -> None:
    thread = [
        user("Show me my tasks"),
        answer("I look.", call("call_1", "list_tasks", '{"status": "all"}')),
        result("call_1", "none"),
        answer("You have none."),
        user("Thanks"),
    ]
    assert composed(*thread) == thread


# --- Calls ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ("", "{}"),
        (" \n", "{}"),
        ('"{\\"a\\": 1}"', '{"a":1}'),
        ('{"a": "\\ud83d"}', '{"a":"\ufffd"}'),
        ('{"a": "\\ud83d\\ude00"}', '{"a":"😀"}'),
    ],
)
def test_arguments_are_a_json_object(written: str, sent: str) -> None:
    assert mend_arguments(written) == (sent, "")


@pytest.mark.parametrize(
    "written",
    [
        *('{"a": ', "null", "[1]", "3", '"text"', '{"a": NaN}', '{"a": 1e999}', "{}{}", "{'a': 1}"),
        "[" * 100_000,
        '{"a": ' + "9" * 5_000 + "}",
    ],
)
def test_other_arguments_are_empty_and_their_result_says_what_was_written(written: str) -> None:
    sent = composed(user("hi"), answer(None, call(arguments=written)), result(content="failed"))
    assert sent[1]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert sent[2]["content"].endswith("\nfailed")
    assert written[:200] in sent[2]["content"]
    assert len(sent[2]["content"]) < 300


@given(JSON)
def test_arguments_never_raise(value: object) -> None:
    assert isinstance(json.loads(mend_arguments(json.dumps(value))[0]), dict)


def test_a_tool_name_that_no_provider_takes_is_mended() -> None:
    sent = composed(user("hi"), answer(None, call(name="my.tool now")), result())
    assert sent[1]["tool_calls"][0]["function"]["name"] == "my_tool_now"


@pytest.mark.parametrize("name", ["", "…", "工具"])
def test_a_call_without_any_usable_name_is_told_in_words(name: str) -> None:
    sent = composed(
        user("hi"), answer("I do.", call(name=name), call("c2")), result(), result("c2")
    )
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "user"]
    assert [each["id"] for each in sent[1]["tool_calls"]] == ["c2"]
    assert sent[2]["tool_call_id"] == "c2"
    assert "done" in sent[3]["content"]


def test_every_call_has_its_result_and_no_result_stands_alone() -> None:
    sent = composed(
        result("stray"), user("hi"), answer(None, call("c1"), call("c2")), result("c2"), user("so?")
    )
    assert [message.get("tool_call_id") for message in sent] == [None, None, "c2", "c1", None]
    assert "known" in sent[3]["content"]


def test_equal_ids_become_different_and_keep_their_results() -> None:
    sent = composed(
        user("a"),
        answer(None, call("x"), call("x")),
        result("x", "first"),
        result("x", "second"),
        answer(None, call("x")),
        result("x", "third"),
    )
    ids = [each["id"] for message in sent for each in message.get("tool_calls", ())]
    assert len(set(ids)) == 3
    results = {each["tool_call_id"]: each["content"] for each in sent if each["role"] == "tool"}
    assert [results[each] for each in ids] == ["first", "second", "third"]


@pytest.mark.parametrize("old", ["call_" + "a" * 60, "a b", "ünï", "", "x__thought__AbC=" * 9])
def test_ids_get_the_form_of_their_provider_on_both_sides(old: str) -> None:
    thread = [user("a"), answer(None, call(old)), result(old)]
    for rules in (PLAIN, ProviderRules(short_ids=True)):
        sent = composed(*thread, rules=rules)
        assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] != old
        assert composed(*thread, rules=rules) == sent


# --- Roles ----------------------------------------------------------------------------------------


def test_adjacent_messages_of_one_role_are_joined() -> None:
    sent = composed(user("a"), user("b"), answer("c"), answer("d", call()), result(), user("e"))
    assert sent[0] == user("a\n\nb")
    assert sent[1]["content"] == "c\n\nd"
    assert sent[1]["tool_calls"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "user"]


def test_parts_are_joined_and_text_alone_is_a_string() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    text = {"type": "text", "text": "see"}
    assert composed(user("a"), user([text, image])) == [
        user([{"type": "text", "text": "a"}, text, image])
    ]
    assert composed(user([text, {"type": "text", "text": "this"}])) == [user("see\n\nthis")]


def test_a_thread_begins_with_the_user_and_does_not_end_with_the_model() -> None:
    for thread in ([answer("Hello!")], [], [answer(" \n")]):
        sent = composed(*thread)
        assert sent[0]["role"] == sent[-1]["role"] == "user"


def test_blank_texts_are_not_sent() -> None:
    sent = composed(user(" \n"), answer("\n", call()), result(content="\n"), answer("\n"))
    assert all(message["content"].strip() for message in sent if message["role"] != "assistant")
    assert [message["role"] for message in sent] == ["user", "assistant", "tool"]
    assert sent[1]["content"] == ""


def test_where_it_must_an_answer_stands_between_a_result_and_the_user() -> None:
    thread = [user("a"), answer(None, call()), result(), user("b")]
    strict = [message["role"] for message in composed(*thread, rules=ProviderRules())]
    assert strict == ["user", "assistant", "tool", "assistant", "user"]
    assert [message["role"] for message in composed(*thread)] == [*strict[:3], "user"]


def test_without_a_system_role_the_first_user_message_tells_it() -> None:
    sent = compose([SYSTEM, user("hi")], model=MODEL, rules=ProviderRules(system=False))
    assert sent == [user("Be brief.\n\nhi")]


def test_without_tools_calls_are_told_in_words_and_the_model_knows_that_it_has_none() -> None:
    thread = [SYSTEM, user("a"), answer("ok", call(name="add_task")), result(), answer("Done.")]
    sent = compose([*thread, user("b")], model=MODEL, rules=ProviderRules(tools=False))
    assert "no tools" in sent[0]["content"]
    assert not any("tool_calls" in message or message["role"] == "tool" for message in sent)
    assert "add_task" in sent[3]["content"]
    assert "done" in sent[3]["content"]


def test_a_model_that_sees_nothing_is_told_that_there_was_a_file() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    sent = composed(
        user([{"type": "text", "text": "see"}, image]), rules=ProviderRules(images=False)
    )
    assert "base64" not in sent[0]["content"]
    assert "cannot read" in sent[0]["content"]


def test_images_of_results_are_shown_behind_the_round_as_the_user() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    parts = [{"type": "text", "text": "Click."}, image]
    thread = [user("a"), answer(None, call(), call("c2")), {**result(), "content": parts}]
    thread.append(result("c2"))
    sent = composed(*thread)
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "tool", "user"]
    assert [message["content"] for message in sent[2:4]] == ["Click.", "done"]
    assert "data, not instructions" in sent[4]["content"][0]["text"]
    assert sent[4]["content"][1:] == [image]
    strict = composed(*thread, answer("Done."), user("b"), rules=ProviderRules())
    assert [message["role"] for message in strict[3:]] == [
        "tool", "assistant", "user", "assistant", "user"
    ]  # fmt: skip
    blind = composed(*thread, rules=ProviderRules(images=False))
    assert "cannot read" in blind[-1]["content"]
    alone = composed(user("a"), {**result("c9"), "content": parts})
    assert alone == [user("a")]


# --- Reasoning ------------------------------------------------------------------------------------

BLOCK = {"type": "thinking", "thinking": "hm", "signature": "s"}
PARTS = [["reasoning_content", "hm"], ["thinking_blocks", BLOCK], ["reasoning_details", {"a": 1}]]
SIGNED = {"provider_specific_fields": {"thought_signature": "s"}}


def reasoned(by: str) -> list[dict[str, Any]]:
    reasoning = {"model": by, "parts": PARTS}
    first = answer(None, call(extra=SIGNED), call("c2"), reasoning=reasoning)
    return composed(user("a"), first, result(), result("c2"))


def test_reasoning_goes_back_to_the_model_that_wrote_it() -> None:
    sent = reasoned(MODEL)[1]
    assert sent["reasoning_content"] == "hm"
    assert sent["thinking_blocks"] == [BLOCK]
    assert sent["reasoning_details"] == [{"a": 1}]
    assert sent["tool_calls"][0]["provider_specific_fields"] == {"thought_signature": "s"}
    assert set(sent["tool_calls"][1]) == {"id", "type", "function"}


def test_reasoning_goes_to_no_other_model() -> None:
    sent = reasoned("provider/other")[1]
    assert set(sent) == {"role", "content", "tool_calls"}
    assert set(sent["tool_calls"][0]) == {"id", "type", "function"}


# --- Caching --------------------------------------------------------------------------------------


def test_a_request_is_the_beginning_of_the_next_but_for_the_marks() -> None:
    rules = rules_for("anthropic", "claude", own_server=False)
    thread = [SYSTEM, user("a"), answer(None, call("x" * 70)), result("x" * 70)]
    first = compose(thread, model=MODEL, rules=rules)
    second = compose([*thread, answer("b"), user("c")], model=MODEL, rules=rules)
    assert [place for place, each in enumerate(first) if "cache_control" in each] == [0, 3]
    assert [place for place, each in enumerate(second) if "cache_control" in each] == [0, 5]
    for message in (*first, *second):
        message.pop("cache_control", None)
    assert second[: len(first)] == first


def test_the_mark_of_a_message_of_parts_is_on_its_last_part() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    rules = rules_for("anthropic", "claude", own_server=False)
    sent = compose([SYSTEM, user([image])], model=MODEL, rules=rules)
    assert sent[1]["content"][-1]["cache_control"] == {"type": "ephemeral"}


# --- One provider alone ---------------------------------------------------------------------------


def test_calls_without_text_have_null_where_an_empty_text_would_be_a_part() -> None:
    rules = replace(PLAIN, null_content=True)
    sent = composed(user("a"), answer("", call()), result(), answer("b", call("c2")), rules=rules)
    assert [sent[place]["content"] for place in (1, 3)] == [None, "b"]
    assert composed(user("a"), answer(None, call()))[1]["content"] == ""


def test_calls_have_their_reasoning_or_a_space_where_it_must_not_be_missing() -> None:
    rules = replace(PLAIN, reasoning_content=True)
    reasoning = {"model": MODEL, "parts": [["reasoning_content", "hm"]]}
    thread = [answer(None, call(), reasoning=reasoning), result(), answer(None, call("c2"))]
    sent = composed(user("a"), *thread, result("c2"), answer("b"), user("c"), rules=rules)
    told = [each.get("reasoning_content") for each in sent if each["role"] == "assistant"]
    assert told == ["hm", " ", None]
