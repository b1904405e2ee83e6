"""The one way to put a code into words."""

from __future__ import annotations

from typing import Protocol


class Say(Protocol):
    """Gives the sentence of a code, in one language.

    Parameters fill the `{names}` in it; `count` also chooses between singular and plural. A code
    that no catalogue has raises KeyError.
    """

    def __call__(self, code: str, /, **params: str | int) -> str:
        """The sentence, ready to be shown."""
        ...
