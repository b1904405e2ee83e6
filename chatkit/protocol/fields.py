"""Typed reads of the fields of a JSON object in a request. Errors name the path of the field."""

from __future__ import annotations

import re
from typing import Any, Final, cast

from chatkit.protocol.errors import BadRequest

#: Longest id that is accepted, in characters.
MAX_ID: Final = 255
_REQUIRED: Final = object()
_DIGITS: Final = re.compile(r"-?\d{1,9}", re.ASCII)


class Fields:
    """A JSON object at a path. Every read raises BadRequest if the field has the wrong type."""

    __slots__ = ("_path", "fields")

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            raise BadRequest(f"{path or 'the body'}: must be an object")
        self.fields: dict[str, Any] = value
        self._path = path

    def path(self, name: str) -> str:
        """The path of a field, as in `params.input.content[0].text`."""
        return f"{self._path}.{name}" if self._path else name

    def _get(self, name: str, default: object) -> Any:
        value = self.fields.get(name)
        if value is not None:
            return value
        if default is _REQUIRED:
            problem = "must not be null" if name in self.fields else "is required"
            raise BadRequest(f"{self.path(name)}: {problem}")
        return default

    def _typed(self, name: str, default: object, kind: type, words: str) -> Any:
        value = self._get(name, default)
        if value is not default and (
            not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        ):
            raise BadRequest(f"{self.path(name)}: must be {words}")
        return value

    def text(self, name: str) -> str:
        """A string."""
        return cast(str, self._typed(name, _REQUIRED, str, "a string"))

    def optional_text(self, name: str) -> str | None:
        """A string or None."""
        return cast("str | None", self._typed(name, None, str, "a string"))

    def id(self, name: str) -> str:
        """A string of the length of an id."""
        value = self.text(name)
        if not 0 < len(value) <= MAX_ID:
            raise BadRequest(f"{self.path(name)}: must be 1 to {MAX_ID} characters")
        return value

    def optional_id(self, name: str) -> str | None:
        """A string of the length of an id, or None."""
        return None if self.fields.get(name) is None else self.id(name)

    def flag(self, name: str) -> bool:
        """A boolean, False by default."""
        return cast(bool, self._typed(name, False, bool, "true or false"))

    def optional_integer(self, name: str, *, in_text: bool = False) -> int | None:
        """A whole number or None. With `in_text`, also a text of digits."""
        value = self.fields.get(name)
        if in_text and isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        return cast("int | None", self._typed(name, None, int, "a whole number"))

    def integer(self, name: str) -> int:
        """A whole number."""
        return cast(int, self._typed(name, _REQUIRED, int, "a whole number"))

    def array(self, name: str, default: object = ...) -> list[Any]:
        """An array."""
        given = _REQUIRED if default is ... else default
        return cast("list[Any]", self._typed(name, given, list, "an array"))

    def objects(self, name: str) -> list[Fields]:
        """An array of objects."""
        return [
            Fields(entry, f"{self.path(name)}[{place}]")
            for place, entry in enumerate(self.array(name))
        ]

    def texts(self, name: str, default: object = ...) -> tuple[str, ...]:
        """An array of strings."""
        entries = self.array(name, default)
        for place, entry in enumerate(entries):
            if not isinstance(entry, str):
                raise BadRequest(f"{self.path(name)}[{place}]: must be a string")
        return tuple(entries)

    def ids(self, name: str, default: object = ...) -> tuple[str, ...]:
        """An array of ids."""
        entries = self.texts(name, default)
        for place, entry in enumerate(entries):
            if not 0 < len(entry) <= MAX_ID:
                raise BadRequest(f"{self.path(name)}[{place}]: must be 1 to {MAX_ID} characters")
        return entries

    def choice(self, name: str, *allowed: str) -> str:
        """One of the `allowed` strings; the first one if the field is absent."""
        value = self.optional_text(name)
        if value is None:
            return allowed[0]
        if value not in allowed:
            raise BadRequest(f"{self.path(name)}: must be {' or '.join(allowed)}")
        return value

    def object(self, name: str, default: object = ...) -> Fields:
        """An object."""
        value = self._get(name, _REQUIRED if default is ... else default)
        return Fields(value, self.path(name))
