"""Sentences that change, complete or delete tasks."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from chatkit.demo.details import read_tag_list, read_values, tidy_title
from chatkit.demo.doubt import is_doubtful
from chatkit.demo.targets import read_target
from chatkit.demo.unkept import find_unkept, without_unkept
from chatkit.demo.values import Change, Complete, Delete, Details, Every, Filter, Places, Target

_FIELDS: Final = {
    "due date": "due_date", "deadline": "due_date", "date": "due_date", "priority": "priority",
    "category": "category", "description": "description", "note": "description",
    "tags": "tags", "recurrence": "recurrence", "repetition": "recurrence",
}  # fmt: skip
_FIELD = "|".join(_FIELDS)
_DONE = r"(?:done|completed?|finished)"
_TO_LIST = r"(?:my\s+|the\s+)?(?:to-?do\s+|task\s+)?list"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.I | re.S)


_DELETE = _pattern(r"^(?:delete|remove|erase|get rid of)\s+(?P<target>.+)$")
_CLEAR = _pattern(
    rf"^(?:(?:clear|empty)\s+{_TO_LIST}|(?:delete|remove|erase)\s+my\s+(?:whole\s+"
    rf"|entire\s+)?(?:to-?do\s+)?list)$"
)
_CLEAR_SOME = _pattern(r"^(?:clear|cancel)\s+(?P<target>.+)$")
_REOPEN: Final = (
    _pattern(r"^(?:reopen|re-open|uncheck|untick|uncomplete)\s+(?P<target>.+)$"),
    _pattern(
        r"^(?:mark|set)\s+(?P<target>.+?)\s+(?:as\s+|to\s+|back to\s+)?"
        rf"(?:not (?:yet )?{_DONE}|incomplete|undone|unfinished|pending|open)$"
    ),
)
_COMPLETE: Final = (
    _pattern(r"^(?:complete|finish|(?:check|tick|cross) off|close)\s+(?P<target>.+)$"),
    _pattern(
        rf"^(?:mark|set|make|change|check|tick)\s+(?P<target>.+?)\s+(?:(?:as\s+|to\s+)?{_DONE}"
        rf"|off)$"
    ),
    _pattern(rf"^mark\s+as\s+{_DONE}\s*:?\s+(?P<target>.+)$"),
)
#: They tell what was done; so the title has to be whole.
_COMPLETED: Final = (
    _pattern(r"^(?:(?:i'?m|i am)\s+)?(?:done|finished)\s+with\s+(?P<target>.+)$"),
    _pattern(r"^i(?:'ve| have)?\s+(?:just\s+)?(?:finished|completed|done|did)\s+(?P<target>.+)$"),
    _pattern(rf"^(?P<target>.+?)\s*(?:\s(?:is|are)\s+(?:now\s+)?|'s\s+){_DONE}$"),
)  # fmt: skip
_RENAME: Final = (
    _pattern(r"^(?:rename|retitle)\s+(?P<target>.+?)\s+(?:to|as|into)\s+(?P<value>.+)$"),
    _pattern(r"^change\s+the\s+(?:title|name)\s+of\s+(?P<target>.+?)\s+(?:to"
        r"|into)\s+(?P<value>.+)$"),
)  # fmt: skip
_EMPTY = _pattern(
    rf"^(?:remove|clear|delete|drop)\s+(?:the\s+|its\s+|all\s+)?(?P<field>{_FIELD})"
    r"(?:\s+(?:of|from|for|on)\s+(?P<target>.+))?$"
)
_UNTAG = _pattern(
    r"^(?:remove|drop|delete)\s+(?:the\s+)?(?:tags?\s+|(?=#))(?P<tags>.+?)\s+(?:from"
    r"|of)\s+(?P<target>.+)$"
)
_TAG: Final = (
    _pattern(r"^add\s+(?:the\s+)?(?:tags?\s+|(?=#))(?P<tags>.+?)\s+to\s+(?P<target>.+)$"),
    _pattern(r"^(?:tag|label)\s+(?P<target>.+?)\s+(?:with|as)\s+(?:the\s+tags?\s+)?(?P<tags>.+)$"),
)
_NOTE = _pattern(
    r"^add\s+(?:a\s+|the\s+)?(?:note|description)\s+to\s+(?P<target>[^:]+?)\s*"
    r"(?::|saying)\s*(?P<value>.+)$"
)
_FIELD_OF = _pattern(
    rf"^(?:change|set|update)\s+(?:(?:the\s+)?(?P<field>{_FIELD})\s+(?:of|for)\s+(?P<target>.+?)"
    rf"|its\s+(?P<own>{_FIELD}))\s+to\s+(?P<value>.+)$"
)
_MOVE = _pattern(
    r"^(?:move|postpone|reschedule|push|shift|put off)\s+(?P<target>.+?)\s+"
    r"(?:(?:to|until|till)\s+(?P<value>.+)|(?P<day>tomorrow|today|next\s+\w+))$"
)
_MAKE = _pattern(
    r"^(?:make|set|change|update|mark|flag)\s+(?!(?:me\s+)?an?\s)(?P<rest>.+)$|^(?P<its>(?:it"
    r"|this)(?:'s| is)\s+.+)$"
)
_BEFORE_VALUE = _pattern(r"^(?:to\s+(?:be\s+)?|as\s+|be\s+|is\s+|repeat\s+|:\s*)+")
#: Words that the name of a task may have, where its new values follow at once.
_MOST_NAMING: Final = 10


def read_delete(plain: str) -> Delete | None:
    """The deletion that a clause asks for."""
    if _CLEAR.match(plain):
        return Delete(target=Every(Filter()))
    if (match := _DELETE.match(plain)) and (target := read_target(match["target"])):
        return Delete(target=target)
    if (match := _CLEAR_SOME.match(plain)) and (target := read_target(match["target"])):
        return Delete(target=target) if isinstance(target, Places | Every) else None
    return None


def read_complete(plain: str) -> Complete | None:
    """The completion or the reopening that a clause asks for, or tells of."""
    for completed, patterns in ((False, _REOPEN), (True, _COMPLETE)):
        for pattern in patterns:
            if match := pattern.match(plain):
                target = read_target(match["target"], loose=True)
                return Complete(target=target, completed=completed) if target else None
    for pattern in _COMPLETED:
        if match := pattern.match(plain):
            target = read_target(match["target"])
            return None if target is None or isinstance(target, Every) else Complete(target=target)
    return None


def read_change(plain: str, today: date) -> Change | None:
    """The change that a clause asks for. One that a task cannot hold is in its `unkept`."""
    for pattern in _RENAME:
        if match := pattern.match(plain):
            target, title = read_target(match["target"], loose=True), tidy_title(match["value"])
            exact = re.fullmatch(r"[\"“'].+[\"”']", match["value"])
            doubtful = exact is None and is_doubtful(match["value"])
            return Change(target=target, title=title) if target and title and not doubtful else None
    if match := _NOTE.match(plain):
        return _with_details(match["target"], Details(description=match["value"].strip()))
    if match := _EMPTY.match(plain):
        name = _FIELDS[match["field"].lower()]
        target = read_target(match["target"] or "it", loose=True)
        if target and name == "priority":  # it has no empty value: medium is what "none" means
            return Change(target=target, details=Details(priority="medium"))
        return Change(target=target, cleared=(name,)) if target else None
    if (match := _UNTAG.match(plain)) and (tags := read_tag_list(match["tags"])):
        target = read_target(match["target"], loose=True)
        return Change(target=target, dropped=tags) if target else None
    for pattern in _TAG:
        if (match := pattern.match(plain)) and (tags := read_tag_list(match["tags"])):
            return _with_details(match["target"], Details(tags=tags))
    return _read_values(plain, today)


def _with_details(target: str, details: Details) -> Change | None:
    read = read_target(target, loose=True)
    return Change(target=read, details=details) if read else None


def _read_values(plain: str, today: date) -> Change | None:
    """`make task 1 urgent`, `move it to Friday`, `set the priority of 2 to low`."""
    if match := _FIELD_OF.match(plain):
        field = _FIELDS[(match["field"] or match["own"]).lower()]
        target = read_target(match["target"] or "it", loose=True)
        lead = f"{field} " if field in ("priority", "category") else ""
        return _valued(target, f"{lead}{match['value']}", today)
    if match := _MOVE.match(plain):
        return _valued(
            read_target(match["target"], loose=True), match["value"] or match["day"], today
        )
    if (match := _MAKE.match(plain)) is None:
        return None
    words = (match["rest"] or re.sub(r"'s\b", " is", match["its"], count=1)).split()
    for cut in range(1, min(len(words), _MOST_NAMING)):
        value = _BEFORE_VALUE.sub("", " ".join(words[cut:]))
        name = " ".join(words[:cut]).rstrip(":")
        change = _valued(read_target(name, loose=True), value, today) if value else None
        if change is not None:
            return change
    return None


def _valued(target: Target | None, value: str, today: date) -> Change | None:
    """A change to values that are all understood, or that a task cannot hold."""
    unkept = find_unkept(value)
    rest = without_unkept(value) if unkept else value
    details = read_values(rest, today) if rest else Details()
    if target is None or details is None or (details == Details() and not unkept):
        return None
    return Change(target=target, details=details, unkept=unkept)
