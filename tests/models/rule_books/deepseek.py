"""DeepSeek, whose models think by default and want their reasoning back."""

from __future__ import annotations

from itertools import pairwise

from tests.model_steps import finish
from tests.models.rule_books.book import Body, Book, Rule
from tests.models.rule_books.chat_rules import CHAT, chat_stream, in_field, openai_error


def _reasoning(body: Body) -> str | None:
    for message in body["messages"]:
        if message.get("tool_calls") and not message.get("reasoning_content"):
            return "The `reasoning_content` in the thinking mode must be passed back to the API."
    return None


def _successive(body: Body) -> str | None:
    for place, (before, message) in enumerate(pairwise(body["messages"])):
        if before["role"] == message["role"] in ("user", "assistant"):
            return (
                "deepseek-reasoner does not support successive user or assistant messages "
                f"(messages[{place}] and messages[{place + 1}] in your input). You should "
                "interleave the user/assistant messages in the message sequence."
            )
    return None


DEEPSEEK = Book(
    name="DeepSeek",
    model="deepseek/deepseek-v4-flash",
    rules=(
        *CHAT,
        Rule(
            name="calls without their reasoning",
            source="https://api-docs.deepseek.com/guides/thinking_mode and "
            "https://github.com/earendil-works/pi/issues/3636",
            found=_reasoning,
            code="invalid_request_error",
        ),
        Rule(
            name="two messages of one role",
            source="https://github.com/deepseek-ai/DeepSeek-R1/issues/21",
            found=_successive,
            code="invalid_request_error",
        ),
    ),
    error=openai_error,
    say=chat_stream(thought=in_field("reasoning_content"), call_id="call_00_{:020d}"),
    proof=str,
    withheld=["I ", finish("content_filter")],
)
