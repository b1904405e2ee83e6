"""Rules of the chat format of OpenAI, which most providers imitate, and its stream."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tests.model_steps import Chunk, Step, call, finish
from tests.models.rule_books.book import Body, Called, Rule, Said, halves

REFERENCE = "https://platform.openai.com/docs/api-reference/chat/create"
Messages = Sequence[Mapping[str, Any]]


def calls_of(body: Body) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    """Every call of the history with the places of its message and of itself."""
    for place, message in enumerate(body["messages"]):
        for number, one in enumerate(message.get("tool_calls") or ()):
            yield place, number, one


def unanswered(body: Body) -> list[str]:
    """The ids of calls without a result right behind them."""
    missing: list[str] = []
    waiting: list[str] = []
    for message in (*body["messages"], {"role": "end"}):
        if message["role"] == "tool":
            if message["tool_call_id"] in waiting:
                waiting.remove(message["tool_call_id"])
        else:
            missing += waiting
            waiting = [one["id"] for one in message.get("tool_calls") or ()]
    return missing


def unasked(body: Body) -> list[str]:
    """The ids of results without a call right before them."""
    stray: list[str] = []
    waiting: list[str] = []
    for message in body["messages"]:
        if message["role"] != "tool":
            waiting = [one["id"] for one in message.get("tool_calls") or ()]
        elif message["tool_call_id"] in waiting:
            waiting.remove(message["tool_call_id"])
        else:
            stray.append(message["tool_call_id"])
    return stray


def _unanswered(body: Body) -> str | None:
    if ids := unanswered(body):
        return (
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            + ", ".join(ids)
        )
    return None


def _unasked(body: Body) -> str | None:
    if unasked(body):
        return (
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
            "message with 'tool_calls'."
        )
    return None


def _long_id(body: Body) -> str | None:
    for place, number, one in calls_of(body):
        if len(one["id"]) > 40:
            return (
                f"Invalid 'messages[{place}].tool_calls[{number}].id': string too long. Expected a "
                f"string with maximum length 40, but got a string with length {len(one['id'])} "
                "instead."
            )
    return None


def _name(body: Body) -> str | None:
    for place, number, one in calls_of(body):
        if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", one["function"]["name"]) is None:
            return (
                f"Invalid 'messages[{place}].tool_calls[{number}].function.name': string does not "
                "match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
            )
    return None


def _null(body: Body) -> str | None:
    for place, message in enumerate(body["messages"]):
        calls = message["role"] == "assistant" and message.get("tool_calls")
        if message.get("content") is None and not calls:
            return f"Invalid value for 'messages[{place}].content': expected a string, got null."
    return None


UNANSWERED = Rule(
    name="a call without its result",
    source="https://github.com/aliasrobotics/cai/issues/111",
    found=_unanswered,
)
UNASKED = Rule(name="a result without its call", source=REFERENCE, found=_unasked)
LONG_ID = Rule(
    name="an id of more than 40 characters",
    source="https://github.com/vercel/ai/issues/5171",
    found=_long_id,
    code="string_above_max_length",
)
NAME = Rule(
    name="a tool's name with other characters",
    source="https://github.com/mcp-use/mcp-use/pull/94",
    found=_name,
    code="invalid_value",
)
CONTENT_NULL = Rule(name="no content", source=REFERENCE, found=_null)
CHAT = (UNANSWERED, UNASKED, LONG_ID, NAME)


def bad_json(body: Body) -> str | None:
    """What Python's parser says of the first arguments that are not JSON."""
    for _, _, one in calls_of(body):
        try:
            json.loads(one["function"]["arguments"])
        except ValueError as error:
            return str(error)
    return None


def other_fields(body: Body, known: frozenset[str]) -> Iterator[tuple[int, Mapping[str, Any], str]]:
    """Every field of a message that its provider does not know, with the message and its place."""
    for place, message in enumerate(body["messages"]):
        for name in message:
            if name not in known:
                yield place, message, name


def order(body: Body, before: str, after: str) -> bool:
    """Whether a message of the role `after` follows directly one of the role `before`."""
    return any((a["role"], b["role"]) == (before, after) for a, b in pairwise(body["messages"]))


def openai_error(sentence: str, rule: Rule) -> dict[str, Any]:
    """The body of an error as OpenAI writes it."""
    error = {"message": sentence, "type": "invalid_request_error", "param": None}
    return {"error": {**error, "code": rule.code}}


def chat_stream(
    *, thought: Callable[[str], list[Step]] = lambda _: [], call_id: str = "call_{:024d}"
) -> Callable[[Said], list[Step]]:
    """How a provider streams in this format: its reasoning, and the form of its ids."""

    def say(said: Said) -> list[Step]:
        steps: list[Step] = [*thought(said.thought)] if said.thought else []
        steps += halves(said.text)
        for index, one in enumerate(said.calls):
            steps += _called(one, index, call_id.format(one.number))
        reason = said.end if said.end == "length" or not said.calls else "tool_calls"
        return [*steps, finish(reason)]

    return say


def _called(one: Called, index: int, call_id: str) -> list[Step]:
    begin = call(one.name, "", call_id=call_id, index=index)
    return [begin, *(call(None, piece, index=index) for piece in halves(one.arguments))]


def in_field(name: str) -> Callable[[str], list[Step]]:
    """Reasoning as text in a field of the delta."""
    return lambda text: [Chunk({name: piece}) for piece in halves(text)]
