"""Reads which tasks to list: by status, priority, category, tag or words of the title."""

from __future__ import annotations

import re
from typing import Any, Final

from chatkit.demo.details import CATEGORY, LEVEL, LEVELS
from chatkit.demo.values import Show
from chatkit.todo.tasks import MAX_TAG, MAX_TITLE

_STATUSES: Final = (
    (r"not (?:yet )?(?:done|completed?|finished)|unfinished|incomplete", "pending"),
    (r"overdue|late", "overdue"),
    (r"completed?|finished|done", "completed"),
    (r"(?:due )?today", "today"),
    (r"(?:due )?tomorrow", "tomorrow"),
    (r"(?:due )?(?:this|the) week", "this week"),
    (r"pending|open|remaining|left|(?:have|need) to do", "pending"),
)
_PRIORITY: Final = rf"\b(?:(?P<level>{LEVEL})[- ]priority|(?P<bare>urgent|important))\b"
_CATEGORY: Final = rf"(?:\bin (?:the )?)?(?<![\w#])(?P<name>{CATEGORY})(?: category)?\b"
_TAG: Final = r"(?:\b(?:tagged|with(?: the)? tag|tag)(?: with)?[: ]\s*#?|(?<!\w)#)(?P<tag>[\w-]+)"
_SEARCH: Final = r"\b(?:about|containing|called)\s+(?P<words>.+)$"
#: Words in a request for a list that do not restrict it.
_FILLER: Final = (
    r"an?|all|any|anything|are|be|can|current|currently|did|display|do|due|everything|for|get|give"
    r"|got|has|have|how|i|in|is|it|items|lists?|many|me|my|need|now|of|on|our|please|see|show|still"
    r"|tasks?|that|the|there|things|to|to-?dos?|us|view|was|we|were|what|what's|which|with|you"
)
_ASKS: Final = (
    r"(?:show|list|display|view|see|what(?:'s)?|which|how many|do i have|did i|are there|is there"
    r"|any|give me|get)\b"
)
_FIND: Final = r"(?:find|search(?: for)?|look for)\s+(?:(?:the|my)\s+)?(?P<words>.+?)(?: tasks?)?"


def read_filter(phrase: str) -> dict[str, Any] | None:
    """The arguments of `list_tasks` that a phrase names; None if it contains anything else."""
    found: dict[str, Any] = {}
    rest = " ".join(phrase.split()).strip(" ,;:.!?")

    def take(pattern: str) -> re.Match[str] | None:
        nonlocal rest
        if match := re.search(pattern, rest, re.I):
            rest = f"{rest[: match.start()]} {rest[match.end() :]}"
        return match

    if match := take(_SEARCH):
        found["search"] = match["words"].strip(" \"'“”")[:MAX_TITLE]
    if match := take(_TAG):
        found["tag"] = match["tag"].lower()[:MAX_TAG]
    for pattern, status in _STATUSES:
        if "status" not in found and take(rf"\b(?:{pattern})\b"):
            found["status"] = status
    if match := take(_PRIORITY):
        found["priority"] = LEVELS[(match["level"] or match["bare"]).lower()]
    if match := take(_CATEGORY):
        found["category"] = match["name"].lower()
    said = re.findall(r"[^\s,;:.!?]+", rest)
    return found if all(re.fullmatch(_FILLER, word, re.I) for word in said) else None


def read_show(plain: str) -> Show | None:
    """The list that a sentence asks for; None if it contains anything else."""
    if match := re.fullmatch(_FIND, plain, re.I):
        words = match["words"].strip('"“”')[:MAX_TITLE]
        return Show(filter=read_filter(match["words"]) or {"search": words})
    chosen = read_filter(plain)
    if chosen is None or re.match(r"(?:how|what) about\b", plain, re.I):
        return None
    begins, names_tasks = (
        re.match(_ASKS, plain, re.I),
        re.search(r"\b(?:tasks?|to-?dos?|list)\b", plain, re.I),
    )
    wanted = names_tasks or (chosen and (begins or " " not in plain))
    return Show(filter=chosen) if wanted else None
