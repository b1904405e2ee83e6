"""Puts reasoning together that goes back to its provider, from the pieces of a stream.

- `reasoning_content`: DeepSeek and its kin want the text back with the calls that it led to.
- `reasoning_details`: OpenRouter, "Preserving reasoning blocks". Pieces with one type and index are
  one entry: their texts are joined, the other fields are those of the last piece that has them.
- `thinking_blocks`: Anthropic, as LiteLLM passes them on: pieces of text, then a piece with the
  signature, which ends the block. A redacted block comes whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from chatkit.models.pure.deltas import ReasoningPart
from chatkit.protocol.jsontext import clean_value

#: Fields whose pieces are joined.
_TEXTS: Final = frozenset({"text", "summary", "data", "thinking"})


class ReturnedReasoning:
    """Pieces in, whole parts out at the end of the answer."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._details: dict[tuple[str, str], dict[str, Any]] = {}
        self._blocks: list[dict[str, Any]] = []

    def add_text(self, text: str) -> None:
        """A piece of `reasoning_content`."""
        self._text.append(text)

    def add(self, piece: ReasoningPart) -> None:
        """A piece of an entry."""
        entry = clean_value(piece.value)
        if not isinstance(entry, dict):
            return
        if piece.form == "reasoning_details":
            key = str(entry.get("type")), str(entry.get("index", entry.get("id")))
            _grow(self._details.setdefault(key, {}), entry)
            return
        entry.pop("index", None)  # LiteLLM's own mark in a stream, no field of a block
        if self._blocks and not _is_whole(self._blocks[-1]) and not _is_whole(entry, alone=True):
            _grow(self._blocks[-1], entry)
        else:
            self._blocks.append(dict(entry))

    def take(self) -> list[ReasoningPart]:
        """All parts. An unsigned block is left out: its provider would refuse it."""
        parts = [ReasoningPart(form="reasoning_details", value=e) for e in self._details.values()]
        parts += [
            ReasoningPart(form="thinking_blocks", value=block)
            for block in self._blocks
            if _is_whole(block)
        ]
        if self._text and not parts:
            parts.append(ReasoningPart(form="reasoning_content", value="".join(self._text)))
        self._text, self._details, self._blocks = [], {}, []
        return parts


def _is_whole(block: Mapping[str, Any], *, alone: bool = False) -> bool:
    """Whether a block is complete. `alone`: whether one piece is a block of its own."""
    if block.get("type") == "redacted_thinking":
        return bool(block.get("data"))
    return bool(block.get("signature")) and (not alone or bool(block.get("thinking")))


def _grow(entry: dict[str, Any], piece: Mapping[str, Any]) -> None:
    for name, value in piece.items():
        if name in _TEXTS and isinstance(value, str) and isinstance(entry.get(name), str):
            entry[name] += value
        elif value is not None and (value or name not in entry):
            entry[name] = value
