"""Words -> spans of days: `next week`, `before Friday`, `on 5 December`, `two days`."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from itertools import islice
from typing import Final

from chatkit.demo.dates import COUNT, WEEKDAY, find_day, relative_day, weekday_after
from chatkit.demo.values import Span
from chatkit.todo.days import say_day
from chatkit.words.catalogue import ENGLISH, say_in

_DUE = (
    r"(?:\b(?:that\s+(?:are|is)|are|is|due|from|for|of|in|on|during|within)\s+){0,4}(?:\bthe\s+)?\b"
)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.I)


_DURATION = _pattern(rf"{COUNT}\s+(?P<unit>day|week)s?(?:\s+later)?")
_COUNTED = _pattern(
    rf"{_DUE}(?P<which>next|coming|last|past)\s+{COUNT}\s+(?P<unit>day|week|month)s?\b"
)
_LAST_WEEKDAY = _pattern(rf"{_DUE}(?:last|past)\s+(?P<day>{WEEKDAY})\b")
_PERIOD = _pattern(
    rf"{_DUE}(?P<which>last|previous|past|this|current|next|coming|following)\s+"
    r"(?P<unit>week(?:end)?|month|year)\b"
)
_NEAR = _pattern(rf"{_DUE}(?P<day>yesterday|today|tonight|tomorrow)\b")
_BOUND = _pattern(
    r"\b(?:(?:due|from|on or)\s+){0,2}(?P<bound>before|earlier than|after|later than|since|from"
    r"|between|starting|by|until|till)\s+(?:the\s+)?"
)
_NEAR_DAYS: Final = {"yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1}
_STEPS: Final = {"last": -1, "previous": -1, "past": -1, "this": 0, "current": 0}
_MOST_BOUNDS: Final = 3
_ONE: Final = timedelta(days=1)
#: A day to count from where only the distance is wanted.
_SOME_DAY: Final = date(2000, 1, 1)


def count_days(words: str) -> int | None:
    """`two days` -> 2; None for anything else."""
    match = _DURATION.fullmatch(words.strip())
    found = relative_day(match, _SOME_DAY) if match else None
    return None if found is None else (found - _SOME_DAY).days


def find_span(text: str, today: date) -> tuple[Span, str] | None:
    """The days that a text names, and the text without the words that name them."""
    for pattern, resolve in (
        (_COUNTED, _counted),
        (_LAST_WEEKDAY, _last_weekday),
        (_PERIOD, _period),
    ):
        if (match := pattern.search(text)) and (span := resolve(match, today)):
            return span, f"{text[: match.start()]} {text[match.end() :]}"
    for bound in islice(_BOUND.finditer(text), _MOST_BOUNDS):
        if found := _day_at_start(text[bound.end() :], today):
            day, rest = found
            return _bounded(bound["bound"].lower(), day, today), f"{text[: bound.start()]} {rest}"
    if match := _NEAR.search(text):
        day, rest = _near(match, today), f"{text[: match.start()]} {text[match.end() :]}"
    elif day_found := find_day(text, today):
        day, rest = day_found.day, f"{text[: day_found.start]} {text[day_found.end :]}"
    else:
        return None
    return _one_day(day, today), rest


def _near(match: re.Match[str], today: date) -> date:
    return today + _NEAR_DAYS[match["day"].lower()] * _ONE


def _day_at_start(text: str, today: date) -> tuple[date, str] | None:
    if near := _NEAR.match(text):
        return _near(near, today), text[near.end() :]
    led = f"on {text}"
    found = find_day(led, today)
    return (found.day, led[found.end :]) if found and found.start == 0 else None


def _one_day(day: date, today: date) -> Span:
    said = say_day(day, today, say_in(ENGLISH))
    return Span(first=day, last=day, name=said if said in _NEAR_DAYS else f"on {said}")


def _bounded(how: str, day: date, today: date) -> Span:
    said = say_day(day, today, say_in(ENGLISH))
    match how:
        case "before" | "earlier than":
            return Span(last=day - _ONE, name=f"before {said}")
        case "after" | "later than":
            return Span(first=day + _ONE, name=f"after {said}")
        case "since" | "from" | "between" | "starting":
            return Span(first=day, name=f"from {said} on")
        case _:
            return Span(last=day, name=f"by {said}")


def _last_weekday(match: re.Match[str], today: date) -> Span:
    return _one_day(weekday_after(match["day"], today - 8 * _ONE), today)


def _counted(match: re.Match[str], today: date) -> Span | None:
    other = relative_day(match, today)
    if other is None:
        return None
    which = match["which"].lower()
    name = f"in the {which} {match['n'].lower()} {match['unit'].lower()}s"
    if which in ("next", "coming"):
        return Span(first=today, last=other, name=name)
    return Span(first=today - (other - today), last=today, name=name)


def _period(match: re.Match[str], today: date) -> Span | None:
    unit, step = match["unit"].lower(), _STEPS.get(match["which"].lower(), 1)
    name = f"{('last', 'this', 'next')[step + 1]} {unit}"
    monday = today - today.weekday() * _ONE
    try:
        match unit:
            case "week":
                first = monday + 7 * step * _ONE
                last = first + 6 * _ONE
            case "weekend":  # the one ahead is "next", too, while it has not begun
                step = min(step, 0) if today.weekday() < 5 else step
                first = monday + (5 + 7 * step) * _ONE
                last = first + _ONE
            case "month":
                year, month = divmod(today.year * 12 + today.month - 1 + step, 12)
                first = date(year, month + 1, 1)
                last = first.replace(day=monthrange(year, month + 1)[1])
            case _:
                first, last = date(today.year + step, 1, 1), date(today.year + step, 12, 31)
    except (OverflowError, ValueError):
        return None
    return Span(first=first, last=last, name=name)
