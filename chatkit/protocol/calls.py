"""What passes between a turn, the model and the tools, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. Bound by the server for each call and never a parameter that a model can name.

    `thread_id` and `turn_id` are None outside a conversation; `alone` says that the model calls
    this tool just once in this round. `language` is a BCP 47 tag, `time_zone` an IANA name.
    """

    user_id: str
    thread_id: str | None = None
    turn_id: str | None = None
    alone: bool = True
    language: str = "en"
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool as the model is told of it; `parameters` is a JSON Schema of type object."""

    name: str
    description: str
    parameters: dict[str, Any]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a call gave: `output` is text for the model. A tool's own failure is a result too."""

    call_id: str
    output: str
    failed: bool = False
    effects: tuple[Effect, ...] = ()
