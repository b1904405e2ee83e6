"""Sentences that change a task: rename it, set or empty a field, move its day."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from chatkit.engine.demo.dates import find_day
from chatkit.engine.demo.details import CATEGORY, category_named, read_details, tidy_title
from chatkit.engine.demo.targets import read_target
from chatkit.engine.demo.values import Change, Details, It, Target, Words

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
_UNTAG = _pattern(
    r"^(?:remove|drop|delete|take)\s+(?:the\s+)?(?:tags?\s+#?|#)(?P<tags>[\w-]+)\s+(?:from|of|off)\s+(?P<target>.+)$"
    r"|^untag\s+(?P<untagged>.+?)\s+(?:from|as)\s+#?(?P<tag>[\w-]+)$"
)
_TAG = _pattern(
    r"^(?:add|put|set)\s+(?:the\s+|a\s+)?(?:tags?\s+#?|#)(?P<tags>[\w-]+)\s+(?:to|on|for)\s+(?P<target>.+)$"
    r"|^tag\s+(?P<tagged>.+?)\s+(?:with|as)?\s*#?(?P<tag>[\w-]+)$"
)
_NOTE = _pattern(
    r"^(?:add|put|set|write)\s+(?:a\s+|the\s+)?(?:notes?|descriptions?|details?)\s+(?:to|on|for|of)\s+"
    r"(?P<target>[^:]+?)\s*(?::|saying|that says|,|\bto\b)\s*(?P<value>.+)$"
)
_MOVE = _pattern(
    r"^(?:move|postpone|reschedule|push(?:\s+back)?|bump|delay|shift|defer)\s+(?P<target>.+?)\s+"
    r"(?:back\s+)?(?P<value>(?:to|until|till|by|for|on|in)\s+.+|tomorrow|today)$"
)
_MAKE = _pattern(
    r"^(?:make|set|change|update|mark|edit|put|flag|assign)\s+(?P<rest>.+)$"
    r"|^(?P<its>(?:it|that|this)(?:'s| is)\s+.+)$"
)
_TO_VALUE = _pattern(r"^(?P<target>.+?)\s*(?:\b(?:to|as|into)\s+|:\s*)(?P<value>.+)$")
_ALONE = _pattern(r"^(?:change|update|edit|modify)\s+(?P<target>.+)$")


def read_change(text: str, today: date) -> Change | None:
    """The change that a clause asks for, or None. `text` is polite-stripped."""
    text = text.strip().rstrip(".!?").strip()
    if match := _RENAME.match(text):
        return _titled(match["target"], match["value"])
    if (match := _UNTAG.match(text)) and (
        target := read_target(match["target"] or match["untagged"])
    ):
        return Change(target=target, dropped=((match["tags"] or match["tag"]).lower(),))
    if (match := _TAG.match(text)) and (target := read_target(match["target"] or match["tagged"])):
        return Change(
            target=target, details=Details(tags=((match["tags"] or match["tag"]).lower(),))
        )
    if (match := _NOTE.match(text)) and (target := read_target(match["target"])):
        return Change(target=target, details=Details(description=match["value"].strip()))
    if match := _EMPTY.match(text):
        return _emptied(match["field"], match["target"])
    for pattern in (_ITS_FIELD, _FIELD_FIRST, _FIELD_AFTER):
        if match := pattern.match(text):
            target = It() if pattern is _ITS_FIELD else read_target(match["target"])
            return _with_field(target, match["field"], match["value"], today)
    if (match := _MOVE.match(text)) and (target := read_target(match["target"])):
        if found := find_day(_led(match["value"]), today):
            return Change(target=target, details=Details(due_date=found.day))
        if (name := category_named(match["value"].split()[-1])) is not None:
            return Change(target=target, details=Details(category=name))
    if (match := _MAKE.match(text)) and (
        change := _read_made(match["rest"] or match["its"], today)
    ):
        return change
    if (match := _ALONE.match(text)) and (target := read_target(match["target"])):
        return Change(target=target)
    return None


def _led(value: str) -> str:
    return re.sub(r"^(?:to|for|until|till)\s+", "on ", value, flags=re.I)


def _titled(target: str, value: str) -> Change | None:
    read, title = read_target(target), tidy_title(value)
    return Change(target=read, title=title) if read and title else None


def _emptied(field: str, target: str | None) -> Change | None:
    name = _FIELDS[field.lower()]
    read = It() if target is None else read_target(target)
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
        return _emptied(field, None) and Change(target=target, cleared=(name,))
    match name:
        case "title":
            title = tidy_title(value)
            return Change(target=target, title=title) if title else None
        case "description":
            return Change(target=target, details=Details(description=value.strip("\"'“”")))
        case "tags":
            tags = tuple(
                tag.lower() for tag in re.findall(r"[\w-]+", value) if tag.lower() != "and"
            )
            return Change(target=target, details=Details(tags=tags)) if tags else None
        case "due_date":
            found = find_day("on " + _led(value).removeprefix("on "), today)
            return Change(target=target, details=Details(due_date=found.day)) if found else None
        case "recurrence":
            _, details = read_details(value, today)
        case _:
            _, details = read_details(f"{name} {value}", today)
    return Change(target=target, details=details) if details != Details() else None


def _read_made(rest: str, today: date) -> Change | None:
    """`task 1 urgent`, `2 to next Friday`, `it weekly and due tomorrow`, `1 to Buy bread`."""
    rest = re.sub(r"^(it|that|this)(?:'s| is)\b", r"\1 is", rest, flags=re.I)
    if match := re.match(
        rf"(?P<target>.+?)\s+(?:(?:in|to|as)\s+)?(?:an?\s+)?(?P<name>{CATEGORY})(?: task)?$",
        rest,
        re.I,
    ):
        target = read_target(match["target"])
        if target is not None and not (isinstance(target, Words) and " " not in target.text):
            return Change(target=target, details=Details(category=category_named(match["name"])))
    if match := _TO_VALUE.match(rest):
        target = read_target(match["target"])
        value = match["value"]
        left, details = read_details(f" {value}", today)
        if (found := find_day(f"on {value}", today)) and not details.due_date:
            left, details = f"on {value}"[: found.start], Details(due_date=found.day)
        if target is not None and not tidy_title(left) and details != Details():
            return Change(target=target, details=details)
        if target is not None and not isinstance(target, Words) and tidy_title(left):
            return Change(target=target, title=tidy_title(left), details=details)
    left, details = read_details(rest, today)
    words = re.sub(
        r"\s+(?:is|to|as|be|a|an|and|repeat|recur|recurring)$", "", tidy_title(left), flags=re.I
    )
    target = read_target(words or "it") if details != Details() else None
    return Change(target=target, details=details) if target is not None else None
