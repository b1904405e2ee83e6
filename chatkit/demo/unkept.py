"""Words -> what of a request no task can hold: times of day, and other recurrences than three."""

from __future__ import annotations

import re
from typing import Final

from chatkit.demo.dates import WEEKDAY
from chatkit.demo.values import Unkept

_COUNT = r"(?:\d+|two|three|four|five|six|seven|ten|a few|few|(?:a )?couple of|other|second|third)"
_UNIT = r"(?:minutes?|hours?|days?|weeks?|months?|years?|mornings?|evenings?|quarters?)"
_RECURRENCE: Final = re.compile(
    rf"\b(?:every|each)\s+{_COUNT}\s+(?:{_UNIT}|(?:{WEEKDAY})s?)\b"
    r"|\b(?:(?:every|each|on|only on)\s+)?(?:week-?days?|work(?:ing)?[ -]?days?|business days?"
    r"|weekends)\b"
    r"|\b(?:every|each)\s+(?:year|quarter|hour|minute|weekend|spring|summer|autumn|fall|winter)\b"
    rf"|\b(?:(?:every|each|on)\s+)?(?:{WEEKDAY})s?(?:(?:\s*(?:,|&)\s*|\s+(?:and|or)\s+)(?:and\s+)?"
    rf"(?:{WEEKDAY})s?)+\b"
    r"|\b(?:bi-?weekly|fortnightly|bi-?monthly|yearly|annually|hourly|quarterly)\b"
    r"|\b(?:twice|(?:\d+|three|four|five) times)\s+(?:a|per|each|every)\s+"
    r"(?:day|week|month|year)\b|\bonce\s+(?:a|per|an)\s+(?:year|quarter|hour)\b"
    rf"|\b(?:the\s+)?(?:first|second|third|last)\s+(?:{WEEKDAY}|day)\s+of\s+(?:the|every"
    rf"|each)\s+month\b",
    re.I,
)  # fmt: skip
_TIME: Final = re.compile(
    r"\b(?:(?:at|by|from|before|after|around)\s+)?\d{1,2}(?::\d{2})?\s*(?:am|pm|o'?clock)\b"
    r"|\b(?:at\s+)?\d{1,2}:\d{2}\b|\bat\s+\d{1,2}\b(?!\S*\d)|\bat\s+(?:noon|midnight"
    r"|lunch(?:time)?)\b"
    r"|\b(?:in the|every|each|this|tomorrow|tonight in the)\s+(?:morning|afternoon|evening)\b"
    r"|\b(?:at|every|each|tomorrow)\s+night\b|\btonight\b"
    r"|\bin\s+(?:\d+|an?|two|three|half an)\s+(?:minutes?|mins?|hours?)\b"
    rf"|(?<=\b)(?:{WEEKDAY})\s+(?P<part>morning|afternoon|evening|night)\b",
    re.I,
)
_REMINDER: Final = re.compile(r"\b(?:remind me|reminders?|notify me|alert me|alarms?)\b", re.I)


def find_unkept(text: str) -> tuple[Unkept, ...]:
    """What stays words; a kind is named once."""
    found: list[Unkept] = []
    if match := _RECURRENCE.search(text):
        found.append(Unkept("recurrence", match[0].strip()))
    if match := _TIME.search(text):
        found.append(Unkept("time", match[0].strip()))
    if _REMINDER.search(text):
        found.append(Unkept("reminder"))
    return tuple(found)


def without_unkept(text: str) -> str:
    """A text without those words."""
    return " ".join(_TIME.sub(" ", _RECURRENCE.sub(" ", text)).split())


def hide_recurrence(text: str) -> tuple[str, str]:
    """A text with a recurrence that no task holds taken out, so that no part of it is read as one
    that a task does hold; and those words."""
    match = _RECURRENCE.search(text)
    if match is None:
        return text, ""
    return f"{text[: match.start()]} {text[match.end() :]}", match[0].strip()
