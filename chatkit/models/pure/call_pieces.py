"""Assembles the tool calls of one model answer from their pieces."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from chatkit.models.pure.deltas import ModelFault, ToolCallDelta
from chatkit.protocol.calls import ToolCall
from chatkit.protocol.ids import NewId

#: Most calls in one model answer; an answer with more is malformed.
MAX_CALLS: Final = 32
#: Longest arguments of one call, in characters.
MAX_ARGUMENTS: Final = 200_000

_decode: Final = json.JSONDecoder().raw_decode


@dataclass(slots=True)
class GrowingCall:
    """The pieces of one call so far."""

    call_id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    size: int = 0
    extra: dict[str, Any] | None = None


class CallPieces:
    """The unfinished calls of an answer, by the index that the model assigns."""

    def __init__(self) -> None:
        self._calls: dict[int, GrowingCall] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, delta: ToolCallDelta) -> GrowingCall:
        """Add a piece and return its call. Raises ModelFault `malformed` above the limits."""
        call = self._calls.setdefault(delta.index, GrowingCall())
        call.call_id = call.call_id or delta.call_id or ""
        call.name = call.name or delta.name or ""
        if delta.extra is not None:
            call.extra = (call.extra or {}) | delta.extra
        call.pieces.append(delta.arguments)
        call.size += len(delta.arguments)
        if len(self._calls) > MAX_CALLS or call.size > MAX_ARGUMENTS:
            raise ModelFault("malformed")
        return call

    def take(self, new_id: NewId) -> list[tuple[int, ToolCall]]:
        """Return all calls with their indexes, in order, and clear the list."""
        taken: set[str] = set()
        calls = []
        for index in sorted(self._calls):
            call = self._calls[index]
            call_id = call.call_id
            if not call_id or call_id in taken:  # some providers omit or repeat it
                call_id = new_id("tc")
            taken.add(call_id)
            whole = ToolCall(
                call_id=call_id,
                name=call.name,
                arguments=mend_pieces("".join(call.pieces)),
                extra=call.extra,
            )
            calls.append((index, whole))
        self._calls = {}
        return calls

    def drop(self) -> None:
        """Discard all calls."""
        self._calls = {}


def mend_pieces(text: str) -> str:
    """The arguments that the pieces of a call make, where they came twice or in a string.

    Some servers send `{}` or the whole object before the pieces, or again after them, some put the
    object into a JSON string, and some send `null` for no arguments. Any other text stays as it is.
    """
    try:
        values, position = [], 0
        while position < len(text):
            value, position = _decode(text, position)
            values.append(value)
            while text[position : position + 1].isspace():
                position += 1
        if not values or (len(values) == 1 and isinstance(values[0], dict)):
            return text
        values = [json.loads(value) if isinstance(value, str) else value for value in values]
    except (ValueError, RecursionError):
        return text
    objects = [value or {} for value in values if isinstance(value, dict) or value is None]
    filled = [value for value in objects if value]
    if len(objects) < len(values) or any(value != filled[0] for value in filled):
        return text
    return json.dumps(filled[0] if filled else {}, ensure_ascii=False)
