"""Composed threads are accepted by every rule book, and each rule refuses one that is not."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.models.litellm_model import LiteLLMModel
from chatkit.models.pure.compose import compose
from chatkit.protocol.bodies import Body, UserMessage
from chatkit.protocol.content import InputText
from tests.models.rule_books import BOOKS, Book
from tests.models.rule_books.sent import body_of, rules_of
from tests.protocol.bodies import BODIES
from tests.stored import read

SYSTEM = {"role": "system", "content": "Be brief."}
EACH = pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name)
README = Path(__file__).parents[2] / "README.md"
NEXT = UserMessage(content=(InputText(text="And now?"),))


@pytest.fixture(scope="module", autouse=True)
def _library() -> None:
    asyncio.run(LiteLLMModel(timeout_s=1).library())


def user(content: object = "Hi") -> dict[str, Any]:
    return {"role": "user", "content": content}


def answer(text: str | None, *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **more}
    return {**message, "tool_calls": list(calls)} if calls else message


def call(call_id: str = "call_1", name: str = "f", arguments: str = "{}") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def result(call_id: str = "call_1", content: str = "done") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def marked(message: dict[str, Any]) -> dict[str, Any]:
    mark = {"cache_control": {"type": "ephemeral"}}
    return {**message, "content": [{"type": "text", "text": message["content"], **mark}]}


LONG = "call_" + "a" * 40
FOREIGN: dict[str, Any] = {
    "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "of another"}],
    "reasoning_content": "hm",
    "reasoning_details": [{"type": "reasoning.text", "text": "hm", "signature": "of another"}],
}
SIGNED = {"provider_specific_fields": {"thought_signature": "of another"}}

#: Threads as models, faults and old versions leave them.
THREADS: dict[str, list[dict[str, Any]]] = {
    "stopped in a tool": [user(), answer(None, call()), user()],
    "trimmed in a round": [user(), result(), user()],
    "ids of another model": [user(), answer(None, call(LONG)), result(LONG), user()],
    "ids of a weak model": [user(), answer(None, call("a b")), result("a b"), user()],
    "one id for all": [
        user(),
        *(answer(None, call("1")), result("1"), user("more")),
        *(answer(None, call("1")), result("1"), user("more")),
    ],
    "bad names": [user(), answer("", call(name="…")), result(), user()],
    "no name": [user(), answer("", call(name="")), result(), user()],
    "broken arguments": [user(), answer("", call(arguments='{"a')), result(), user()],
    "arguments of another type": [user(), answer("", call(arguments="[1]")), result(), user()],
    "empty answer": [user(), answer(None), user()],
    "blank answer": [user(), answer(""), user(" "), answer(" "), user("so?")],
    "failed": [user(), user("[Note]"), user("And now?")],
    "resumed": [user(), answer("It is")],
    "imported round": [answer(None, call()), result(), user()],
    "imported": [answer("Hello!"), answer("Hello again!"), user()],
    "reasoning of another model": [
        user(),
        answer("Hm.", {**call(), **SIGNED}, **FOREIGN),
        result(),
    ],
}

#: What LiteLLM or the door keeps off, so that no thread leads to it: a body that breaks the rule.
KEPT_OFF: dict[tuple[str, str], dict[str, Any]] = {
    ("Anthropic", "an id with other characters"): {
        "messages": [
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "a b", "name": "f", "input": {}}],
            }
        ]
    },
    ("Anthropic", "a blank text"): {
        "messages": [{"role": "user", "content": [{"type": "text", "text": " "}]}]
    },
    ("Gemini", "arguments that are no object"): {
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}]},
            {"role": "model", "parts": [{"function_call": {"name": "f", "args": [1]}}]},
        ]
    },
    ("Mistral", "an answer of nothing"): {"messages": [user(), answer("")]},
    ("OpenRouter", "more than four cache marks"): {"messages": [marked(user())] * 5},
    ("Ollama", "arguments that are no object"): {
        "messages": [user(), answer("", call(arguments="[1]"))]
    },
    ("Ollama", "content of parts"): {"messages": [user([{"type": "text", "text": "Hi"}])]},
    ("LM Studio", "a tool that must be called"): {
        "messages": [user()],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
    },
}


def broken(book: Book, messages: list[dict[str, Any]]) -> set[str]:
    """The rules that a request breaks; none if LiteLLM cannot even translate it."""
    try:
        body = body_of(book, [SYSTEM, *messages])
    except Exception:  # a foreign library, which may raise anything
        return set()
    return {rule.name for rule, _ in book.refusals(body)}


def test_the_readme_has_the_rules_of_each_book() -> None:
    rows = [row.split(" | ") for row in README.read_text("utf-8").splitlines() if " | " in row]
    told = {name.removeprefix("| "): refuses for name, refuses, *_ in rows}
    for book in BOOKS:
        assert told[book.name].split("; ") == [rule.name for rule in book.rules]


@EACH
def test_each_rule_refuses_a_thread_that_is_sent_as_it_is(book: Book) -> None:
    found = {name for thread in THREADS.values() for name in broken(book, thread)}
    for (name, rule), body in KEPT_OFF.items():
        if name == book.name:
            assert rule in {each.name for each, _ in book.refusals(body)}
            assert rule not in found
            found.add(rule)
    assert found == {rule.name for rule in book.rules}


@EACH
@pytest.mark.parametrize("thread", THREADS)
def test_the_same_thread_is_accepted_when_it_is_composed(book: Book, thread: str) -> None:
    messages = [SYSTEM, *copy.deepcopy(THREADS[thread])]
    sent = compose(messages, model=book.model, rules=rules_of(book))
    assert book.refusals(body_of(book, sent)) == []


@given(bodies=st.lists(BODIES, max_size=12), tools=st.booleans())
def test_a_thread_of_any_items_is_accepted_by_every_provider(
    bodies: list[Body], tools: bool
) -> None:
    messages = [SYSTEM, *read([*bodies, NEXT])]
    before = copy.deepcopy(messages)
    for book in BOOKS:
        rules = replace(rules_of(book), tools=tools)
        sent = compose(messages, model=book.model, rules=rules)
        found = [sentence for _, sentence in book.refusals(body_of(book, sent))]
        assert found == [], book.name
        assert compose(messages, model=book.model, rules=rules) == sent
    assert messages == before
