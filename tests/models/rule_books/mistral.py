"""Mistral's API, which validates with mistral-common and refuses fields that it does not know."""

from __future__ import annotations

import re
from typing import Any

from tests.model_steps import Chunk, Step, finish
from tests.models.rule_books.book import Body, Book, Rule, halves
from tests.models.rule_books.chat_rules import (
    calls_of,
    chat_stream,
    order,
    other_fields,
    unanswered,
)
from tests.models.rule_books.chat_rules import unasked as stray_results

#: https://github.com/mistralai/mistral-common/blob/main/src/mistral_common/protocol/instruct/validator.py
_VALIDATOR = "https://github.com/mistralai/mistral-common (protocol/instruct/validator.py)"
_ORDER = "https://github.com/BerriAI/litellm/issues/17761"
_KNOWN = frozenset({"role", "content", "tool_calls", "tool_call_id", "name", "prefix"})


def _id(body: Body) -> str | None:
    for _, _, one in calls_of(body):
        if re.fullmatch("[a-zA-Z0-9]{9}", one["id"]) is None:
            return f"Tool call id was {one['id']} but must be a-z, A-Z, 0-9, with a length of 9."
    return None


def _name(body: Body) -> str | None:
    for _, _, one in calls_of(body):
        name = one["function"]["name"]
        if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) is None:
            return (
                f"Function name was {name} but must be a-z, A-Z, 0-9, or contain underscores and "
                "dashes, with a maximum length of 64."
            )
    return None


def _user_after_tool(body: Body) -> str | None:
    return "Unexpected role 'user' after role 'tool'" if order(body, "tool", "user") else None


def _unasked(body: Body) -> str | None:
    if order(body, "user", "tool") or stray_results(body):
        return "Unexpected role 'tool' after role 'user'"
    return None


def _unanswered(body: Body) -> str | None:
    return "Not the same number of function calls and responses" if unanswered(body) else None


def _nothing(body: Body) -> str | None:
    for message in body["messages"]:
        if message["role"] == "assistant" and not (
            message.get("content") or message.get("tool_calls")
        ):
            return "Assistant message must have either content or tool_calls, but not none."
    return None


def _last(body: Body) -> str | None:
    if (role := body["messages"][-1]["role"]) not in ("user", "tool"):
        return (
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got "
            f"{role}"
        )
    return None


def _extra(body: Body) -> str | None:
    for place, message, name in other_fields(body, _KNOWN):
        return f"body.messages.{place}.{message['role']}.{name}: Extra inputs are not permitted"
    return None


_RULES = (
    Rule(
        name="a field that it does not know",
        source="https://github.com/charmbracelet/crush/issues/1590",
        found=_extra,
        status=422,
        code="extra_forbidden",
    ),
    Rule(
        name="an id that is not nine letters or digits",
        source="https://github.com/nearai/ironclaw/issues/1241",
        found=_id,
        code="3280",
    ),
    Rule(name="a tool's name with other characters", source=_VALIDATOR, found=_name, code="3280"),
    Rule(name="a user after a result", source=_ORDER, found=_user_after_tool, code="3230"),
    Rule(
        name="a result without its call",
        source="https://github.com/charmbracelet/crush/issues/279",
        found=_unasked,
        code="3230",
    ),
    Rule(name="a call without its result", source=_VALIDATOR, found=_unanswered, code="3230"),
    Rule(name="an answer of nothing", source=_VALIDATOR, found=_nothing, code="3240"),
    Rule(name="an answer at the end", source=_VALIDATOR, found=_last, code="3230"),
)


def _error(sentence: str, rule: Rule) -> dict[str, Any]:
    if rule.status == 422:
        loc, _, message = sentence.partition(": ")
        detail = {"type": rule.code, "loc": loc.split("."), "msg": message}
        return {"object": "error", "message": {"detail": [detail]}, "type": "invalid_request_error"}
    kind = "invalid_function_call" if rule.code == "3280" else "invalid_request_message_order"
    error = {"object": "error", "message": sentence, "type": kind, "param": None}
    return {**error, "code": rule.code, "raw_status_code": rule.status}


def _thought(text: str) -> list[Step]:
    """Magistral's: https://docs.mistral.ai/capabilities/reasoning"""
    return [
        Chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]})
        for piece in halves(text)
    ]


MISTRAL = Book(
    name="Mistral",
    model="mistral/mistral-large-latest",
    rules=_RULES,
    error=_error,
    say=chat_stream(thought=_thought, call_id="x{:08d}"),
    withheld=["I ", finish("content_filter")],
)
