"""What a model gives back while it answers, one piece at a time, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from chatkit.protocol.calls import ToolSpec

FaultKind = Literal[
    "timeout",  # no answer in time, or the stream went silent
    "rate_limited",  # 429 from the provider
    "unavailable",  # 5xx, refused or cut connection
    "credentials",  # the provider refused our key
    "too_long",  # the conversation is above the model's window
    "refused",  # the provider's own policy
    "malformed",  # an empty or unreadable answer, or one chunk repeated for ever
    "misconfigured",  # no such model, or parameters that it does not take
]


class ModelFault(Exception):
    """The model did not answer. The provider's words are in the chained cause, never shown."""

    def __init__(self, kind: FaultKind) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One call of the model. `messages` are in OpenAI's chat format, the system message first."""

    model: str
    messages: list[dict[str, Any]]
    tools: tuple[ToolSpec, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A piece of the model's reasoning, never empty."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallDelta:
    """A piece of a tool call. Pieces with one `index` belong together; `arguments` are appended."""

    index: int
    call_id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of the whole call, as the provider counted them."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """Why the model stopped: `stop`, `tool_calls`, `length`, `content_filter` or its own word."""

    reason: str


Delta = TextDelta | ReasoningDelta | ToolCallDelta | Usage | StreamEnd
