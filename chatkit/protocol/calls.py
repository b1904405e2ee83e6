"""Values passed between a turn, the model and the tools."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from chatkit.protocol.attachments import Attachment, parse_attachment
from chatkit.protocol.jsontext import clean_value
from chatkit.protocol.rules import require

#: Longest tool name that every provider accepts, in characters.
MAX_TOOL_NAME: Final = 64
_TOOL_NAME: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_TOOL_NAME}}}")
_NOT_IN_TOOL_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")


def is_tool_name(text: str) -> bool:
    """Whether every provider accepts the tool name."""
    return _TOOL_NAME.fullmatch(text) is not None


def as_tool_name(text: str) -> str:
    """Make a tool name of a text: cut it, and replace invalid characters by `_`. May be empty."""
    return _NOT_IN_TOOL_NAMES.sub("_", text)[:MAX_TOOL_NAME]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call by the model. `arguments` is the JSON text exactly as the model wrote it.

    `extra` holds fields that go back to the provider with the call.
    """

    call_id: str
    name: str
    arguments: str
    extra: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A notification for the page, sent as a `client_effect` event."""

    name: str
    data: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(bool(self.name.strip()), "an effect has a name")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOffer:
    """A tool's offer to show the card `name`, with the data to draw it.

    `ends_turn`: the turn ends with the card, since the user must answer it first.
    """

    name: str
    data: dict[str, Any] = field(default_factory=dict)
    ends_turn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page or file that a tool's result refers to."""

    title: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """An image or audio that a tool returned. `mime_type` is that of its bytes."""

    mime_type: str
    data: bytes = field(repr=False)
    is_image: bool

    @property
    def name(self) -> str:
        """A name for the file, by its type."""
        kind, _, form = self.mime_type.partition("/")
        return f"{kind}.{form}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elicitation:
    """A question of a tool server to the user, in the middle of a call.

    The answer is an object of `schema` (JSON Schema, as the server wrote it), or that the user has
    opened `url`. `state` is what the tools need to go on with the call.
    """

    server: str
    message: str
    schema: dict[str, Any] = field(default_factory=dict)
    url: str | None = None
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElicitationReply:
    """The user's answer to `asked`. `content` is the object that was asked for, if accepted."""

    action: Literal["accept", "decline", "cancel"]
    asked: Elicitation
    content: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """The result of a call. `output` is text for the model. A tool's failure is a result too.

    `mentions`: the tasks in the result, each as (id, title). `links`: pages and files. `made`:
    images and audio; once they are stored, they are in `files` instead. `asked`: the call has no
    result yet, since its server asks the user first.
    """

    call_id: str
    output: str
    failed: bool = False
    effects: tuple[Effect, ...] = ()
    cards: tuple[CardOffer, ...] = ()
    mentions: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    made: tuple[MadeFile, ...] = ()
    files: tuple[Attachment, ...] = ()
    asked: Elicitation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One tool call and its result. `call_id` is the provider's and is sent only to it.

    `extra` holds fields of the call that go back to the provider, such as a thought signature.
    `images` are those of the result, for models that see.
    """

    call_id: str
    name: str
    arguments: str
    output: str
    failed: bool = False
    extra: dict[str, Any] | None = None
    images: tuple[Attachment, ...] = ()

    @classmethod
    def of(cls, call: ToolCall, result: ToolResult) -> CallRecord:
        """Combine a call and its result."""
        return cls(
            call_id=call.call_id,
            name=call.name,
            arguments=call.arguments,
            output=result.output,
            failed=result.failed,
            extra=call.extra,
            images=tuple(file for file in result.files if file.is_image),
        )

    def to_wire(self) -> dict[str, Any]:
        """The record as stored."""
        wire: dict[str, Any] = {
            "call_id": self.call_id,
            "name": self.name,
            "arguments": self.arguments,
            "output": self.output,
            "failed": self.failed,
        }
        if self.images:
            wire["images"] = [image.to_wire() for image in self.images]
        return wire if self.extra is None else {**wire, "extra": self.extra}

    @classmethod
    def parse(cls, wire: dict[str, Any]) -> CallRecord:
        """Parse what `to_wire` wrote."""
        images = tuple(map(parse_attachment, wire.get("images", ())))
        return cls(**{**wire, "images": images})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """The reasoning before a round of tool calls, which some providers want back with the calls.

    `model` is the model that wrote it; no other model receives it. `parts` are (field of the
    message, JSON value) pairs in the provider's own form.
    """

    model: str
    parts: tuple[tuple[str, Any], ...]

    def to_wire(self) -> dict[str, Any]:
        """The reasoning as stored."""
        return {"model": self.model, "parts": [list(part) for part in self.parts]}

    @classmethod
    def parse(cls, wire: dict[str, Any]) -> Reasoning:
        """Parse what `to_wire` wrote."""
        return cls(model=wire["model"], parts=tuple((form, value) for form, value in wire["parts"]))


class BadArguments(Exception):
    """The arguments of a model's call are unusable. `str(error)` is a sentence for the model."""


def read_arguments(text: str) -> dict[str, Any]:
    """Parse the arguments of a call. Empty text means no arguments. Raises BadArguments."""
    try:
        arguments: Any = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise BadArguments("The arguments are not valid JSON. Send one JSON object.") from error
    if not isinstance(arguments, dict):
        raise BadArguments("The arguments are not a JSON object. Send one JSON object.")
    return cast("dict[str, Any]", clean_value(arguments))
