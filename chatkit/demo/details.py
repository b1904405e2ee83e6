"""Reads the fields of a task from a sentence: `buy milk tomorrow, high priority #shop`.

A time of day is no field; it stays in the title.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from chatkit.demo.dates import WEEKDAY, find_day, weekday_after
from chatkit.demo.sentences import shorten_marks
from chatkit.todo.tasks import CATEGORIES, MAX_TAG, MAX_TAGS, MAX_TITLE

LEVELS: Final = {
    "high": "high", "urgent": "high", "important": "high",
    "medium": "medium", "normal": "medium", "low": "low",
}  # fmt: skip
LEVEL: Final = "|".join(LEVELS)
CATEGORY: Final = "|".join(CATEGORIES)
_HASHTAG: Final = r"(?<![\w#&])#(?P<tag>(?=[\d_-]*[^\W\d_])[\w-]+)"
_PRIORITIES: Final = (
    rf"[\s,(]*\b(?:and\s+)?(?:(?:with|as|at|it(?:'s| is))\s+)?(?:an?\s+)?(?P<word>{LEVEL})"
    r"[-\s]+priority\b\)?",
    rf"[\s,(]*\bpriority\s*(?:is|to|:|=)?\s*(?P<word>{LEVEL})\b\)?",
    r"^\W*(?P<word>urgent|important)\s*[:,!-]+",
    r"[\s,;(\u2013-]+(?:(?:and|as|it(?:'s| is))\s+)*(?P<word>urgent|important)[).!]*$",
)
_CATEGORIES: Final = (
    rf"\s*\b(?:in|under|to|for)\s+(?:the\s+|my\s+)?(?P<word>{CATEGORY})\s+category\b",
    rf"[\s,(]*\b(?:in\s+)?category\s*(?:is|to|:|=)?\s*(?P<word>{CATEGORY})\b\)?",
    rf"[\s,]*(?<!\w)@(?P<word>{CATEGORY})\b",
)
_RECURRENCES: Final = {"day": "daily", "week": "weekly", "month": "monthly"}
_EVERY: Final = (
    rf"\b(?:repeat(?:s|ing)?\s+)?(?:on\s+)?(?:every|each|once\s+a)\s+"
    rf"(?:(?P<unit>day|week|month)|(?P<weekday>{WEEKDAY}))\b"
    r"|(?:^\W*|[\s,(]+)(?:repeat(?:s|ing)?\s+)?(?P<adverb>daily|weekly|monthly)(?=\)?[.!]*$|\s*[:,])"
)
#: Recurrences that a task cannot have.
_OTHER_RECURRENCE: Final = (
    r"\b(?:every|each)\s+(?:\d+|two|three|four|few|other|second|third)\s+"
    rf"(?:day|week|month|year|hour|{WEEKDAY})s?\b"
    r"|\b(?:(?:every|each|on)\s+)?(?:week-?days?|working days?|weekends)\b"
    r"|\b(?:every|each)\s+(?:year|quarter|hour|weekend|morning|afternoon|evening|night)\b"
    rf"|\b(?:(?:every|each|on)\s+)?(?:{WEEKDAY})s?(?:(?:\s*[,&]\s*|\s+(?:and|or)\s+)(?:and\s+)?"
    rf"(?:{WEEKDAY})s?)+\b"
    r"|\b(?:bi-?weekly|fortnightly|yearly|annually|hourly|quarterly)\b"
    r"|\b(?:twice|\d+ times)\s+(?:a|per)\s+(?:day|week|month|year)\b"
)
#: Maximum length of a text that consists of fields only, in characters.
_MAX_FIELDS_CHARS: Final = 200


def read_fields(text: str, today: date) -> tuple[str, dict[str, Any]]:
    """The text without its fields, and the fields as tool arguments."""
    fields: dict[str, Any] = {}
    tags = re.findall(_HASHTAG, text)
    text = shorten_marks(re.sub(_HASHTAG, " ", text))  # a row of tags leaves a run of marks
    if tags:
        distinct = dict.fromkeys(tag.lower()[:MAX_TAG] for tag in tags)
        fields["tags"] = list(distinct)[:MAX_TAGS]
    if match := re.search(_EVERY, text, re.I):
        weekday, unit = match["weekday"], (match["unit"] or "week").lower()
        fields["recurrence"] = (match["adverb"] or _RECURRENCES[unit]).lower()
        if weekday:
            fields["due_date"] = weekday_after(weekday, today).isoformat()
        text = _without(text, match)
    text = _read_word(text, "category", _CATEGORIES, fields)
    text = _read_word(text, "priority", _PRIORITIES, fields)
    if found := find_day(text, today):
        text = f"{text[: found.start]} {text[found.end :]}"
        fields["due_date"] = found.day.isoformat()
        if "priority" not in fields:  # "buy milk urgent tomorrow": "urgent" is at the end only now
            text = _read_word(text.strip(), "priority", _PRIORITIES, fields)
    return text, fields


def read_values(text: str, today: date) -> dict[str, Any] | None:
    """The fields in a text without a title: `high priority and due Friday`, `work`.

    None if it contains anything else, or tags. A single word or day counts too, since it cannot be
    part of a title.
    """
    text = text.strip(" .!?\"'“”")
    if len(text) > _MAX_FIELDS_CHARS:
        return None
    left, fields = read_fields(f" {text}", today)
    if fields and not tidy_title(left):
        return None if "tags" in fields else fields
    if text.lower() in LEVELS or text.lower() in CATEGORIES:
        return fields_of_words(text)
    first, joint, rest = text.partition(" and ")
    if not joint or (one := read_values(first, today)) is None:
        return None
    others = read_values(rest, today)
    return None if others is None else one | others


def fields_of_words(text: str) -> dict[str, Any]:
    """The fields that single words name: `high priority work`. Other words are ignored."""
    fields: dict[str, Any] = {}
    for word in re.findall(r"\w+", text.lower()):
        if word in LEVELS:
            fields["priority"] = LEVELS[word]
        elif word in CATEGORIES:
            fields["category"] = word
    return fields


def find_other_recurrence(text: str) -> str:
    """The first recurrence that a task cannot have: `every 3 days`. Empty if there is none."""
    match = re.search(_OTHER_RECURRENCE, text, re.I)
    return match[0].strip() if match else ""


def _read_word(text: str, field: str, patterns: Sequence[str], fields: dict[str, Any]) -> str:
    for pattern in patterns:
        if match := re.search(pattern, text, re.I):
            fields[field] = LEVELS.get(match["word"].lower(), match["word"].lower())
            return _without(text, match)
    return text


def _without(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


_DANGLING: Final = (
    r"(?:[\s,;:\u2013-]+(?:and|by|on|due|for|at|with|it(?:'s| is))|[\s,;:.!?\u2013-]+)$"
)
_OPENING: Final = r"^(?:[\s,;:.!\u2013-]+|(?:and|that|to)(?:\s+|$))"
_ON_LIST: Final = r"\s+(?:to|on)\s+(?:my|the)\s+(?:(?:to-?do|task|shopping)\s+)?list$"


def tidy_title(text: str) -> str:
    """A title as a person would write it; may be empty."""
    title = re.sub(r"\s+(?=[,;])|(?<=[,;])\s*[,;]", "", " ".join(text.split()))
    # Each pass can expose another field at the end. Eight passes are enough for any sentence.
    for _ in range(8):
        before = title
        for pattern in (_DANGLING, _OPENING, _ON_LIST):
            title = re.sub(pattern, "", title, flags=re.I)
        if re.fullmatch(r"\"[^\"]+\"|“[^”]+”|'[^']+'", title):
            title = title[1:-1].strip()
        if title == before:
            break
    return (title[:1].upper() + title[1:])[:MAX_TITLE].strip()
