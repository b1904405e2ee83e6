"""Sentences that change a task: rename it, set or empty a field, move its day."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from chatkit.demo.dates import COUNT, find_day
from chatkit.demo.details import (
    CATEGORY,
    category_named,
    read_details,
    read_tag_list,
    read_values,
    tidy_title,
)
from chatkit.demo.spans import count_days
from chatkit.demo.targets import read_target
from chatkit.demo.values import Begun, Change, Details, It, Places, Shown, Target, Words

_FIELDS: Final = {
    "due date": "due_date", "due": "due_date", "deadline": "due_date", "date": "due_date",
    "priority": "priority", "category": "category", "description": "description",
    "note": "description", "notes": "description", "title": "title", "name": "title",
    "tag": "tags", "tags": "tags", "recurrence": "recurrence", "repetition": "recurrence",
    "text": "title",
}  # fmt: skip
_FIELD = "|".join(sorted(_FIELDS, key=len, reverse=True))
_TO = r"(?:to|as|=|:|into|with)"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.I | re.S)


_RENAME = _pattern(r"^(?:rename|retitle)\s+(?P<target>.+?)\s+(?:to|as|into)\s+(?P<value>.+)$")
_FIELD_FIRST = _pattern(
    rf"^(?:change|set|update|make|edit|move|put|give)\s+(?:the\s+)?(?P<field>{_FIELD})\s+(?:of|for|on|in)\s+"
    rf"(?P<target>.+?)\s*(?:\b(?:to|as|into|with)\s+|[:=]\s*)(?P<value>.+)$"
)
_FIELD_AFTER = _pattern(
    rf"^(?:change|set|update|edit)\s+(?P<target>.+?)(?:'s|\u2019s)?\s+(?P<field>{_FIELD})\s*"
    rf"(?:\b{_TO}\s+|[:=]\s*)(?P<value>.+)$"
)
_ITS_FIELD = _pattern(
    rf"^(?:change|set|update|make|edit)\s+(?:the|its)\s+(?P<field>{_FIELD})\s+{_TO}\s+(?P<value>.+)$"
)
_EMPTY = _pattern(
    rf"^(?:remove|clear|delete|drop|unset|erase)\s+(?:the\s+|its\s+|all\s+)?(?P<field>{_FIELD})"
    r"(?:\s+(?:of|from|for|on)\s+(?P<target>.+))?$"
)
_TAG_LIST = r"(?:the\s+)?(?:tags?\s*:?\s+)?(?P<tags>.+)"
_UNTAG = (
    _pattern(
        r"^(?:remove|drop|delete|take)\s+(?:the\s+)?(?:tags?\s+|(?=#))(?P<tags>.+?)\s+"
        r"(?:from|of|off)\s+(?P<target>.+)$"
    ),
    _pattern(rf"^untag\s+(?P<target>.+?)\s+(?:from|as)\s+{_TAG_LIST}$"),
)
_TAG = (
    _pattern(
        r"^(?:add|put|set)\s+(?:the\s+|a\s+)?(?:tags?\s+(?!(?:of|for|on)\b)|(?=#))(?P<tags>.+?)\s+(?:to|on|for)\s+"
        r"(?P<target>.+)$"
    ),
    _pattern(rf"^(?:tag|label)\s+(?P<target>.+?)\s+(?:with|as)\s+{_TAG_LIST}$"),
    _pattern(r"^(?:tag|label)\s+(?P<target>.+?)\s+(?P<tags>#\S.*)$"),
    _pattern(
        r"^(?:tag|label)\s+(?P<target>it|this|that|them|(?:task\s+)?#?\d{1,4})\s+(?P<tags>\w.*)$"
    ),
)
_NOTE = _pattern(
    r"^(?:add|put|set|write)\s+(?:a\s+|the\s+)?(?:notes?|descriptions?|details?)\s+(?:to|on|for|of)\s+"
    r"(?P<target>[^:]+?)\s*(?::|saying|that says|,|\bto\b)\s*(?P<value>.+)$"
)
_MOVING = r"(?:move|postpone|reschedule|push|bump|delay|shift|defer|put\s+off)(?:\s+back)?"
_MOVE = _pattern(
    rf"^{_MOVING}\s+(?P<target>.+?)\s+(?:back\s+)?"
    r"(?P<value>(?:to|until|till|by|for|on|in|into)\s+.+|tomorrow|today|next\s+\w+)$"
)
_PUT_OFF = _pattern(
    rf"^{_MOVING}\s+(?P<target>.+?)\s+(?:back\s+)?(?:(?:by|for)\s+)?(?P<days>{COUNT}\s+(?:day|week)s?)$"
)
_MAKE = _pattern(
    r"^(?!\w+\s+(?:me\s+)?an?\s+(?:\w+\s+){0,2}(?:reminder|task|to-?do)\b)"
    r"(?P<verb>make|set|change|update|mark|edit|put|flag|assign|modify)\s+(?P<rest>.+)$"
    r"|^(?P<its>(?:it|that|this)(?:'s| is)\s+.+)$"
)
#: Words that can name tasks by number, `the second one`, and one more.
_MOST_NAMING: Final = 5
#: The verbs that can give a title; of the others every word after the task is a state or a field.
_GIVES_TITLE: Final = frozenset(("change", "update", "edit", "modify"))
_TO_VALUE = _pattern(r"^(?P<target>.+?)\s*(?:\b(?:to|as|into|with)\s+|:\s*)(?P<value>.+)$")
_BEFORE_VALUE = _pattern(r"^(?:is|as|be|to)\s+")
_QUOTED = _pattern(r"[\"“'\u2018«](?P<title>.+)[\"”'\u2019»]")
_NO_TITLE = _pattern(
    r"\b(?:done|finished|completed?|undone|open|closed?|urgent|important|priority|prio|due|deadline"
    r"|categor(?:y|ies)|tags?|tagged|description|and|or|but)\b|[,;]"
)
_CATEGORY_LAST = _pattern(
    rf"(?P<target>.+?)\s+(?:(?:in|to|as)\s+)?(?:an?\s+)?(?P<name>{CATEGORY})(?: task)?$"
)
WHAT_CHANGES: Final = (
    "What should change? For example “rename task 1 to Buy bread”, “make task 1 high priority”, "
    "“move task 1 to Friday” or “tag task 1 with shop”."
)
_BEGUN: Final = (
    (_pattern(r"^(?:rename|retitle)\s+(?P<target>.+?)(?:\s+(?:to|as))?$"),
     "What should {} be called?", "rename {} to", True),
    (_pattern(rf"^{_MOVING}\s+(?P<target>.+?)(?:\s+(?:to|until|by))?$"),
     "To which day shall I move {}?", "move {} to", False),
    (_pattern(r"^(?:tag|label)\s+(?P<target>.+?)(?:\s+(?:with|as))?$"),
     "Which tags shall {} have?", "tag {} with", False),
    (_pattern(r"^(?:change|update|edit|modify)\s+(?P<target>.+?)(?:\s+to)?$"),
     WHAT_CHANGES, "change {} to", False),
)  # fmt: skip
_ALONE = _pattern(r"^(?:change|update|edit|modify)\s+(?P<target>.+)$")


def read_change(text: str, today: date) -> Change | None:
    """The change that a clause asks for, or None; one without any content is to be asked about.
    `text` is polite-stripped."""
    text = text.strip().rstrip(".!?").strip()
    if match := _RENAME.match(text):
        return _titled(match["target"], match["value"], today)
    for pattern in _UNTAG:
        if (match := pattern.match(text)) and (target := read_target(match["target"], today)):
            return Change(target=target, dropped=read_tag_list(match["tags"]))
    for pattern in _TAG:
        if (match := pattern.match(text)) and (target := read_target(match["target"], today)):
            return Change(target=target, details=Details(tags=read_tag_list(match["tags"])))
    if (match := _NOTE.match(text)) and (target := read_target(match["target"], today)):
        return Change(target=target, details=Details(description=match["value"].strip()))
    if match := _EMPTY.match(text):
        return _emptied(match["field"], match["target"], today)
    for pattern in (_ITS_FIELD, _FIELD_FIRST, _FIELD_AFTER):
        if match := pattern.match(text):
            target = It() if pattern is _ITS_FIELD else read_target(match["target"], today)
            return _with_field(target, match["field"], match["value"], today)
    return _read_moved(text, today) or _read_made(text, today)


def read_begun(text: str, today: date) -> Begun | None:
    """A change that lacks its end: `rename task 1`, `postpone pay rent`."""
    for pattern, words, begun, titles in _BEGUN:
        match = pattern.match(text)
        target = read_target(match["target"], today) if match else None
        if match and isinstance(
            target, (Places | It | Shown | Words) if titles else (Places | It | Shown)
        ):
            named = match["target"]
            asked = words.format(f"“{named}”" if isinstance(target, Words) else named)
            return Begun(words=asked, begun=begun.format(named), titles=titles)
    return None


def _read_moved(text: str, today: date) -> Change | None:
    if (match := _MOVE.match(text)) and (target := read_target(match["target"], today)):
        if found := find_day(_led(match["value"]), today):
            return Change(target=target, details=Details(due_date=found.day))
        if (name := category_named(match["value"].split()[-1])) is not None:
            return Change(target=target, details=Details(category=name))
    if (
        (match := _PUT_OFF.match(text))
        and (target := read_target(match["target"], today))
        and (days := count_days(match["days"]))
    ):
        return Change(target=target, days=days)
    return None


def _led(value: str) -> str:
    return re.sub(r"^(?:to|for|until|till)\s+", "on ", value, flags=re.I)


def _titled(target: str, value: str, today: date) -> Change | None:
    read, title = read_target(target, today), tidy_title(value)
    return Change(target=read, title=title) if read and title else None


def _emptied(field: str, target: str | None, today: date) -> Change | None:
    name = _FIELDS[field.lower()]
    read = It() if target is None else read_target(target, today)
    if read is None or name == "title":
        return None
    if name == "priority":  # it has no empty value: medium is what "none" means
        return Change(target=read, details=Details(priority="medium"))
    return Change(target=read, cleared=(name,))


def _with_field(target: Target | None, field: str, value: str, today: date) -> Change | None:
    if target is None:
        return None
    name, value = _FIELDS[field.lower()], value.strip()
    if re.fullmatch(r"(?:none|nothing|empty|never)", value, re.I):
        return _emptied(field, None, today) and Change(target=target, cleared=(name,))
    match name:
        case "title":
            title = tidy_title(value)
            return Change(target=target, title=title) if title else None
        case "description":
            return Change(target=target, details=Details(description=value.strip("\"'“”")))
        case "tags":
            tags = read_tag_list(value)
            return Change(target=target, details=Details(tags=tags)) if tags else None
        case "due_date":
            found = find_day("on " + _led(value).removeprefix("on "), today)
            said = read_values(value, today) or (Details(due_date=found.day) if found else None)
            return Change(target=target, details=said) if said else None
        case "recurrence":
            _, details = read_details(value, today)
        case _:
            _, details = read_details(f"{name} {value}", today)
    return Change(target=target, details=details) if details != Details() else None


def _read_made(text: str, today: date) -> Change | None:
    """`make task 1 urgent`, `change 2 to next Friday`, `it's weekly and due tomorrow`."""
    match = _MAKE.match(text)
    if match is None:
        if (match := _ALONE.match(text)) and (target := read_target(match["target"], today)):
            return Change(target=target)
        return None
    gives_title = (match["verb"] or "").lower() in _GIVES_TITLE
    rest = match["rest"] or re.sub(
        r"^(it|that|this)(?:'s| is)\b", r"\1 is", match["its"], flags=re.I
    )
    change = (
        _with_values(rest, today)
        or _to_value(rest, today, gives_title=gives_title)
        or _with_words(rest, today)
    )
    if change is not None:
        return change
    target = read_target(rest, today) if gives_title else None
    return Change(target=target) if target is not None else None


def _with_values(rest: str, today: date) -> Change | None:
    """`task 1 urgent and due on Friday`: a task by its number, and nothing but fields."""
    words = rest.split()
    for cut in range(1, min(len(words), _MOST_NAMING)):
        target = read_target(" ".join(words[:cut]), today)
        if target is None or isinstance(target, Words):
            continue
        if details := read_values(_BEFORE_VALUE.sub("", " ".join(words[cut:])), today):
            return Change(target=target, details=details)
    return None


def _to_value(rest: str, today: date, *, gives_title: bool) -> Change | None:
    """`task 1 to high priority and due Friday`, `1: Buy bread by Friday`.

    What is neither a field nor surely a title is to be asked about.
    """
    match = _TO_VALUE.match(rest)
    target = read_target(match["target"], today) if match else None
    if match is None or target is None:
        return None
    value = match["value"]
    if details := read_values(value, today):
        return Change(target=target, details=details)
    if quoted := _QUOTED.fullmatch(value.strip()):
        return Change(target=target, title=tidy_title(quoted["title"])) if gives_title else None
    left, details = read_details(f" {value}", today)
    if gives_title and tidy_title(left) and not _NO_TITLE.search(left):
        return Change(target=target, title=tidy_title(left), details=details)
    return None if isinstance(target, Words) else Change(target=target)


def _with_words(rest: str, today: date) -> Change | None:
    """`task 1 urgent`, `buy milk a work task`: the fields, and in what is left the task."""
    if match := _CATEGORY_LAST.match(rest):
        target = read_target(match["target"], today)
        if target is not None and not (isinstance(target, Words) and " " not in target.text):
            return Change(target=target, details=Details(category=category_named(match["name"])))
    left, details = read_details(rest, today)
    name = re.sub(
        r"(?:\s+(?:is|to|as|be|a|an|and|repeat|recur|recurring))+$",
        "",
        tidy_title(left),
        flags=re.I,
    )
    target = read_target(name or "it", today) if details != Details() else None
    return Change(target=target, details=details) if target is not None else None
