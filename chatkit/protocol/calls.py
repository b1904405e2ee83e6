"""What passes between a turn, the model and the tools, as plain values."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final, cast

from chatkit.protocol.jsontext import clean_value
from chatkit.protocol.rules import require

#: The longest name of a tool that every provider takes, in characters.
MAX_TOOL_NAME: Final = 64
_TOOL_NAME: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_TOOL_NAME}}}")
_NOT_IN_TOOL_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")


def is_tool_name(text: str) -> bool:
    """Whether every provider takes it as the name of a tool."""
    return _TOOL_NAME.fullmatch(text) is not None


def as_tool_name(text: str) -> str:
    """The text as a tool's name: `_` for other characters, and cut. Empty for an empty text."""
    return _NOT_IN_TOOL_NAMES.sub("_", text)[:MAX_TOOL_NAME]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call by the model. `arguments` is the JSON text exactly as the model wrote it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something the page is told about, as a `client_effect` event."""

    name: str
    data: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(bool(self.name.strip()), "an effect has a name")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOffer:
    """A tool's wish to show a card of the name, with what it takes to draw it."""

    name: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Something that a tool's result links to: a page, or a file."""

    title: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a call gave: `output` is text for the model. A tool's own failure is a result too.

    `mentions` are the tasks in it, each an id and a title; `links` what it refers to.
    """

    call_id: str
    output: str
    failed: bool = False
    effects: tuple[Effect, ...] = ()
    cards: tuple[CardOffer, ...] = ()
    mentions: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()


class BadArguments(Exception):
    """A model's call that cannot be made as it stands; `str(error)` is a sentence for the model."""


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments that a model wrote; models write nothing where there are none.

    Raises BadArguments.
    """
    try:
        arguments: Any = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise BadArguments("The arguments are not valid JSON. Send one JSON object.") from error
    if not isinstance(arguments, dict):
        raise BadArguments("The arguments are not a JSON object. Send one JSON object.")
    return cast("dict[str, Any]", clean_value(arguments))
