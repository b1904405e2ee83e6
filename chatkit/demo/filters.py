"""Words -> which tasks to list: by state, priority, category, tag or words of the title."""

from __future__ import annotations

import re
from typing import Final

from chatkit.demo.details import CATEGORY, PRIORITY, category_named, priority_named
from chatkit.demo.values import Filter, Show


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.I)


_STATUSES: Final = tuple(
    (_pattern(rf"\b(?:{pattern})\b"), status)
    for pattern, status in (
        (r"not (?:yet )?(?:done|completed?|finished)|unfinished|incomplete", "pending"),
        (r"overdue|past due|late", "overdue"),
        (r"completed?|finish(?:ed)?|done", "completed"),
        (r"(?:without|with no|no) (?:a )?(?:due )?(?:date|deadline)s?", "no due date"),
        (r"(?:due )?today", "today"),
        (r"(?:due )?tomorrow", "tomorrow"),
        (r"(?:due )?(?:this|the) week", "this week"),
        (r"pending|open|remaining|left|(?:have|need) to do", "pending"),
    )
)
_SORTS: Final = tuple(
    (_pattern(rf"\b(?:(?:sort|order)(?:ed)? )?(?:{pattern})\b"), sort)
    for pattern, sort in (
        (r"by (?:due )?(?:date|deadline)", "due date"),
        (r"by (?:priority|importance)", "priority"),
        (r"oldest(?: first)?", "oldest"),
        (r"newest(?: first)?", "newest"),
        (r"by (?:title|name)", "title"),
    )
)
_LEVEL = _pattern(rf"\b(?P<level>{PRIORITY})[- ](?:priority|prio)\b|\b(?P<bare>urgent|important)\b")
_KIND = _pattern(rf"(?:\bin (?:the )?)?(?<![\w#])(?P<name>{CATEGORY})(?: category)?\b")
_TAG = _pattern(
    r"(?:\b(?:tagged|with(?: the)? tag|tag)(?: with)?[: ]\s*#?|(?<!\w)#)(?P<tag>[\w-]+)"
)
_SEARCH = _pattern(r"\b(?:about|matching|containing|with the words?|called)\s+(?P<words>.+)$")
#: Words that a wish to see tasks may hold without saying which.
_FILLER: Final = frozenset(
    [
        "a",
        "all",
        "any",
        "anything",
        "are",
        "be",
        "been",
        "can",
        "current",
        "currently",
        "do",
        "due",
        "everything",
        "for",
        "get",
        "give",
        "got",
        "has",
        "have",
        "how",
        "i",
        "in",
        "is",
        "there",
        "it",
        "items",
        "list",
        "lists",
        "many",
        "me",
        "more",
        "my",
        "need",
        "now",
        "of",
        "on",
        "our",
        "please",
        "see",
        "show",
        "still",
        "task",
        "tasks",
        "that",
        "the",
        "there",
        "things",
        "to",
        "todo",
        "todos",
        "to-do",
        "to-dos",
        "us",
        "view",
        "we",
        "what",
        "what's",
        "which",
        "with",
        "you",
        "was",
        "were",
        "did",
    ]
)
_SHOW = _pattern(
    r"^(?:show|list|display|view|see|what(?:'s)?|which|how many|do i have|did i|are there"
    r"|is there|is anything"
    r"|any|give me|get)\b"
)
_TASKY = _pattern(r"\b(?:tasks?|to-?dos?|list)\b")
_FIND = _pattern(
    r"^(?:find|search(?: for)?|look for)\s+(?:(?:the|my)\s+)?(?P<words>.+?)(?: tasks?)?$"
)
_MORE = _pattern(r"^(?:show (?:me )?)?(?:more|the next (?:ones|page)|the rest)(?: tasks)?$")
_NEXT = _pattern(
    r"^what (?:should|must|can) i (?:do|work on)(?: next| now| first)?(?P<day> today)?$"
)


def read_filter(phrase: str) -> Filter | None:
    """The filter that a phrase names; None where it says anything else."""
    rest = " ".join(phrase.split()).strip(" ,;:.!?")
    tag = status = sort = search = priority = category = None
    if match := _SEARCH.search(rest):
        search, rest = match["words"].strip(" \"'“”"), rest[: match.start()]
    if match := _TAG.search(rest):
        tag, rest = match["tag"].lower(), _without(rest, match)
    for pattern, name in _SORTS:
        if sort is None and (match := pattern.search(rest)):
            sort, rest = name, _without(rest, match)
    for pattern, name in _STATUSES:
        if status is None and (match := pattern.search(rest)):
            status, rest = name, _without(rest, match)
    if match := _LEVEL.search(rest):
        priority, rest = priority_named(match["level"] or match["bare"]), _without(rest, match)
    if match := _KIND.search(rest):
        category, rest = category_named(match["name"]), _without(rest, match)
    if not all(word.lower() in _FILLER for word in re.findall(r"[^\s,;:.!?]+", rest)):
        return None
    return Filter(
        status=status, priority=priority, category=category, tag=tag, search=search, sort=sort
    )


def read_show(plain: str) -> Show | None:
    """The list that a clause asks for; None where it says anything else."""
    if _MORE.match(plain):
        return Show(more=True)
    if match := _NEXT.match(plain):
        return Show(filter=Filter(status="today" if match["day"] else "pending", sort="priority"))
    if match := _FIND.match(plain):
        return Show(
            filter=read_filter(match["words"]) or Filter(search=match["words"].strip('"“”'))
        )
    chosen = read_filter(plain)
    if chosen is None or re.match(r"(?:how|what) about\b", plain, re.I):
        return None
    begins, tasky = _SHOW.match(plain), _TASKY.search(plain)
    return (
        Show(filter=chosen)
        if tasky or (chosen != Filter() and (begins or " " not in plain))
        else None
    )


def _without(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"
