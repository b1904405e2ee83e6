"""Sentences that want to see tasks: a list of them, or all about one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from chatkit.demo.filters import read_filter
from chatkit.demo.targets import read_target
from chatkit.demo.values import Every, Filter, Look, Places, Show, These, Words


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.I | re.S)


DONE = r"(?:done|finished|completed?)"
_FIND = _pattern(
    r"^(?:find|search(?:\s+for)?|look(?:\s+(?:for|up))|where(?:'s| is)|locate"
    r"|(?:is|are) there (?:an?y?\s+)?(?:tasks?\s+)?(?:about|for|called|named)"
    r"|did i (?:already\s+)?(?:finish|complete|do|add)"
    r"|do i have (?:an?y?\s+)?tasks? (?:about|for|called|named))\s+(?P<words>.+)$"
)
_SHOW = _pattern(
    r"^(?:show|list|display|view|see|get|give|read|print|open|check|tell|review|what(?:'s|s)?|which"
    r"|how many|count|do i have|have i|did i|is there|are there|any|anything|whats|know)\b"
)
_TASKY = _pattern(r"\b(?:tasks?|to-?dos?|to-?do list|my list|the list|reminders?|agenda|plate)\b")
_LOOK = (
    _pattern(
        r"^(?:show|view|display|see|open|read|describe|tell me|give me)\s+(?:me\s+)?"
        r"(?:(?:more|all|everything)\s+)?(?:(?:about|of|on|for)\s+)?(?P<target>.+)$"
    ),
    _pattern(r"^what(?:'s| is| are)?\s+(?:about\s+|in\s+)?(?P<target>.+)$"),
)
#: What can only be said of a single task, so that words are its title.
_LOOK_FOR = (
    _pattern(
        r"^(?:(?:show|view|see|tell|give|what(?:'s| is| are))\s+(?:me\s+)?)?"
        r"(?:all\s+|more\s+)?(?:the\s+)?"
        r"(?:details?|info(?:rmation)?|description|due date|deadline|priority|status|tags)\s+"
        r"(?:about|of|on|for)\s+(?P<target>.+)$"
    ),
    _pattern(r"^when(?:'s| is| are| do(?:es)?)\s+(?P<target>.+?)\s+(?:due|have to be done)$"),
    _pattern(
        rf"^(?:is|are)\s+(?P<target>.+?)\s+(?:already\s+|still\s+)?(?:{DONE}|open|due|overdue)$"
    ),
)


def read_look(plain: str, today: date) -> Look | None:
    """`show task 1`, `when is the report due`; words alone are looked for in a list."""
    for pattern in _LOOK_FOR:
        if (match := pattern.match(plain)) and (target := read_target(match["target"], today)):
            return None if isinstance(target, Every) else Look(target=target)
    for pattern in _LOOK:
        if (match := pattern.match(plain)) and (target := read_target(match["target"], today)):
            return Look(target=target) if isinstance(target, Places | These) else None
    return None


def read_show(plain: str, today: date, *, asked: bool) -> Show | None:
    """The list that a clause asks for. `asked` says that it is a question."""
    if match := _FIND.match(plain):
        chosen, _ = read_filter(match["words"], today)
        target = read_target(match["words"], today)
        if chosen != Filter() and not read_filter(match["words"], today)[1]:
            return Show(filter=chosen)
        if isinstance(target, Words):
            return Show(filter=Filter(search=re.sub(r"\s+tasks?$", "", target.text, flags=re.I)))
    chosen, rest = read_filter(plain, today)
    begins, tasky = _SHOW.match(plain) is not None, _TASKY.search(plain) is not None
    if re.search(r"\bwhat (?:should|shall|must|can) i (?:do|work on|start)\b", plain, re.I):
        return Show(
            filter=replace(chosen, status=chosen.status or "pending", sort="priority", search=None)
        )
    if re.search(
        r"\bdo i (?:still )?(?:have|need) to do\b|\bwhat do i have\b.*\bto do\b|\bwhat's next\b",
        plain,
        re.I,
    ):
        chosen = replace(chosen, status=chosen.status or "pending")
        return Show(filter=chosen) if not rest or tasky else None
    if not rest and (chosen != Filter() or tasky or (begins and len(plain.split()) <= 3)):
        return Show(filter=chosen)
    if rest and tasky and begins and len(rest.split()) <= 4 and not asked:
        return Show(filter=replace(chosen, search=chosen.search or rest))
    return None
