"""Words -> days. English, forgiving, and never a guess in the middle of a title.

"Strong" expressions (`tomorrow`, `in 3 days`, `30 November`) count anywhere in a text; "weak" ones
(`Friday`, `30/11`, `the 1st`) only after a word like `by` or `on`, or bare at the end of the text.
Days are ahead of today: a weekday is the next one after today, a date that is past means next year.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_NUMBER_WORDS: Final = {
    "a": 1, "an": 1, "one": 1, "two": 2, "a couple of": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip

WEEKDAY: Final = "|".join(WEEKDAYS)
_SHORT_WEEKDAY = r"mon|tues?|wed|thu(?:rs?)?|fri|sat|sun"
_MONTH = r"(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?|" + "|".join(MONTHS)
_ORDINAL = r"(?:st|nd|rd|th)"
_LEAD = (
    r"(?:\b(?:it(?:'s| is)\s+)?(?:due(?:\s+(?:date|on|by))?(?:\s+is)?|deadline(?:\s+is)?"
    r"|by|on|until|till|before|for|starting|to|at)\s*:?\s+(?:the\s+)?)"
)
_PART = r"(?:\s+(?P<part>morning|afternoon|evening|night))?"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDay:
    """A day named in a text, the span of the words that named it, and what they leave behind: the
    part of the day, which no task holds."""

    day: date
    start: int
    end: int
    remainder: str = ""


def weekday_after(name: str, today: date) -> date:
    """The next day of that name after today; three letters are enough."""
    index = next(place for place, day in enumerate(WEEKDAYS) if day.startswith(name[:3].lower()))
    return today + timedelta(days=(index - today.weekday() - 1) % 7 + 1)


def day_of_month(number: int, today: date) -> date | None:
    """The next day with that number, today included; in a short month its last day."""
    if not 1 <= number <= 31:
        return None
    this = today.replace(day=min(number, monthrange(today.year, today.month)[1]))
    return this if this >= today else _in_months(today.replace(day=1), 1, day=number)


def _in_months(start: date, months: int, *, day: int) -> date:
    years, month = divmod(start.month - 1 + months, 12)
    year = min(start.year + years, 9999)
    return date(year, month + 1, min(day, monthrange(year, month + 1)[1]))


def _calendar_day(year: str | None, month: int, day: int, today: date) -> date | None:
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    if year is not None:
        years = [int(year) + (2000 if len(year) == 2 else 0)]
    else:
        years = list(range(today.year, min(today.year + 9, 10_000)))
    for candidate in years:
        if 1 <= candidate <= 9999 and day <= monthrange(candidate, month)[1]:
            found = date(candidate, month, day)
            if year is not None or found >= today:
                return found
    return None


def _month_number(word: str) -> int:
    return next(n for n, name in enumerate(MONTHS, 1) if name.startswith(word[:3].lower()))


def _numeric(match: re.Match[str], today: date) -> date | None:
    first, second = int(match["a"]), int(match["b"])
    day, month = (second, first) if second > 12 >= first else (first, second)
    return _calendar_day(match["y"], month, day, today)


def _relative_day(match: re.Match[str], today: date) -> date | None:
    """The day so many of a `unit` ahead; None beyond the calendar."""
    count, unit = match["n"].lower(), match["unit"].lower()
    number = int(count) if count.isdigit() else _NUMBER_WORDS[" ".join(count.split())]
    try:
        if unit == "month":
            return _in_months(today, number, day=today.day)
        return today + timedelta(days=number * (7 if unit == "week" else 1))
    except (OverflowError, ValueError):
        return None


def _next_weekday(match: re.Match[str], today: date) -> date:
    name = match["day"]
    if match["which"].lower() != "next":
        return weekday_after(name, today)
    monday = today - timedelta(days=today.weekday()) + timedelta(days=7)
    return weekday_after(name, monday - timedelta(days=1))


def _end_of(match: re.Match[str], today: date) -> date:
    match match["unit"].lower():
        case "week":
            return today if today.weekday() == 4 else _friday_or_sunday(today)
        case "year":
            return date(today.year, 12, 31)
        case _:
            return today.replace(day=monthrange(today.year, today.month)[1])


def _friday_or_sunday(today: date) -> date:
    return today + timedelta(days=(4 if today.weekday() < 4 else 6) - today.weekday())


_Rule = tuple[str, Callable[[re.Match[str], date], date | None]]

_COUNT: Final = (
    r"(?P<n>\d{1,4}|a couple of|" + "|".join(w for w in _NUMBER_WORDS if " " not in w) + ")"
)
_STRONG: Final[tuple[_Rule, ...]] = (
    (r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})",
     lambda m, today: _calendar_day(m["y"], int(m["m"]), int(m["d"]), today)),
    (r"(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<y>\d{4}|\d{2})", _numeric),
    (rf"(?P<d>\d{{1,2}}){_ORDINAL}?(?:\s+of)?\s+(?P<m>{_MONTH})(?:,?\s+(?P<y>\d{{4}}))?",
     lambda m, today: _calendar_day(m["y"], _month_number(m["m"]), int(m["d"]), today)),
    (rf"(?P<m>{_MONTH})\s+(?:the\s+)?(?P<d>\d{{1,2}}){_ORDINAL}?(?:,?\s+(?P<y>\d{{4}}))?",
     lambda m, today: _calendar_day(m["y"], _month_number(m["m"]), int(m["d"]), today)),
    (r"day\s+after\s+tomorrow", lambda _, today: today + timedelta(days=2)),
    (rf"(?:tomorrow|tmrw|tmr){_PART}", lambda _, today: today + timedelta(days=1)),
    (r"today|(?P<night>tonight)|this\s+(?P<part>morning|afternoon|evening)",
     lambda _, today: today),
    (rf"(?:with)?in\s+{_COUNT}\s+(?P<unit>day|week|month)s?(?:'\s+time)?",
     _relative_day),
    (rf"{_COUNT}\s+(?P<unit>day|week|month)s?\s+from\s+(?:now|today)", _relative_day),
    (r"(?:the\s+)?end\s+of\s+(?:the\s+|this\s+)?(?P<unit>week|month|year)", _end_of),
    (r"(?P<unit>month)[- ]end", _end_of),
    (rf"(?P<which>next|this|coming)\s+(?P<day>{WEEKDAY}|{_SHORT_WEEKDAY}){_PART}", _next_weekday),
    (r"(?:this|the|next)?\s*weekend", lambda _, today: weekday_after("saturday", today)),
    (r"next\s+week", lambda _, today: weekday_after("monday", today)),
    (r"next\s+month", lambda _, today: _in_months(today, 1, day=1)),
    (r"next\s+year", lambda _, today: date(min(today.year + 1, 9999), 1, 1)),
    (r"(?:later\s+)?this\s+week", lambda _, today: _friday_or_sunday(today)),
)  # fmt: skip
_WEAK: Final[tuple[_Rule, ...]] = (
    (rf"(?P<day>{WEEKDAY}){_PART}", lambda m, today: weekday_after(m["day"], today)),
    (r"(?P<a>\d{1,2})/(?P<b>\d{1,2})(?P<y>(?!))?", _numeric),
)  # fmt: skip
_ONLY_LED: Final[tuple[_Rule, ...]] = (
    (rf"(?P<day>{_SHORT_WEEKDAY}){_PART}", lambda m, today: weekday_after(m["day"], today)),
    (r"(?P<a>\d{1,2})\.(?P<b>\d{1,2})\.(?P<y>(?!))?", _numeric),
    (rf"(?P<d>\d{{1,2}}){_ORDINAL}(?:\s+of\s+(?:the|this)\s+month)?"
     r"(?=\s*(?:$|[,.;!?)]|at\b|with\b|and\b|every\b|each\b))",
     lambda m, today: day_of_month(int(m["d"]), today)),
)  # fmt: skip

_AFTER = r"(?!['\u2019]s|[\w/-])"
_AT_END = r"(?=\s*[.,;!?)]*\s*(?:(?:at\s+)?[\d:]+\s*(?:am|pm)?)?\s*$)"


def _compile() -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], date | None]], ...]:
    rules = [(rf"{_LEAD}?(?<!\w)(?:{p}){_AFTER}", day) for p, day in _STRONG]
    rules += [(rf"{_LEAD}{p}{_AFTER}", day) for p, day in (*_WEAK, *_ONLY_LED)]
    rules += [(rf"(?<![\w/]){p}{_AFTER}{_AT_END}", day) for p, day in _WEAK]
    return tuple((re.compile(pattern, re.IGNORECASE), day) for pattern, day in rules)


_RULES: Final = _compile()


def find_day(text: str, today: date) -> FoundDay | None:
    """The day that a text names, if it does."""
    for pattern, resolve in _RULES:
        for match in pattern.finditer(text):
            day = resolve(match, today)
            if day is None:
                continue
            said = match.groupdict()
            part = said.get("part")
            left = "" if part is None else "at night" if part == "night" else f"in the {part}"
            left = said.get("night") or left
            return FoundDay(day=day, start=match.start(), end=match.end(), remainder=left)
    return None
