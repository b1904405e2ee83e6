"""Sentences that change, complete or delete tasks."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from chatkit.demo.details import read_tag_list, read_values, tidy_title
from chatkit.demo.doubt import is_doubtful, is_taken_back
from chatkit.demo.targets import read_target
from chatkit.demo.unkept import find_unkept, without_unkept
from chatkit.demo.values import ChangeTask, Complete, Delete, Every, Target, TaskAction
from chatkit.todo.tasks import MAX_DESCRIPTION

#: The words for a field, its name, and its empty value. For the tools, null means unchanged.
_FIELDS: Final[dict[str, tuple[str, Any]]] = {
    "due date": ("due_date", ""), "deadline": ("due_date", ""), "priority": ("priority", "medium"),
    "category": ("category", "none"), "description": ("description", ""),
    "note": ("description", ""), "recurrence": ("recurrence", "none"),
}  # fmt: skip
_FIELD: Final = "|".join(_FIELDS)
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
_DESCRIBE: Final = (
    r"add\s+(?:a\s+|the\s+)?(?:note|description)\s+to\s+(?P<target>[^:]+?)\s*:\s*(?P<value>.+)",
    r"(?:change|set)\s+the\s+(?:note|description)\s+of\s+(?P<target>.+?)\s+to:?\s+(?P<value>.+)",
)
_EMPTY: Final = (
    rf"(?:remove|clear|delete)\s+(?:the\s+|its\s+)?(?P<field>{_FIELD})"
    r"(?:\s+(?:of|from|for)\s+(?P<target>.+))?"
)
_TAG: Final = (
    r"add\s+(?:the\s+)?(?:tags?\s+|(?=#))(?P<tags>.+?)\s+to\s+(?P<target>.+)",
    r"tag\s+(?P<target>.+?)\s+(?:with|as)\s+(?:the\s+tags?\s+)?(?P<tags>.+)",
)
_UNTAG: Final = (
    r"(?:remove|delete)\s+(?:the\s+)?(?:tags?\s+|(?=#))(?P<tags>.+?)\s+from\s+(?P<target>.+)"
)
_FIELD_OF: Final = (
    rf"(?:change|set|update)\s+(?:(?:the\s+)?(?P<field>{_FIELD})\s+(?:of|for)\s+(?P<target>.+?)"
    rf"|its\s+(?P<own>{_FIELD}))\s+to\s+(?P<value>.+)"
)
_MOVE: Final = (
    r"(?:move|postpone|reschedule)\s+(?P<target>.+?)\s+"
    r"(?:(?:to|until)\s+(?P<value>.+)|(?P<day>tomorrow|today|next\s+\w+))"
)
_MAKE: Final = r"(?:make|set|change|update|mark)\s+(?!(?:me\s+)?an?\s)(?P<rest>.+)"
_BEFORE_VALUE: Final = r"^(?:to\s+(?:be\s+)?|as\s+|be\s+|repeat\s+|:\s*)+"
#: Maximum number of words in a task's name that is directly followed by its new values.
_MAX_NAMING: Final = 10


def read_acting(plain: str, today: date) -> TaskAction | None:
    """The change, completion or deletion that a sentence asks for.

    `unkept` of a change holds its unsupported values.
    """
    return _read_complete(plain) or _read_change(plain, today) or _read_delete(plain)


def _match(patterns: str | tuple[str, ...], plain: str) -> re.Match[str] | None:
    each = (patterns,) if isinstance(patterns, str) else patterns
    found = (re.fullmatch(pattern, plain, re.I | re.S) for pattern in each)
    return next(filter(None, found), None)


def _read_complete(plain: str) -> Complete | None:
    for completed, patterns in ((False, _REOPEN), (True, _COMPLETE)):
        if match := _match(patterns, plain):
            target = read_target(match["target"])
            return Complete(target=target, completed=completed) if target else None
    if match := _match(_IS_DONE, plain):
        target = read_target(match["target"])
        return Complete(target=target) if target and not isinstance(target, Every) else None
    return None


def _read_delete(plain: str) -> Delete | None:
    if _match(_CLEAR, plain):
        return Delete(target=Every({}))
    match = _match(_DELETE, plain)
    target = read_target(match["target"]) if match else None
    return Delete(target=target) if target else None


def _read_change(plain: str, today: date) -> ChangeTask | None:
    if match := _match(_RENAME, plain):
        target, title = read_target(match["target"]), tidy_title(match["value"])
        exact = re.fullmatch(r"[\"“'].+[\"”']", match["value"])
        doubtful = is_doubtful(match["value"]) and not exact
        return _change(target, {"title": title}) if title and not doubtful else None
    if match := _match(_DESCRIBE, plain):
        text = match["value"].strip()[:MAX_DESCRIPTION]
        target = None if is_taken_back(text) else read_target(match["target"])
        return _change(target, {"description": text})
    if match := _match(_EMPTY, plain):
        name, empty = _FIELDS[match["field"].lower()]
        return _change(read_target(match["target"] or "it"), {name: empty})
    if (match := _match(_UNTAG, plain)) and (tags := read_tag_list(match["tags"])):
        target = read_target(match["target"])
        return ChangeTask(target=target, dropped=tuple(tags)) if target else None
    if (match := _match(_TAG, plain)) and (tags := read_tag_list(match["tags"])):
        return _change(read_target(match["target"]), {"tags": tags})
    if match := _match(_FIELD_OF, plain):
        field = (match["field"] or match["own"]).lower()
        lead = f"{field} " if field in ("priority", "category") else ""
        return _change_to(read_target(match["target"] or "it"), f"{lead}{match['value']}", today)
    if match := _match(_MOVE, plain):
        return _change_to(read_target(match["target"]), match["value"] or match["day"], today)
    return _read_make(plain, today)


def _read_make(plain: str, today: date) -> ChangeTask | None:
    """`make task 1 urgent`: the first words name a task, and the rest are values."""
    match = _match(_MAKE, plain)
    words = match["rest"].split() if match else []
    for cut in range(1, min(len(words), _MAX_NAMING)):
        value = re.sub(_BEFORE_VALUE, "", " ".join(words[cut:]), flags=re.I)
        name = " ".join(words[:cut]).rstrip(":")
        if value and (change := _change_to(read_target(name), value, today)):
            return change
    return None


def _change(target: Target | None, fields: dict[str, Any]) -> ChangeTask | None:
    return ChangeTask(target=target, fields=fields) if target else None


def _change_to(target: Target | None, value: str, today: date) -> ChangeTask | None:
    """A change to values, if each of them is understood or known to be unsupported."""
    unkept = find_unkept(value)
    rest = without_unkept(value) if unkept else value
    fields = read_values(rest, today) if rest else {}
    if target is None or fields is None or not (fields or unkept):
        return None
    return ChangeTask(target=target, fields=fields, unkept=unkept)
