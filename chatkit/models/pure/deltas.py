"""Values of the model port: the request, the deltas of the answer, and the faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from chatkit.models.pure.tools import ToolSpec

FaultKind = Literal[
    "timeout",  # no answer in time, or the stream went silent
    "rate_limited",  # 429 from the provider
    "overloaded",  # the provider has no capacity at the moment
    "unavailable",  # 5xx, connection refused or lost
    "credentials",  # the provider rejected our key
    "quota",  # the account has no credit or quota left
    "too_long",  # the conversation exceeds the model's context window
    "refused",  # blocked by the provider's policy
    "bad_call",  # the provider could not parse a tool call of its own model
    "empty",  # neither text nor tool calls
    "malformed",  # an unreadable answer, or one chunk repeated without end
    "unknown_model",  # the provider does not have it, or no longer
    "misconfigured",  # parameters that the model does not support, or a wrong address
]


class ModelFault(Exception):
    """The model call failed. The provider's message is only in the chained cause, never shown.

    `message` is the provider's own sentence, with keys and quotations of the request in it: for
    `masking`, never for the log as it is.
    """

    def __init__(self, kind: FaultKind, message: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One call of the model. `messages` are in OpenAI's chat format, the system message first.

    Content may be a list of parts: `text`, `image_url` and `file`, the last two with data URLs.
    `tool_choice` is the name of a tool that must be called; ignored if it is not in `tools`.
    `language` is the user's, a BCP 47 tag; the built-in model answers in it.
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
    """A piece of the model's reasoning, never empty.

    `returned`: it came in the field `reasoning_content`, and its provider may want it back.
    """

    text: str
    returned: bool = field(default=False, compare=False)


ReasoningForm = Literal["reasoning_content", "reasoning_details", "thinking_blocks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningPart:
    """Reasoning as its provider wants it back, complete and with its signature. Not shown.

    `form` is the field of the assistant message: `reasoning_content`, a text (DeepSeek and others:
    `value` is that text); `reasoning_details` (OpenRouter) or `thinking_blocks` (Anthropic, as
    LiteLLM passes them on), lists: `value` is one entry.
    """

    form: ReasoningForm
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallDelta:
    """A piece of a tool call. Pieces with the same `index` belong to one call.

    Its arguments are the `arguments` of all pieces, joined. `extra` holds fields of the call that
    go back to the provider as they are, beside `id` and `function`, such as Gemini's thought
    signature: `{"provider_specific_fields": {"thought_signature": "…"}}`.
    """

    index: int
    call_id: str | None = None
    name: str | None = None
    arguments: str = ""
    extra: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A web page that the answer cites: an http or https URL and a title in one line.

    Both come from the model and may repeat. `index` is the end of the cited passage in the text of
    this call, in the provider's unit: characters (code points) for OpenAI and OpenRouter, UTF-8
    bytes for Gemini. It may be outside of the text. None: no position.
    """

    url: str
    title: str
    index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStep:
    """A preview or the final image, complete bytes of `mime_type`. `progress` 1.0 is the final."""

    data: bytes
    mime_type: str
    progress: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of the whole call, as counted by the provider."""

    input_tokens: int
    output_tokens: int

    def __add__(self, other: Usage) -> Usage:
        """The tokens of both calls."""
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """Why the model stopped: `stop`, `tool_calls`, `length`, `content_filter` or another reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class AnsweredBy:
    """The model that answers instead of the requested one. Comes before all other deltas."""

    model: str


@dataclass(frozen=True, slots=True)
class Lacks:
    """The model lacks an ability and answers without it. Comes before the answer.

    `new`: this has turned out just now.
    """

    ability: Literal["tools", "images"]
    new: bool = True


Delta = (
    TextDelta
    | ReasoningDelta
    | ReasoningPart
    | ToolCallDelta
    | Citation
    | Usage
    | StreamEnd
    | AnsweredBy
    | Lacks
)
