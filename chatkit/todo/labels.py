"""Labels for the values of a task's fields."""

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
    """The label of a priority, category, recurrence or `none`, as used inside a sentence."""
    return _LABELS[value].in_words(say)


def capitalized(words: str) -> str:
    """`words` with a capital first letter, for the beginning of a line."""
    return words[:1].upper() + words[1:]
