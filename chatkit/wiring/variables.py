"""Parses environment variables; an error is one sentence for the operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

_T = TypeVar("_T")


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
