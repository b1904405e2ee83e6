"""The words that the tests read: English."""

from __future__ import annotations

from typing import Final

from chatkit.protocol.errors import Sentence
from chatkit.words.catalogue import ENGLISH, say_in
from chatkit.words.say import Say

SAY: Final[Say] = say_in(ENGLISH)


def worded(message: Sentence | str) -> str:
    """A message as a reader of English sees it."""
    return message if isinstance(message, str) else message.in_words(SAY)
