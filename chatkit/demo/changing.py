"""Sentences that change, complete or delete tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from chatkit.demo.details import find_other_recurrence, read_values, tidy_title
from chatkit.demo.sentences import is_doubtful
from chatkit.demo.targets import read_target
from chatkit.demo.values import ChangeTask, Complete, Delete, Every, TaskAction, ToolArguments

_DONE: Final = r"(?:done|completed?|finished)"
_CLEAR: Final = r"(?:clear|empty|delete)\s+(?:my|the)\s+(?:(?:whole|entire|to-?do|task)\s+)*list"
_DELETE: Final = r"(?:delete|remove|erase)\s+(?P<target>.+)"
_REOPEN: Final = (
    r"(?:reopen|re-open|uncheck)\s+(?P<target>.+)",
    r"(?:mark|set)\s+(?P<target>.+?)\s+(?:as\s+|to\s+)?"
    rf"(?:not (?:yet )?{_DONE}|incomplete|undone|unfinished|pending|open)",
)
_COMPLETE: Final = (
    r"(?:complete|finish|(?:check|tick|cross) off)\s+(?P<target>.+)",
    rf"(?:mark|set|make|change)\s+(?P<target>.+?)\s+(?:as\s+|to\s+)?{_DONE}",
    rf"mark\s+as\s+{_DONE}\s*:?\s+(?P<target>.+)",
)
_IS_DONE: Final = rf"(?P<target>.+?)\s+(?:is|are)\s+(?:now\s+)?{_DONE}"
_RENAME: Final = (
    r"rename\s+(?P<target>.+?)\s+(?:to|as|into)\s+(?P<value>.+)",
    r"change\s+the\s+(?:title|name)\s+of\s+(?P<target>.+?)\s+to\s+(?P<value>.+)",
)
_FIELD: Final = r"(?P<field>due date|priority|category)"
_REMOVE_FIELD: Final = (
    rf"(?:remove|clear|delete)\s+its\s+{_FIELD}(?P<target>)",
    rf"(?:remove|clear|delete)\s+(?:the\s+)?{_FIELD}\s+(?:of|from|for)\s+(?P<target>.+)",
)
#: The arguments of the tool that empty a field. Null would mean unchanged.
_EMPTY: Final[dict[str, ToolArguments]] = {
    "due date": {"due_date": ""},
    "priority": {"priority": "medium"},
    "category": {"category": "none"},
}
_SET_FIELD: Final = (
    rf"(?:set|change|update)\s+its\s+{_FIELD}(?P<target>)\s+to\s+(?P<value>.+)",
    rf"(?:set|change|update)\s+(?:the\s+)?{_FIELD}\s+(?:of|for)\s+(?P<target>.+?)\s+to\s+"
    r"(?P<value>.+)",
)
_SET: Final = (
    r"(?:make|set|change|update|mark|move|postpone|reschedule)\s+(?!(?:me\s+)?an?\s)(?P<rest>.+)"
)
_BEFORE_VALUE: Final = r"^(?:to\s+(?:be\s+)?|until\s+|as\s+|be\s+|repeat\s+|:\s*)+"
#: Maximum number of words in a task's name that is directly followed by its new values.
_MAX_NAMING: Final = 10


def read_acting(plain: str, today: date) -> TaskAction | None:
    """The change, completion or deletion that a sentence asks for."""
    return _read_complete(plain) or _read_change(plain, today) or _read_delete(plain)


def _match(plain: str, *patterns: str) -> re.Match[str] | None:
    found = (re.fullmatch(pattern, plain, re.I | re.S) for pattern in patterns)
    return next(filter(None, found), None)


def _read_complete(plain: str) -> Complete | None:
    for completed, patterns in ((False, _REOPEN), (True, _COMPLETE)):
        if match := _match(plain, *patterns):
            target = read_target(match["target"])
            return Complete(target=target, completed=completed) if target else None
    match = _match(plain, _IS_DONE)
    target = read_target(match["target"]) if match else None
    return Complete(target=target) if target and not isinstance(target, Every) else None


def _read_delete(plain: str) -> Delete | None:
    if _match(plain, _CLEAR):
        return Delete(target=Every({}))
    match = _match(plain, _DELETE)
    target = read_target(match["target"]) if match else None
    return Delete(target=target) if target else None


def _read_change(plain: str, today: date) -> ChangeTask | None:
    if match := _match(plain, *_RENAME):
        target, title = read_target(match["target"]), tidy_title(match["value"])
        if target is None or not title or is_doubtful(match["value"]):
            return None
        return ChangeTask(target=target, fields={"title": title})
    if match := _match(plain, *_REMOVE_FIELD):
        target = read_target(match["target"] or "it")
        return ChangeTask(target=target, fields=_EMPTY[match["field"].lower()]) if target else None
    for name, value in _assignments(plain):
        target, unkept = read_target(name), find_other_recurrence(value)
        rest = " ".join(value.replace(unkept, " ").split()) if unkept else value
        fields = read_values(rest, today) if rest else {}
        if target is not None and fields is not None and (fields or unkept):
            return ChangeTask(target=target, fields=fields, unkept=unkept)
    return None


def _assignments(plain: str) -> Iterator[tuple[str, str]]:
    """What may be the name of a task, and its new values: `make task 1 urgent` at each word."""
    if match := _match(plain, *_SET_FIELD):
        yield match["target"] or "it", f"{match['field']} {match['value']}"
    elif match := _match(plain, _SET):
        words = match["rest"].split()
        for cut in range(1, min(len(words), _MAX_NAMING)):
            value = re.sub(_BEFORE_VALUE, "", " ".join(words[cut:]), flags=re.I)
            yield " ".join(words[:cut]).rstrip(":"), value
