"""Words -> which tasks to list: by state, day, priority, category, tag or words of the title."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from chatkit.demo.details import CATEGORY, PRIORITY, category_named, priority_named
from chatkit.demo.spans import find_span
from chatkit.demo.values import Filter, Span

CARDINALS: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_STATUSES: Final = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.I), status)
    for pattern, status in (
        (r"not (?:yet )?(?:done|completed?|finished)|unfinished|incomplete|uncompleted|still open",
         "pending"),
        (r"overdue|past due|late|missed", "overdue"),
        (r"completed?|finish(?:ed)?|done|accomplished?|achieved?", "completed"),
        (r"(?:without|with no|no) (?:a )?(?:due )?(?:date|deadline)s?|undated", "no due date"),
        (r"week's|the week|week", "this week"),
        (r"pending|open|active|remaining|outstanding|left|upcoming|unresolved|to be done"
         r"|(?:have|need) to do", "pending"),
    )
)  # fmt: skip
_SORTS: Final = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.I), sort)
    for pattern, sort in (
        (r"(?:sort(?:ed)?|order(?:ed)?) by (?:due )?(?:date|deadline)|by (?:due date|deadline)",
         "due date"),
        (r"(?:(?:sort(?:ed)?|order(?:ed)?) )?by priority|most (?:important|urgent)(?: first)?",
         "priority"),
        (r"oldest(?: first)?", "oldest"),
        (r"newest(?: first)?|latest|(?:most )?recent(?:ly added)?", "newest"),
        (r"alphabetical(?:ly)?|(?:(?:sort(?:ed)?|order(?:ed)?) )?by (?:title|name)", "title"),
    )
)  # fmt: skip
_LEVEL = re.compile(
    rf"\b(?P<level>{PRIORITY})(?:[- ](?:priority|prio))\b|\bpriority:? (?P<after>{PRIORITY})\b"
    r"|\b(?P<bare>urgent|important)\b",
    re.I,
)
_KIND = re.compile(
    rf"(?:\b(?:in|from"
    rf"|under) (?:the )?(?:category )?)?(?:category:? )?(?<![\w#])@?(?P<name>{CATEGORY})"
    r"(?: category)?\b",
    re.I,
)
_TAG = re.compile(
    r"(?:\b(?:tagged(?: (?:as|with))?|with(?: the)? tags?|tags?|labell?ed)[: ]\s*#?|(?<!\w)#)"
    r"(?P<tag>[\w-]+)",
    re.I,
)
_SEARCH = re.compile(
    r"\b(?:about|matching|containing|contain(?:s|ing)?|mention(?:s|ing)?|with the words?"
    r"|called|named)"
    r"\s+(?P<words>.+)$",
    re.I,
)
_FILLING = (
    "a about again all also and any anything are been can current currently do due each "
    "entire every everything for full get give got has have i in is it items item just empty list "
    "lists me more my need now of on only open our please should show still sort sorted order "
    "by task tasks that the there things thing to todo todos todo's to-do to-dos up us we what "
    "what's whats which who will with you yet so far here see overview agenda plate schedule "
    "next first ones one at display view left was were did am i've had going planned plans whole "
    "how many count number complete must date dates deadline deadlines coming most"
)
_FILLER: Final = frozenset(_FILLING.split())


#: Spans of days that the tool itself knows, for open tasks.
_NAMED_SPANS: Final = ("today", "tomorrow", "this week")
_COUNTED = re.compile(
    rf"\b(?:the\s+)?(?:(?:first|top|next)\s+)?(?P<count>\d{{1,2}}|{'|'.join(CARDINALS)})\s+"
    r"(?=(?:[\w-]+\s+){0,3}?(?:tasks?|to-?dos?|items?|ones?)\b)",
    re.I,
)
_SINGLE = re.compile(
    r"\b(?:newest|latest|oldest|most (?:recent|important|urgent))\s+(?:task|to-?do|item|one)\b",
    re.I,
)


def read_filter(text: str, today: date) -> tuple[Filter, str]:
    """The filter that a phrase names, and the words of it that name nothing of the kind."""
    rest = " ".join(text.replace("\u2019", "'").split()).strip(" ,;:.!?")
    status = priority = category = tag = search = sort = limit = None
    span: Span | None = None
    if match := _SEARCH.search(rest):
        search = match["words"].strip(" \"'“”?.!")
        rest = rest[: match.start()]
    if match := _TAG.search(rest):
        tag = match["tag"].lower()
        rest = _without(rest, match)
    if _SINGLE.search(rest):
        limit = 1
    elif match := _COUNTED.search(rest):
        count = match["count"].lower()
        limit, rest = CARDINALS.get(count) or int(count) or None, _without(rest, match)
    for pattern, name in _SORTS:
        if sort is None and (match := pattern.search(rest)):
            sort, rest = name, _without(rest, match)
    if found := find_span(rest, today):
        span, rest = found
        if (other := find_span(rest, today)) and (both := span.joined(other[0])):
            span, rest = both, other[1]
    for pattern, name in _STATUSES:
        if match := pattern.search(rest):
            status, rest = status or name, _without(rest, match)
    if match := _LEVEL.search(rest):
        priority = priority_named(match["level"] or match["after"] or match["bare"])
        rest = _without(rest, match)
    if match := _KIND.search(rest):
        category, rest = category_named(match["name"]), _without(rest, match)
    left = [word for word in re.findall(r"[^\s,;:.!?\"“”()]+", rest) if word.lower() not in _FILLER]
    if span is not None and status in (None, "pending"):
        if span.name in _NAMED_SPANS:
            status, span = span.name, None
        elif span.last is None or span.last >= today:
            status = "pending"
    chosen = Filter(
        status=status,
        priority=priority,
        category=category,
        tag=tag,
        search=search,
        sort=sort,
        limit=limit,
        span=span,
    )
    return chosen, " ".join(left)


def _without(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"
