"""English: every sentence by its code. `{names}` are filled in; a code is `room.what_it_says`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, str | Mapping[str, str]]] = {
    # --- Answers that end early -------------------------------------------------------------------
    "answer.interrupted": (
        "The server is restarting and this answer was interrupted. Please try again."
    ),
}


def plural_category(count: int) -> str:
    """The CLDR plural category of a whole number in English."""
    return "one" if count == 1 else "other"
