"""OpenRouter in front of Anthropic: OpenAI's form, with signed reasoning and upstream errors."""

from __future__ import annotations

import json
from typing import Any

from tests.model_steps import Chunk, Reply, Step
from tests.models.rule_books.book import Body, Book, Rule, halves, sign
from tests.models.rule_books.chat_rules import CHAT, chat_stream

SIGNER = "openrouter"
_FORMAT = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}


def _signature(body: Body) -> str | None:
    for place, message in enumerate(body["messages"]):
        details = message.get("reasoning_details") or ()
        texts = [detail for detail in details if detail["type"] == "reasoning.text"]
        if any(text.get("signature") != sign(SIGNER, text.get("text", "")) for text in texts):
            return f"messages.{place}.content.0: Invalid `signature` in `thinking` block"
    return None


def _marks(body: Body) -> str | None:
    contents = [message["content"] for message in body["messages"]]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    if (found := sum("cache_control" in part for part in parts)) > 4:
        return f"A maximum of 4 blocks with cache_control may be provided. Found {found}."
    return None


def _blank(body: Body) -> str | None:
    for message in body["messages"]:
        content = message.get("content")
        if message["role"] == "user" and isinstance(content, str) and not content.strip():
            return "messages: text content blocks must contain non-whitespace text"
    return None


def _error(sentence: str, rule: Rule) -> dict[str, Any]:
    raw = {"type": "error", "error": {"type": "invalid_request_error", "message": sentence}}
    metadata = {"raw": json.dumps(raw), "provider_name": "Anthropic", "is_byok": False}
    error = {"message": "Provider returned error", "code": rule.status, "metadata": metadata}
    return {"error": error, "user_id": "user_1"}


def _thought(text: str) -> list[Step]:
    signed = {**_FORMAT, "signature": sign(SIGNER, text)}
    return [
        *(
            Chunk({"reasoning": piece, "reasoning_details": [{**_FORMAT, "text": piece}]})
            for piece in halves(text)
        ),
        Chunk({"content": "", "reasoning_details": [signed]}),
    ]


#: https://openrouter.ai/docs/api-reference/errors
_FLAGGED = {
    "code": 403,
    "message": "Your chosen model requires moderation and your input was flagged",
    "metadata": {"reasons": ["violence"], "flagged_input": "…", "provider_name": "OpenAI"},
}

OPENROUTER = Book(
    name="OpenRouter",
    model="openrouter/anthropic/claude-sonnet-4.5",
    rules=(
        *CHAT,
        Rule(
            name="reasoning with another signature",
            source="https://github.com/can1357/oh-my-pi/issues/3399",
            found=_signature,
        ),
        Rule(
            name="more than four cache marks",
            source="https://github.com/hotovo/aider-desk/issues/513",
            found=_marks,
        ),
        Rule(
            name="a blank text",
            source="https://github.com/LibreChat-AI/agents/pull/124",
            found=_blank,
        ),
    ),
    error=_error,
    say=chat_stream(thought=_thought, call_id="toolu_{:022d}"),
    proof=lambda thought: sign(SIGNER, thought),
    withheld=[Reply(json.dumps({"error": _FLAGGED}).encode(), status=403)],
)
