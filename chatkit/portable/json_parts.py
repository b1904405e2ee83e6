"""Reads a large JSON document incrementally and returns its parts one by one.

If the root is an array, its entries are the parts. If the root is an object, the parts are the
entries of its arrays, and its other members. So only one part at a time is in memory as Python
values, whatever the size of the document.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import ijson

from chatkit.protocol.errors import BadRequest, Sentence
from chatkit.protocol.jsontext import MAX_DEPTH, clean_text

#: Most values in the whole document, with names and brackets. A million take two seconds of a
#: processor.
MAX_ALL_VALUES: Final = 3_000_000
#: Longest text, and longest space between two values, in bytes. The parser reads an unfinished
#: value anew with each piece of the file.
MAX_TEXT_BYTES: Final = 4 * 2**20
#: Most values in one part, including names; each takes about 100 bytes of memory.
MAX_VALUES: Final = 500_000

#: Raised by ijson for bytes that are not UTF-8, and for numbers with too many digits.
_NO_TEXT_OR_NUMBER: Final = (ValueError, SystemError)
_OPENING: Final = frozenset({"start_array", "start_map"})
_CLOSING: Final = frozenset({"end_array", "end_map"})


@dataclass(frozen=True, slots=True)
class Part:
    """`name` is the member of the root, or empty; `place` is the index in an array, from 0."""

    name: str
    place: int | None
    value: Any

    @property
    def path(self) -> str:
        """The part's path, as in `threads[3]`."""
        return self.name if self.place is None else f"{self.name}[{self.place}]"


class JsonParts:
    """Bytes in, parts out, for one document. Strings are cleaned by `clean_text`."""

    def __init__(self) -> None:
        self._events: list[tuple[str, Any]] = ijson.sendable_list()
        self._parser = ijson.basic_parse_coro(self._events)
        self._depth = 0
        self._name = ""
        self._list_depth: int | None = None  # the depth of the entries of the open array
        self._place = 0
        self._builder: ijson.ObjectBuilder | None = None
        self._builder_depth = 0
        self._values = 0
        self._all_values = 0
        self._unfinished = 0  # bytes since the last value

    def feed(self, piece: bytes) -> list[Part]:
        """Add bytes; return the parts that are now complete. Raises BadRequest `invalid_json`."""
        try:
            if piece:  # ijson takes an empty piece as the end
                self._parser.send(piece)
        except (ijson.JSONError, *_NO_TEXT_OR_NUMBER) as error:
            raise _not_json() from error
        self._unfinished = 0 if self._events else self._unfinished + len(piece)
        if self._unfinished > MAX_TEXT_BYTES:
            raise BadRequest(f"{self._path()}: holds a text of more than {MAX_TEXT_BYTES} bytes")
        return self._take_all()

    def close(self) -> None:
        """End the document. Raises BadRequest if it is incomplete."""
        try:
            self._parser.close()
        except ijson.JSONError as error:
            raise _not_json() from error
        self._take_all()

    def _take_all(self) -> list[Part]:
        parts: list[Part] = []
        self._all_values += len(self._events)
        if self._all_values > MAX_ALL_VALUES:
            raise BadRequest(f"{self._path()}: the file holds more than {MAX_ALL_VALUES} values")
        for event, value in self._events:
            self._take(event, value, parts)
        self._events.clear()
        return parts

    def _take(self, event: str, value: Any, parts: list[Part]) -> None:
        if self._builder is None and self._is_frame(event, value):
            return
        if self._builder is None:
            self._builder = ijson.ObjectBuilder()
            self._builder_depth = self._depth
            self._values = 0
        self._values += 1
        if self._values > MAX_VALUES:
            raise BadRequest(f"{self._path()}: holds more than {MAX_VALUES} values")
        self._builder.event(event, _plain(value))
        self._depth += (event in _OPENING) - (event in _CLOSING)
        if self._depth > MAX_DEPTH:
            raise BadRequest(Sentence("import.too_deep", count=MAX_DEPTH), code="invalid_json")
        if self._depth == self._builder_depth:
            in_list = self._list_depth is not None
            parts.append(Part(self._name, self._place if in_list else None, self._builder.value))
            self._builder = None
            self._place += in_list

    def _is_frame(self, event: str, value: Any) -> bool:
        """Whether an event belongs to the outer structure, not to a part."""
        if self._depth == 0:
            if event not in _OPENING:
                raise BadRequest(Sentence("import.no_list"))
            self._depth = 1
            self._list_depth = 1 if event == "start_array" else None
        elif event == "map_key":
            self._name = clean_text(value)
        elif event in _CLOSING:
            self._depth -= 1
            self._list_depth = None
        elif event == "start_array" and self._list_depth is None:
            self._depth = self._list_depth = 2
            self._place = 0
        else:
            return False
        return True

    def _path(self) -> str:
        place = None if self._list_depth is None else self._place
        return Part(self._name, place, None).path


def _plain(value: Any) -> Any:
    """Convert a value from ijson to the type that `json` returns."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Decimal):
        number = float(value)
        if not math.isfinite(number):
            raise _not_json()
        return number
    return value


def _not_json() -> BadRequest:
    return BadRequest(Sentence("import.not_json"), code="invalid_json")
