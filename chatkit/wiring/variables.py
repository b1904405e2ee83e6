"""Environment variables as text, and the faults in them as one sentence each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

_T = TypeVar("_T")


class SettingsError(Exception):
    """A variable that cannot be used; `str(error)` is one sentence for the operator."""


class Variables:
    """Looks variables up, and turns the ValueError of a parser into a sentence with the name.

    A parser's ValueError completes the sentence "NAME …", and repeats no secret.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, *, strip: bool = True) -> str | None:
        """As it is, None where it is not set or blank."""
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
        """As `parse` reads it."""
        text = self.text(name, strip=strip)
        if text is None:
            return default
        try:
            return parse(text)
        except ValueError as error:
            raise SettingsError(f"{name} cannot be used: {error}.") from error

    def names(self, name: str) -> tuple[str, ...]:
        """A comma list without repetitions, in its order."""
        parts = (part.strip() for part in (self.text(name) or "").split(","))
        return tuple(dict.fromkeys(filter(None, parts)))

    def choice(self, name: str, choices: tuple[_T, ...], default: _T) -> _T:
        """One of some words, in any case of letters."""
        text = self.text(name)
        if text is None:
            return default
        for choice in choices:
            if choice == text.lower():
                return choice
        raise SettingsError(f"{name} must be one of {', '.join(map(str, choices))}, not {text!r}.")
