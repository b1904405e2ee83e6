"""Ollama's own API, whose server decodes requests into Go structs."""

from __future__ import annotations

import json
from typing import Any

from tests.model_steps import EOF, Raw, Step
from tests.models.rule_books.book import Body, Book, Rule, Said, halves


def _arguments(body: Body) -> str | None:
    for message in body["messages"]:
        for one in message.get("tool_calls") or ():
            arguments = one["function"]["arguments"]
            if not isinstance(arguments, dict):
                kind = "string" if isinstance(arguments, str) else "array"
                return (
                    f"json: cannot unmarshal {kind} into Go struct field ChatRequest.messages."
                    "tool_calls.function.arguments of type api.ToolCallFunctionArguments"
                )
    return None


def _content(body: Body) -> str | None:
    for message in body["messages"]:
        if not isinstance(message.get("content", ""), str | None):
            return (
                "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of "
                "type string"
            )
    return None


def _error(sentence: str, rule: Rule) -> dict[str, Any]:
    return {"error": sentence}


def _line(*, done: bool = False, reason: str | None = None, **message: Any) -> Raw:
    line: dict[str, Any] = {
        "model": "llama3.1",
        "created_at": "2026-11-25T09:00:00.000000Z",
        "message": {"role": "assistant", "content": "", **message},
        "done": done,
    }
    if reason is not None:
        line |= {"done_reason": reason, "prompt_eval_count": 7, "eval_count": 5}
    return Raw(json.dumps(line).encode() + b"\n")


def _say(said: Said) -> list[Step]:
    steps: list[Step] = [_line(thinking=piece) for piece in halves(said.thought)]
    steps += [_line(content=piece) for piece in halves(said.text)]
    for one in said.calls:
        try:
            arguments = json.loads(one.arguments)
        except ValueError:
            arguments = {}
        steps.append(
            _line(tool_calls=[{"function": {"name": one.name, "arguments": arguments or {}}}])
        )
    return [*steps, _line(done=True, reason=said.end), EOF]


OLLAMA = Book(
    name="Ollama",
    model="ollama_chat/llama3.1",
    rules=(
        Rule(
            name="arguments that are no object",
            source="https://github.com/aliasrobotics/cai/issues/76",
            found=_arguments,
        ),
        Rule(
            name="content of parts",
            source="https://github.com/ollama/ollama/issues/10255",
            found=_content,
        ),
    ),
    error=_error,
    say=_say,
    withheld=_say(Said(text="I cannot help with that.")),
    content_type="application/x-ndjson",
)
