"""Groq: OpenAI's form without a field more."""

from __future__ import annotations

from tests.model_steps import finish
from tests.models.rule_books.book import Body, Book, Rule
from tests.models.rule_books.chat_rules import (
    CHAT,
    chat_stream,
    in_field,
    openai_error,
    other_fields,
)

_KNOWN = frozenset({"role", "content", "tool_calls", "tool_call_id", "name"})


def _extra(body: Body) -> str | None:
    for place, message, name in other_fields(body, _KNOWN):
        return (
            f"'messages.{place}' : for 'role:{message['role']}' the following must be satisfied"
            f"[('messages.{place}' : property '{name}' is unsupported)]"
        )
    return None


GROQ = Book(
    name="Groq",
    model="groq/openai/gpt-oss-20b",
    rules=(
        *CHAT,
        Rule(
            name="a field that it does not know",
            source="https://github.com/tashfeenahmed/freellmapi/issues/1070",
            found=_extra,
        ),
    ),
    error=openai_error,
    say=chat_stream(thought=in_field("reasoning")),
    withheld=["I ", finish("content_filter")],
)
