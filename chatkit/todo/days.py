"""Dates as text for people."""

from __future__ import annotations

from datetime import date
from typing import Final

from chatkit.protocol.errors import Sentence
from chatkit.words.say import Say

_WEEKDAYS: Final = (
    Sentence("weekday.monday"),
    Sentence("weekday.tuesday"),
    Sentence("weekday.wednesday"),
    Sentence("weekday.thursday"),
    Sentence("weekday.friday"),
    Sentence("weekday.saturday"),
    Sentence("weekday.sunday"),
)
_MONTHS: Final = (
    Sentence("month.january"),
    Sentence("month.february"),
    Sentence("month.march"),
    Sentence("month.april"),
    Sentence("month.may"),
    Sentence("month.june"),
    Sentence("month.july"),
    Sentence("month.august"),
    Sentence("month.september"),
    Sentence("month.october"),
    Sentence("month.november"),
    Sentence("month.december"),
)


def say_day(day: date, today: date, say: Say) -> str:
    """The day as text: `today`, `tomorrow`, `Fri 27 Nov`; with the year if it is not this year."""
    match (day - today).days:
        case 0:
            return say("day.today")
        case 1:
            return say("day.tomorrow")
        case -1:
            return say("day.yesterday")
    weekday = _WEEKDAYS[day.weekday()].in_words(say)
    month = _MONTHS[day.month - 1].in_words(say)
    if day.year == today.year:
        return say("day.date", weekday=weekday, day=day.day, month=month)
    return say("day.date_of_year", weekday=weekday, day=day.day, month=month, year=day.year)
