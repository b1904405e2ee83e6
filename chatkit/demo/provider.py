"""The demo model as a LiteLLM provider: `demo/tasks`. Nothing is registered before `register()`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import litellm
from litellm.llms.custom_llm import CustomLLM
from litellm.types.utils import Delta, ModelResponse, ModelResponseStream, StreamingChoices

from chatkit.demo.conversation import Calls, Text, answer
from chatkit.demo.transcript import read_text

PROVIDER: Final = "demo"
MODEL: Final = "demo/tasks"
#: It reads whatever a thread holds; the server takes half of this and bounds it.
_WINDOW: Final = 1_000_000


class TasksModel(CustomLLM):
    """Answers as a model would: words that stream, or tool calls, all of a round together."""

    async def astreaming(  # type: ignore[override]  # LiteLLM passes all by keyword, and more
        self, *, messages: list[Any], optional_params: Mapping[str, Any], **_: Any
    ) -> AsyncIterator[ModelResponseStream]:
        """The answer in pieces; the last one holds the reason and a rough count of words."""
        step = _step(messages, optional_params)
        if isinstance(step, Calls):
            for place, call in enumerate(_tool_calls(step, messages)):
                yield _chunk({"role": "assistant", "tool_calls": [{**call, "index": place}]})
        else:
            for piece in split_pieces(step.text):
                yield _chunk({"role": "assistant", "content": piece})
        yield _chunk({}, finish_reason=_reason(step), usage=_usage(messages, step))

    async def acompletion(  # type: ignore[override]  # LiteLLM passes all by keyword, and more
        self, *, model: str, messages: list[Any], optional_params: Mapping[str, Any], **_: Any
    ) -> ModelResponse:
        """The answer in one piece."""
        step = _step(messages, optional_params)
        message: dict[str, Any] = {"role": "assistant", "content": None}
        if isinstance(step, Calls):
            message["tool_calls"] = _tool_calls(step, messages)
        else:
            message["content"] = step.text
        choice = {"index": 0, "message": message, "finish_reason": _reason(step)}
        return ModelResponse(model=model, choices=[choice], usage=_usage(messages, step))


def register() -> None:
    """Make `demo/…` known to LiteLLM, with its window. Calling it again changes nothing."""
    litellm.model_cost[MODEL] = {"litellm_provider": PROVIDER, "max_input_tokens": _WINDOW}
    if all(item["provider"] != PROVIDER for item in litellm.custom_provider_map):
        litellm.custom_provider_map.append({"provider": PROVIDER, "custom_handler": TasksModel()})


def split_pieces(text: str) -> Iterator[str]:
    """A text in pieces of about a word, never two equal ones in a row.

    LiteLLM takes a hundred equal chunks in a row for a model that has lost itself.
    """
    last = held = ""
    for word in re.findall(r"\s*\S+\s*", text):
        held += word
        if held != last:
            yield held
            last, held = held, ""
    if held:
        yield held


def _step(messages: list[Any], optional_params: Mapping[str, Any]) -> Calls | Text:
    tools, choice = optional_params.get("tools"), optional_params.get("tool_choice")
    chosen = next(_tool_names([choice]), None)
    return answer(messages, _tool_names(tools), datetime.now(UTC).date(), chosen)


def _tool_names(tools: object) -> Iterator[str]:
    for tool in tools if isinstance(tools, list) else ():
        function = tool.get("function") if isinstance(tool, Mapping) else None
        if isinstance(function, Mapping) and isinstance(function.get("name"), str):
            yield function["name"]


def _tool_calls(step: Calls, messages: list[Any]) -> list[dict[str, Any]]:
    """The calls on the wire. An id tells the place of its call in this very conversation."""
    seen = json.dumps(messages, default=str, sort_keys=True).encode("utf-8", "replace")
    digest = hashlib.sha256(seen).hexdigest()[:12]
    return [
        {
            "id": f"call_{digest}_{len(messages)}_{place}",
            "type": "function",
            "function": {
                "name": call.name,
                "arguments": json.dumps(dict(call.arguments), ensure_ascii=False),
            },
        }
        for place, call in enumerate(step.calls)
    ]


def _reason(step: Calls | Text) -> str:
    return "tool_calls" if isinstance(step, Calls) else "stop"


def _usage(messages: list[Any], step: Calls | Text) -> dict[str, int]:
    """Words, near enough to tokens for a model that costs nothing."""
    contents = [read_text(m.get("content")) for m in messages if isinstance(m, Mapping)]
    read = sum(len(content.split()) for content in contents)
    said = step.text if isinstance(step, Text) else " ".join(str(call) for call in step.calls)
    written = len(said.split())
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    }


def _chunk(
    delta: dict[str, Any], finish_reason: str | None = None, usage: dict[str, int] | None = None
) -> ModelResponseStream:
    choice = StreamingChoices(index=0, delta=Delta(**delta), finish_reason=finish_reason)
    return ModelResponseStream(choices=[choice], usage=usage)
