"""The words that the tests read: English, and catalogues of their own."""

from __future__ import annotations

from typing import Final

import pytest

from chatkit.protocol.errors import Sentence
from chatkit.words import catalogue
from chatkit.words.catalogue import ENGLISH, Catalogue, say_in
from chatkit.words.say import Say

SAY: Final[Say] = say_in(ENGLISH)


def worded(message: Sentence | str) -> str:
    """A message as a reader of English sees it."""
    return message if isinstance(message, str) else message.in_words(SAY)


def add_catalogue(monkeypatch: pytest.MonkeyPatch, added: Catalogue) -> None:
    """Add a language for the rest of the test."""
    say_in.cache_clear()  # another test may have added the same language
    monkeypatch.setitem(catalogue.CATALOGUES, added.language, added)
