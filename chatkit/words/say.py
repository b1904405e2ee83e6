"""The type of a function that makes sentences from codes."""

from __future__ import annotations

from typing import Protocol


class Say(Protocol):
    """Returns the sentence of a code, in one language.

    Parameters replace the placeholders; `count` also selects the plural form. Raises KeyError for
    an unknown code.
    """

    def __call__(self, code: str, /, **params: str | int) -> str:
        """The sentence, ready to be shown."""
        ...
