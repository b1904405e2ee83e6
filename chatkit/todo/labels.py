"""Formats the values of a task's fields as text for the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chatkit.protocol.errors import Sentence
from chatkit.words.say import Say

_LABELS: Final[Mapping[str, Sentence]] = {
    "none": Sentence("label.none"),
    "high": Sentence("label.high"),
    "medium": Sentence("label.medium"),
    "low": Sentence("label.low"),
    "work": Sentence("label.work"),
    "personal": Sentence("label.personal"),
    "study": Sentence("label.study"),
    "health": Sentence("label.health"),
    "finance": Sentence("label.finance"),
    "daily": Sentence("label.daily"),
    "weekly": Sentence("label.weekly"),
    "monthly": Sentence("label.monthly"),
}


def say_value(value: str, say: Say) -> str:
    """A priority, category or recurrence, or `none`, in the words of a line of text."""
    return _LABELS[value].in_words(say)


def capitalized(words: str) -> str:
    """The same as the beginning of a line."""
    return words[:1].upper() + words[1:]
