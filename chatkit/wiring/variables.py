"""Parses environment variables; an error is one sentence for the operator."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

_T = TypeVar("_T")

_BYTES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_BYTES |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_SIZE = re.compile(r"([0-9]{1,15}) ?([A-Za-z]*)", re.ASCII)


class SettingsError(Exception):
    """An invalid variable; `str(error)` is one sentence for the operator."""


class Variables:
    """Looks up and parses variables. A ValueError of a parser becomes a SettingsError.

    The message of the ValueError completes "NAME cannot be used: …" and must not contain a secret.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, *, strip: bool = True) -> str | None:
        """The text of a variable; None if it is unset or blank."""
        text = self._environ.get(name, "")
        if not text.strip():
            return None
        text = text.strip() if strip else text
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise SettingsError(f"{name} is not UTF-8 text.")
        return text

    def value(
        self, name: str, parse: Callable[[str], _T], default: _T, *, strip: bool = True
    ) -> _T:
        """The value that `parse` returns; `default` if the variable is unset or blank."""
        text = self.text(name, strip=strip)
        if text is None:
            return default
        try:
            return parse(text)
        except ValueError as error:
            raise SettingsError(f"{name} cannot be used: {error}.") from error

    def names(self, name: str) -> tuple[str, ...]:
        """The entries of a comma-separated list in order, without duplicates."""
        parts = (part.strip() for part in (self.text(name) or "").split(","))
        return tuple(dict.fromkeys(filter(None, parts)))

    def choice(self, name: str, choices: tuple[_T, ...], default: _T) -> _T:
        """One of `choices`, case-insensitive; `default` if the variable is unset or blank."""
        text = self.text(name)
        if text is None:
            return default
        for choice in choices:
            if choice == text.lower():
                return choice
        raise SettingsError(f"{name} must be one of {', '.join(map(str, choices))}, not {text!r}.")


def parse_size(text: str) -> int:
    """A number of bytes, such as `1048576` or `1 MiB`. Raises ValueError."""
    match = _SIZE.fullmatch(text)
    unit = None if match is None else _BYTES.get(match[2].upper())
    if match is None or unit is None or int(match[1]) == 0:
        raise ValueError(f"{text!r} is no size, such as 1048576 or 1 MiB")
    return int(match[1]) * unit
