"""Finds the parts of a request that a task cannot hold: times of day, other recurrences or days."""

from __future__ import annotations

import re
from typing import Final

from chatkit.demo.dates import WEEKDAY
from chatkit.demo.values import Unkept

_RECURRENCE: Final = (
    r"\b(?:every|each)\s+(?:\d+|two|three|four|few|other|second|third)\s+"
    rf"(?:day|week|month|year|hour|{WEEKDAY})s?\b"
    r"|\b(?:(?:every|each|on)\s+)?(?:week-?days?|working days?|weekends)\b"
    r"|\b(?:every|each)\s+(?:year|quarter|hour|weekend|morning|afternoon|evening|night)\b"
    rf"|\b(?:(?:every|each|on)\s+)?(?:{WEEKDAY})s?(?:(?:\s*[,&]\s*|\s+(?:and|or)\s+)(?:and\s+)?"
    rf"(?:{WEEKDAY})s?)+\b"
    r"|\b(?:bi-?weekly|fortnightly|yearly|annually|hourly|quarterly)\b"
    r"|\b(?:twice|\d+ times)\s+(?:a|per)\s+(?:day|week|month|year)\b"
)
_TIME: Final = (
    r"\b(?:(?:at|by|from|before|after|around)\s+)?\d{1,2}(?::\d{2})?\s*(?:am|pm|o'?clock)\b"
    r"|\b(?:at\s+)?\d{1,2}:\d{2}\b|\bat\s+\d{1,2}\b(?!\S*\d)|\bat\s+(?:noon|midnight|night)\b"
    r"|\b(?:in the|this|tomorrow)\s+(?:morning|afternoon|evening)\b|\btonight\b"
    r"|\bin\s+(?:\d+|an?|two|half an)\s+(?:minutes?|hours?)\b"
    rf"|\b(?:{WEEKDAY})\s+(?:morning|afternoon|evening|night)\b"
)
_DAY: Final = (
    r"\b(?:by|on|due|for|until|before|to)\s+(?:\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?"
    r"|the\s+\d{1,2}(?:st|nd|rd|th)(?=[\s.,!]*$))"
    r"|\b(?:(?:this|next|at the|on the)\s+)?weekend\b|\bnext\s+(?:month|year)\b"
    r"|\b(?:(?:by|at)\s+)?(?:the\s+)?end\s+of\s+(?:the\s+|this\s+)?(?:week|month|year)\b"
    r"|\bin\s+(?:\d+|a|two|three)\s+(?:months?|years?)\b"
)
_REMINDER: Final = r"\b(?:remind me|reminders?|alarms?)\b"


def find_unkept(text: str) -> tuple[Unkept, ...]:
    """The unsupported words, the first of each kind."""
    found: list[Unkept] = []
    if match := re.search(_RECURRENCE, text, re.I):
        found.append(Unkept("recurrence", match[0].strip()))
    if match := re.search(_TIME, text, re.I):
        found.append(Unkept("time", match[0].strip()))
    if match := re.search(_DAY, text, re.I):
        found.append(Unkept("day", match[0].strip()))
    if re.search(_REMINDER, text, re.I):
        found.append(Unkept("reminder"))
    return tuple(found)


def without_unkept(text: str) -> str:
    """A text without those words."""
    return " ".join(re.sub(f"{_RECURRENCE}|{_TIME}|{_DAY}", " ", text, flags=re.I).split())
