"""What a model gives back while it answers, one piece at a time, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from chatkit.models.pure.tools import ToolSpec

FaultKind = Literal[
    "timeout",  # no answer in time, or the stream went silent
    "rate_limited",  # 429 from the provider
    "unavailable",  # 5xx, refused or cut connection
    "credentials",  # the provider refused our key
    "too_long",  # the conversation is above the model's window
    "refused",  # the provider's own policy
    "empty",  # neither text nor calls
    "malformed",  # an unreadable answer, or one chunk repeated for ever
    "misconfigured",  # no such model, or parameters that it does not take
]


class ModelFault(Exception):
    """The model did not answer. The provider's words are in the chained cause, never shown."""

    def __init__(self, kind: FaultKind) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One call of the model. `messages` are in OpenAI's chat format, the system message first.

    Content may be a list of parts: `text`, `image_url` and `file`, the last two with data URLs.
    `tool_choice` names a tool that has to be called; one that is not among `tools` is passed over.
    `language` (BCP 47) is the user's, for a model whose sentences are ours.
    """

    model: str
    messages: list[dict[str, Any]]
    tools: tuple[ToolSpec, ...] = field(default=())
    tool_choice: str | None = None
    language: str = "en"


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
class Citation:
    """A web page that the answer rests on: an http or https URL and a title in one line.

    Both are the model's words and may repeat. `index` is where the cited passage ends in the text
    of this call, as the provider counted: characters (code points) with OpenAI and OpenRouter,
    bytes of UTF-8 with Gemini, and it may lie outside of the text. None: no place in it.
    """

    url: str
    title: str
    index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStep:
    """An image on its way: `data` is a whole picture of `mime_type`; `progress` 1.0 is the last."""

    data: bytes
    mime_type: str
    progress: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of the whole call, as the provider counted them."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """Why the model stopped: `stop`, `tool_calls`, `length`, `content_filter` or its own word."""

    reason: str


Delta = TextDelta | ReasoningDelta | ToolCallDelta | Citation | Usage | StreamEnd
