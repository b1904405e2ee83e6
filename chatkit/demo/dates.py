"""Reads days from English words. Days are in the future: `Friday` is the next one after today."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

WEEKDAY: Final = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_WEEKDAYS: Final = WEEKDAY.split("|")
_MONTH_NAMES: Final = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
)
_MONTHS: Final = [name[:3] for name in _MONTH_NAMES.split("|")]
_COUNTS: Final = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}

_MONTH = rf"(?P<month>{_MONTH_NAMES}|(?:{'|'.join(_MONTHS)}|sept)\b)"
_YEAR = r"(?:,?\s+(?P<year>\d{4}))?"
_LEAD = r"(?:\b(?:due(?:\s+(?:date|on|by))?|by|on|until|till|before|for|starting|to)\s*:?\s+)"
_NO_MORE = r"(?!['\u2019]s|[\w/-])"
_AT_END = r"(?=[.,;!?)\s]*(?:(?:at|in\s+the)\s+[\w:]+\s*)?$)"


@dataclass(frozen=True, slots=True)
class FoundDay:
    """A day named in a text, and the span of the words that named it."""

    day: date
    start: int
    end: int


def weekday_after(name: str, start: date) -> date:
    """The next such weekday after `start`."""
    ahead = (_WEEKDAYS.index(name.lower()) - start.weekday() - 1) % 7 + 1
    return start + timedelta(days=ahead)


def _weekday(match: re.Match[str], today: date) -> date:
    """`next Friday` is the Friday of the next week."""
    sunday = today + timedelta(days=6 - today.weekday())
    return weekday_after(match["name"], sunday if match["next"] else today)


def _ahead(match: re.Match[str], today: date) -> date:
    count = match["count"].lower()
    number = int(count) if count.isdecimal() else _COUNTS[count]
    return today + timedelta(days=number * (7 if match["unit"].lower() == "week" else 1))


def _in_month(match: re.Match[str], today: date) -> date:
    """Without a year: the next such day."""
    month, day = _MONTHS.index(match["month"][:3].lower()) + 1, int(match["day"])
    found = date(int(match["year"] or today.year), month, day)
    return found if match["year"] or found >= today else found.replace(year=today.year + 1)


#: Expressions that name a day wherever they stand.
_ANYWHERE: Final[tuple[tuple[str, Callable[[re.Match[str], date], date]], ...]] = (
    (r"(?P<iso>\d{4}-\d\d-\d\d)", lambda match, _: date.fromisoformat(match["iso"])),
    (rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s+{_MONTH}{_YEAR}", _in_month),
    (rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_YEAR}", _in_month),
    (r"(?:the\s+)?day\s+after\s+tomorrow", lambda _, today: today + timedelta(days=2)),
    (r"tomorrow", lambda _, today: today + timedelta(days=1)),
    (r"today", lambda _, today: today),
    (rf"in\s+(?P<count>\d{{1,4}}|{'|'.join(_COUNTS)})\s+(?P<unit>day|week)s?", _ahead),
    (r"next\s+week", lambda _, today: weekday_after("monday", today)),
    (rf"(?:(?P<next>next)|this)\s+(?P<name>{WEEKDAY})", _weekday),
)
#: A weekday may be part of a title. It counts as a date after a word such as "on", or at the end.
_NAME: Final = rf"(?P<next>(?!))?(?P<name>{WEEKDAY})"
_RULES: Final = (
    *((rf"{_LEAD}?(?<!\w){words}{_NO_MORE}", day) for words, day in _ANYWHERE),
    (rf"{_LEAD}{_NAME}{_NO_MORE}", _weekday),
    (rf"(?<![\w/]){_NAME}{_NO_MORE}{_AT_END}", _weekday),
)


def find_day(text: str, today: date) -> FoundDay | None:
    """The day that a text names, if any."""
    for pattern, resolve in _RULES:
        if match := re.search(pattern, text, re.I):
            try:
                return FoundDay(resolve(match, today), *match.span())
            except (ValueError, OverflowError):  # 31 February, or beyond the calendar
                continue
    return None
