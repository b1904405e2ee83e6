"""The fields that a sentence about a task names: `buy milk tomorrow, high priority #shop`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from chatkit.demo.dates import WEEKDAY, day_of_month, find_day, weekday_after
from chatkit.demo.doubt import is_doubtful
from chatkit.demo.values import Details
from chatkit.todo.tasks import CATEGORIES, MAX_TITLE

_PRIORITY_WORDS: Final = {
    "high": "high", "highest": "high", "top": "high", "urgent": "high", "important": "high",
    "medium": "medium", "normal": "medium", "low": "low", "lowest": "low",
}  # fmt: skip
_CATEGORY_WORDS: Final = {name: name for name in CATEGORIES} | {"school": "study"}
PRIORITY: Final = "|".join(_PRIORITY_WORDS)
CATEGORY: Final = "|".join(_CATEGORY_WORDS)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_DESCRIPTION = _pattern(
    r"[\s,;.(-]*\b(?:with\s+(?:the\s+|a\s+)?)?(?:description|notes?|details?)\b\s*(?::|=|saying)?"
    r"\s*(?P<text>.+)$"
)
_HASHTAG = _pattern(r"(?<![\w#&])#(?P<tag>(?=[\d_-]*[^\W\d_])[\w-]+)")
_TAGGED = _pattern(
    r"[\s,]*\b(?:tagged(?:\s+(?:as|with))?|with\s+(?:the\s+)?tags?|tags?\s*:)\s*"
    r"(?P<tags>#?[\w-]+(?:(?:\s*,\s*|\s+and\s+)#?[\w-]+)*)[.!)]*$"
)
_PRIORITIES: Final = (
    _pattern(
        rf"[\s,(]*\b(?:with\s+|as\s+|at\s+|it(?:'s| is)\s+)?(?:an?\s+)?(?P<level>{PRIORITY})"
        r"[-\s]+(?:priority|prio|importance)\b\)?"
    ),
    _pattern(rf"[\s,(]*\bprio(?:rity)?\s*(?:is|to|:|=)?\s*(?P<level>{PRIORITY})\b\)?"),
    _pattern(r"[\s,.;]*\b(?:and\s+)?it(?:'s| is)\s+(?:very\s+)?(?P<level>urgent|important)\b"),
    _pattern(r"^\W*(?P<level>urgent|important)\b(?:\s*[:,!-]+|\s+(?=\w))"),
    _pattern(r"[\s,(\[\u2013-]+(?:and\s+|as\s+)?(?P<level>urgent|important)[)\]]?[.!]*$"),
)
_HIGH = _pattern(r"!{2,}\s*$|[\s,]+(?:asap|as soon as possible)[.!]*$")
_CATEGORIES: Final = (
    _pattern(rf"\s*\b(?:in|under|to|for)\s+(?:the\s+|my\s+)?(?P<name>{CATEGORY})\s+category\b"),
    _pattern(rf"[\s,(]*\b(?:in\s+)?category\s*(?:is|to|:|=)?\s*(?P<name>{CATEGORY})\b\)?"),
    _pattern(rf"[\s,]*(?:(?<!\w)@|\()(?P<name>{CATEGORY})\b\)?"),
)
_REPEAT = r"(?:\brepeat(?:s|ing)?\s+)?\b"
_EVERY: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (_pattern(rf"\b(?:on\s+)?(?:every|each)\s+(?P<weekday>{WEEKDAY})s?\b"), "weekly"),
    (_pattern(rf"\bon\s+(?P<weekday>{WEEKDAY})s\b(?!['\u2019])"), "weekly"),
    (_pattern(r"\b(?:(?:by|on)\s+)?(?:the\s+)?(?P<day>\d{1,2})(?:st|nd|rd|th)\s+(?:day\s+)?of\s+"
              r"(?:every|each)\s+month\b"), "monthly"),
    (_pattern(r"\b(?:every|each)\s+(?P<part>morning|afternoon|evening|night)\b"), "daily"),
    (_pattern(rf"{_REPEAT}(?:every|each)\s+(?:single\s+)?day\b"), "daily"),
    (_pattern(rf"{_REPEAT}(?:(?:every|each)|once\s+a)\s+week\b"), "weekly"),
    (_pattern(rf"{_REPEAT}(?:(?:every|each)|once\s+a)\s+month\b"), "monthly"),
)  # fmt: skip
_ADVERB = _pattern(
    r"(?:^\W*|[\s,(]+|\brepeat(?:s|ing)?\s+)(?P<how>daily|weekly|monthly)(?:\)?[.!]*$|\s*[:,-])"
)
_JOINT = _pattern(r"(?:\s*[,;]\s*(?:and\s+)?|\s+and\s+)")
#: Characters of a text that can be nothing but fields.
_LONGEST_VALUES: Final = 200


def priority_named(word: str) -> str | None:
    """`urgent` -> `high`."""
    return _PRIORITY_WORDS.get(word.lower())


def category_named(word: str) -> str | None:
    """`school` -> `study`."""
    return _CATEGORY_WORDS.get(word.lower())


def read_details(text: str, today: date) -> tuple[str, Details]:
    """The fields named in a text, and what is left of the text without them."""
    description = None
    if match := _DESCRIPTION.search(text):
        description = match["text"].strip(" \"'") or None
        text = text[: match.start()]
    text, tags = _read_tags(text)
    text, recurrence, day = _read_recurrence(text, today)
    text, priority = _read_priority(text)
    text, category = _read_choice(text, _CATEGORIES, category_named)
    if found := find_day(text, today):
        text = f"{text[: found.start]} {found.remainder} {text[found.end :]}"
        day = found.day
        if priority is None:  # "buy milk urgent tomorrow": it stands at the end only now
            text, priority = _read_priority(text.strip())
    return text, Details(
        due_date=day,
        priority=priority,
        category=category,
        tags=tags,
        recurrence=recurrence,
        description=description,
    )


def read_values(text: str, today: date) -> Details | None:
    """The fields in a text that holds nothing else: `high priority and due Friday`, `work`.

    A bare word or day counts too, since no title is there that it could belong to.
    """
    text = text.strip(" .!?\"'“”")
    if len(text) > _LONGEST_VALUES:
        return None
    left, details = read_details(f" {text}", today)
    if details != Details() and not tidy_title(left):
        return details
    if name := category_named(re.sub(r"^(?:an?|in|under)\s+|\s+(?:task|category)$", "", text)):
        return Details(category=name)
    if priority := priority_named(text):
        return Details(priority=priority)
    found = find_day(f"on {text}", today)
    if found and not found.remainder and (found.start, found.end) == (0, len(text) + 3):
        return Details(due_date=found.day)
    if (joint := _JOINT.search(text)) is None:
        return None
    first = read_values(text[: joint.start()], today)
    others = read_values(text[joint.end() :], today) if first else None
    return first.with_more(others) if first and others else None


def read_tag_list(text: str) -> tuple[str, ...]:
    """`#home, shop and work` -> its tags; empty where a text is more than a list of words."""
    if not re.fullmatch(r"#?[\w-]+(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+)#?[\w-]+)*", text.strip()):
        return ()
    words = re.findall(r"[\w-]+", text.lower())
    if is_doubtful(text):
        return ()
    return tuple(dict.fromkeys(word for word in words if word != "and"))


def _read_tags(text: str) -> tuple[str, tuple[str, ...]]:
    tags = [match["tag"].lower() for match in _HASHTAG.finditer(text)]
    text = _HASHTAG.sub(" ", text)
    if match := _TAGGED.search(text):
        tags += read_tag_list(match["tags"])
        text = text[: match.start()]
    return text, tuple(dict.fromkeys(tags))


def _read_recurrence(text: str, today: date) -> tuple[str, str | None, date | None]:
    for pattern, recurrence in _EVERY:
        if match := pattern.search(text):
            said = match.groupdict()
            day, left = None, " "
            if said.get("weekday"):
                day = weekday_after(match["weekday"], today)
            elif said.get("day"):
                day = day_of_month(int(match["day"]), today)
            elif said.get("part"):
                left = " at night " if match["part"] == "night" else f" in the {match['part']} "
            return text[: match.start()] + left + text[match.end() :], recurrence, day
    if match := _ADVERB.search(text.rstrip()):
        rest = f"{text[: match.start()]} {text.rstrip()[match.end() :]}"
        return rest, match["how"].lower(), None
    return text, None, None


def _read_priority(text: str) -> tuple[str, str | None]:
    if match := _HIGH.search(text):
        return f"{text[: match.start()]} {text[match.end() :]}", "high"
    return _read_choice(text, _PRIORITIES, priority_named)


def _read_choice(
    text: str, patterns: tuple[re.Pattern[str], ...], named: Callable[[str], str | None]
) -> tuple[str, str | None]:
    for pattern in patterns:
        if match := pattern.search(text):
            return f"{text[: match.start()]} {text[match.end() :]}", named(
                match[match.lastindex or 0]
            )
    return text, None


_DANGLING = _pattern(
    r"(?:[\s,;:\u2013-]+(?:and|by|on|due|for|at|with|it(?:'s| is))|[\s,;:.!?\u2013-]+)$"
)
_OPENING = _pattern(r"^(?:[\s,;:.!\u2013-]+|(?:and|also|that|to)(?:\s+|$))")
_ON_LIST = _pattern(r"\s+(?:to|on|in|onto)\s+(?:my|the)\s+(?:(?:to-?do|task|shopping)\s+)?list$")
_QUOTES: Final = (('"', '"'), ("“", "”"), ("'", "'"), ("\u2018", "\u2019"), ("«", "»"))


def tidy_title(text: str) -> str:
    """A title as a person would write it; may be empty."""
    title = re.sub(r"\s+(?=[,;])|(?<=[,;])\s*[,;]", "", " ".join(text.split()))
    for _ in range(8):  # each pass can lay a new end bare; eight are more than any sentence needs
        before = title
        title = _ON_LIST.sub("", _OPENING.sub("", _DANGLING.sub("", title)))
        for left, right in _QUOTES:
            if len(title) > 1 and title[0] == left and title[-1] == right:
                title = title[1:-1].strip()
        if title == before:
            break
    return (title[:1].upper() + title[1:])[:MAX_TITLE].strip()
