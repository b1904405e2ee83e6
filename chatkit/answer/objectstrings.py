"""Incremental parser for the strings of a JSON object that is still being received."""

from __future__ import annotations

import json
from typing import Final, Literal

from chatkit.protocol.jsontext import clean_text

#: Longest name of a member that is told apart from others, in characters.
_MAX_NAME: Final = 200

_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}

_State = Literal[
    "between", "name", "colon", "value", "string", "escape", "hex", "plain", "nested", "quoted"
]


class ObjectStrings:
    """Decodes the top-level string values of one object, piece by piece.

    It does not validate: check the complete text with a JSON parser. Half of a surrogate pair
    waits for the other half; without it, it becomes U+FFFD.
    """

    def __init__(self) -> None:
        self._state: _State = "between"
        self._name = ""
        self._digits = ""
        self._high = ""
        self._depth = 0
        self._skip = False  # whether the next character is escaped, in a name or a nested string

    def feed(self, text: str) -> list[tuple[str, str]]:
        """Parse the next piece; return (member name, new part of its string) pairs."""
        found: list[tuple[str, str]] = []
        piece: list[str] = []
        for char in text:
            before = self._state
            decoded = self._step(char)
            if decoded:
                piece.append(decoded)
            if before == "string" and self._state == "between" and piece:
                found.append((self._name, "".join(piece)))
                piece = []
        if piece:
            found.append((self._name, "".join(piece)))
        return found

    def _step(self, char: str) -> str:
        """Process one character; return the text that it adds to the current string."""
        match self._state:
            case "string":
                return self._in_string(char)
            case "escape":
                return self._escaped(char)
            case "hex":
                return self._digit(char)
            case "between" if char == '"':
                self._state, self._name = "name", ""
            case "name" | "quoted":
                self._in_quotes(char)
            case "colon" if char == ":":
                self._state = "value"
            case "value" if not char.isspace():
                self._depth = 1 if char in "{[" else 0
                self._state = "string" if char == '"' else "nested" if self._depth else "plain"
            case "plain" if char in ",}":
                self._state = "between"
            case "nested":
                self._in_nested(char)
        return ""

    def _in_string(self, char: str) -> str:
        if char == "\\":
            self._state = "escape"
            return ""
        if char == '"':
            self._state = "between"
            return self._released()
        return self._released() + char

    def _escaped(self, char: str) -> str:
        if char == "u":
            self._state, self._digits = "hex", ""
            return ""
        self._state = "string"
        return self._released() + _ESCAPES.get(char, char)

    def _digit(self, char: str) -> str:
        self._digits += char
        if len(self._digits) < 4:
            return ""
        self._state = "string"
        try:
            unit = chr(int(self._digits, 16))
        except ValueError:
            return self._released() + "\ufffd"
        if "\ud800" <= unit <= "\udbff":
            waited, self._high = self._released(), unit
            return waited
        if "\udc00" <= unit <= "\udfff":
            high, self._high = self._high, ""
            pair = (high + unit).encode("utf-16", "surrogatepass")
            return pair.decode("utf-16", "replace")
        return self._released() + ("" if unit == "\0" else unit)

    def _released(self) -> str:
        """Return U+FFFD if half of a surrogate pair is waiting, and drop it."""
        high, self._high = self._high, ""
        return "\ufffd" if high else ""

    def _in_quotes(self, char: str) -> None:
        if self._skip:
            self._skip = False
        elif char == "\\":
            self._skip = True
        elif char == '"':
            if self._state == "name":
                self._state, self._name = "colon", _decoded(self._name)
            else:
                self._state = "nested"
            return
        if self._state == "name" and len(self._name) < _MAX_NAME:
            self._name += char

    def _in_nested(self, char: str) -> None:
        if char == '"':
            self._state = "quoted"
        elif char in "{[":
            self._depth += 1
        elif char in "}]":
            self._depth -= 1
            if self._depth == 0:
                self._state = "between"


def _decoded(name: str) -> str:
    """A member's name with its escapes decoded; unchanged if they are not valid JSON."""
    if "\\" not in name:
        return name
    try:
        return clean_text(json.loads(f'"{name}"', strict=False))
    except ValueError:
        return name
