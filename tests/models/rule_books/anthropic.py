"""Anthropic's Messages API: blocks in messages, and events in the stream."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from tests.model_steps import EOF, Raw, Step
from tests.models.rule_books.book import Body, Book, Rule, Said, halves, sign

SIGNER = "anthropic"
_REFERENCE = "https://docs.claude.com/en/api/messages"


def _blocks(body: Body, kind: str) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    for place, message in enumerate(body["messages"]):
        for number, block in enumerate(message["content"]):
            if block["type"] == kind:
                yield place, number, block


def _ids(message: Mapping[str, Any], kind: str, name: str) -> list[str]:
    return [block[name] for block in message["content"] if block["type"] == kind]


def _unanswered(body: Body) -> str | None:
    for place, (message, after) in enumerate(pairwise([*body["messages"], {"content": []}])):
        results = _ids(after, "tool_result", "tool_use_id")
        if missing := [x for x in _ids(message, "tool_use", "id") if x not in results]:
            return (
                f"messages.{place}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(missing)}. Each `tool_use` block must have a "
                "corresponding `tool_result` block in the next message."
            )
    return None


def _unasked(body: Body) -> str | None:
    for place, (before, message) in enumerate(pairwise([{"content": []}, *body["messages"]])):
        calls = _ids(before, "tool_use", "id")
        for stray in _ids(message, "tool_result", "tool_use_id"):
            if stray not in calls:
                return (
                    f"messages.{place}.content.0: unexpected `tool_use_id` found in `tool_result` "
                    f"blocks: {stray}. Each `tool_result` block must have a corresponding "
                    "`tool_use` block in the previous message."
                )
    return None


def _id(body: Body) -> str | None:
    for place, number, block in _blocks(body, "tool_use"):
        if re.fullmatch("[a-zA-Z0-9_-]+", block["id"]) is None:
            return (
                f"messages.{place}.content.{number}.tool_use.id: String should match pattern "
                "'^[a-zA-Z0-9_-]+$'"
            )
    return None


def _twice(body: Body) -> str | None:
    ids = [block["id"] for _, _, block in _blocks(body, "tool_use")]
    return "messages: `tool_use` ids must be unique" if len(set(ids)) < len(ids) else None


def _name(body: Body) -> str | None:
    for place, number, block in _blocks(body, "tool_use"):
        if not 0 < len(block["name"]) <= 200:
            return f"messages.{place}.content.{number}.tool_use.name: String should have at least 1"
    return None


def _input(body: Body) -> str | None:
    for place, number, block in _blocks(body, "tool_use"):
        if not isinstance(block["input"], dict):
            return (
                f"messages.{place}.content.{number}.tool_use.input: Input should be a valid "
                "dictionary"
            )
    return None


def _blank(body: Body) -> str | None:
    if any(not block["text"].strip() for _, _, block in _blocks(body, "text")):
        return "messages: text content blocks must contain non-whitespace text"
    return None


def _signature(body: Body) -> str | None:
    for place, number, block in _blocks(body, "thinking"):
        if block.get("signature") != sign(SIGNER, block["thinking"]):
            return f"messages.{place}.content.{number}: Invalid `signature` in `thinking` block"
    return None


def _prefill(body: Body) -> str | None:
    if body["messages"][-1]["role"] == "assistant":
        return (
            "This model does not support assistant message prefill. The conversation must end with "
            "a user message."
        )
    return None


def _first(body: Body) -> str | None:
    if body["messages"][0]["role"] != "user":
        return 'messages: first message must use the "user" role'
    return None


_RULES = (
    Rule(
        name="a call without its result",
        source="https://github.com/anthropics/claude-code/issues/8210",
        found=_unanswered,
    ),
    Rule(
        name="a result without its call",
        source="https://github.com/anthropics/claude-code/issues/18947",
        found=_unasked,
    ),
    Rule(
        name="an id with other characters",
        source="https://github.com/LibreChat-AI/agents/pull/153",
        found=_id,
    ),
    Rule(name="an id twice", source="https://github.com/trycua/cua/issues/524", found=_twice),
    Rule(name="a call without a name", source=_REFERENCE, found=_name),
    Rule(name="arguments that are no object", source=_REFERENCE, found=_input),
    Rule(
        name="a blank text",
        source="https://github.com/home-assistant/core/issues/175637",
        found=_blank,
    ),
    Rule(
        name="reasoning with another signature",
        source="https://github.com/anthropics/anthropic-sdk-python/issues/1598",
        found=_signature,
    ),
    Rule(
        name="an answer at the end",
        source="https://docs.claude.com/en/docs/build-with-claude/prefill-claudes-response",
        found=_prefill,
    ),
    Rule(name="an answer at the beginning", source=_REFERENCE, found=_first),
)


def _error(sentence: str, rule: Rule) -> dict[str, Any]:
    error = {"type": "invalid_request_error", "message": sentence}
    return {"type": "error", "error": error, "request_id": "req_1"}


def _event(kind: str, **fields: Any) -> Raw:
    return Raw(f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode())


def _block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[Step]:
    return [
        _event("content_block_start", index=index, content_block=start),
        *(_event("content_block_delta", index=index, delta=delta) for delta in deltas),
        _event("content_block_stop", index=index),
    ]


def _stream(blocks: list[tuple[dict[str, Any], ...]], reason: str) -> list[Step]:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "c", "content": []}
    usage = {"input_tokens": 7, "output_tokens": 1}
    steps: list[Step] = [_event("message_start", message={**message, "usage": usage})]
    for index, (start, *deltas) in enumerate(blocks):
        steps += _block(index, start, *deltas)
    delta = {"stop_reason": reason, "stop_sequence": None}
    steps.append(_event("message_delta", delta=delta, usage={"output_tokens": 5}))
    return [*steps, _event("message_stop"), EOF]


def _say(said: Said) -> list[Step]:
    blocks: list[tuple[dict[str, Any], ...]] = []
    if said.thought:
        pieces = [{"type": "thinking_delta", "thinking": piece} for piece in halves(said.thought)]
        signature = {"type": "signature_delta", "signature": sign(SIGNER, said.thought)}
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, *pieces, signature))
    if said.text:
        texts = [{"type": "text_delta", "text": piece} for piece in halves(said.text)]
        blocks.append(({"type": "text", "text": ""}, *texts))
    for one in said.calls:
        start = {
            "type": "tool_use",
            "id": f"toolu_{one.number:022d}",
            "name": one.name,
            "input": {},
        }
        arguments = [
            {"type": "input_json_delta", "partial_json": piece} for piece in halves(one.arguments)
        ]
        blocks.append((start, *arguments))
    reason = "max_tokens" if said.end == "length" else "tool_use" if said.calls else "end_turn"
    return _stream(blocks, reason)


ANTHROPIC = Book(
    name="Anthropic",
    model="anthropic/claude-sonnet-4-5",
    rules=_RULES,
    error=_error,
    say=_say,
    proof=lambda thought: sign(SIGNER, thought),
    # https://docs.claude.com/en/docs/test-and-evaluate/strengthen-guardrails/handle-streaming-refusals
    withheld=_stream([], "refusal"),
)
