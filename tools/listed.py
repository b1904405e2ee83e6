"""The content of a list card, and how it is read back from the tree of a card.

So a card of any age can be drawn again with the current state of its tasks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Most rows of a list card; a last line counts the remaining tasks.
MAX_ROWS: Final = 50

_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The content of a list card: ids by row number from 1, and the number of tasks left out."""

    places: Mapping[int, str]
    more: int = 0


def read_listed(widget: Mapping[str, Any] | None) -> Listed | None:
    """Read the list from a list card, or from a form that was opened from one; else None.

    An imported card may hold anything: rows that no card of ours has are passed over.
    """
    places: dict[int, str] = {}
    more = 0
    match widget:
        case {"type": "ListView", "children": list(items)}:
            for item in items:
                match item:
                    case {"id": "more", "key": key}:
                        more = _count(key)
                    case {"id": str(name), "key": str(key)} if name.startswith("task-"):
                        places[_count(name.removeprefix("task-"))] = key
        case {
            "type": "Card",
            "cancel": {"action": {"payload": {"places": list(pairs), "more": left_out}}},
        }:
            more = _count(left_out)
            for pair in pairs:
                match pair:
                    case [place, str(key)]:
                        places[_count(place)] = key
    rows = {place: key for place, key in places.items() if 1 <= place <= MAX_ROWS}
    return Listed(places=rows, more=more) if rows else None


def _count(value: object) -> int:
    """A number in a card, as text or not; 0 for anything else."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if _NUMBER.fullmatch(text) else 0
