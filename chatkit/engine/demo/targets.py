"""Words -> which tasks are meant: by number, by a filter, by words of the title, or "it"."""

from __future__ import annotations

import re
from typing import Final

from chatkit.engine.demo.details import CATEGORY, PRIORITY, category_named, priority_named
from chatkit.engine.demo.values import (
    Every,
    Filter,
    It,
    Places,
    Shown,
    Target,
    TaskView,
    These,
    Words,
)

_ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "last": -1,
}  # fmt: skip
_CARDINALS: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_MOST_PLACES = 50

_CALLED = r"(?:the\s+|my\s+)?(?:tasks?|items?|numbers?|nos?\.?|to-?dos?)\s*:?\s*"
_ORDINAL = rf"(?:{'|'.join(_ORDINALS)}|\d{{1,4}}(?:st|nd|rd|th))"
_JOINT = r"(?:\s*,\s*(?:and\s+)?|\s*(?:&|\+)\s*|\s+and\s+|\s+)"
_NUMBER = r"(?:(?:task|number|no\.?)\s*)?#?\d{1,4}"

_IT = re.compile(
    r"(?:it|that|this|(?:that|this|the same)\s+(?:one|task|item)|the task|my last task)", re.I
)
_THEM = re.compile(r"(?:them|both|these|those|all\s+of\s+(?:them|these|those)|both of them)", re.I)
_PLACES = re.compile(rf"(?:{_CALLED})?{_NUMBER}(?:{_JOINT}{_NUMBER})*\.?", re.I)
_RANGE = re.compile(
    rf"(?:{_CALLED})?#?(\d{{1,4}})\s*(?:-|\u2013|to|through"
    rf"|till)\s*#?(\d{{1,4}})",
    re.I,
)
_NAMED_PLACE = re.compile(rf"(?:{_CALLED})+(?P<word>{'|'.join(_CARDINALS)})", re.I)
_FIRST_FEW = re.compile(
    rf"(?:the\s+)?first\s+(?P<count>\d{{1,2}}|{'|'.join(_CARDINALS)})(?:\s+(?:tasks|ones|items))?",
    re.I,
)
_NTH = re.compile(
    rf"(?:the\s+|my\s+)?{_ORDINAL}(?:{_JOINT}(?:the\s+)?{_ORDINAL})*(?:\s+(?:one|task|item)s?)?",
    re.I,
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_IDS = re.compile(rf"(?:{_CALLED})?{_UUID.pattern}(?:{_JOINT}{_UUID.pattern})*", re.I)
_EVERY = re.compile(r"(?:all|every|each|everything)\b|.*\btasks$", re.I)
_AROUND = re.compile(
    r"^(?:the\s+|my\s+|a\s+)?(?:(?:task|item|to-?do|one)\b\s*)?(?:(?:called|named|about|for|with)\s+)?:?\s*"
    r"(?P<words>.*?)(?:\s+(?:task|item|to-?do|one))?$",
    re.I | re.S,
)
_QUOTED = re.compile(r"[\"“'\u2018«](?P<words>[^\"”»]+)[\"”'\u2019»]")
_FROM_LIST = re.compile(
    r"\s+(?:from|off|on|in)\s+(?:my|the)\s+(?:to-?\s?do\s+|task\s+)?list$", re.I
)


def read_target(text: str) -> Target | None:
    """Which tasks a phrase means; None when it names nothing."""
    phrase = _FROM_LIST.sub("", text.strip(" \t\n,;:.!?"))
    if not phrase:
        return None
    if _IT.fullmatch(phrase):
        return It()
    if _THEM.fullmatch(phrase):
        return Shown()
    if places := _read_places(phrase):
        return Places(places)
    if _IDS.fullmatch(phrase):
        return These(tuple(TaskView(known.lower()) for known in _UUID.findall(phrase)))
    if _EVERY.match(phrase):
        chosen, rest = read_filter(phrase)
        if not rest:
            return Every(chosen)
    if quoted := _QUOTED.search(phrase):
        return Words(quoted["words"].strip())
    around = _AROUND.match(phrase)
    words = around["words"].strip(" \"'“”") if around else phrase
    return Words(words) if words else None


def _read_places(phrase: str) -> tuple[int, ...]:
    if match := _RANGE.fullmatch(phrase):
        first, last = int(match[1]), int(match[2])
        if 0 < first < last < first + _MOST_PLACES:
            return tuple(range(first, last + 1))
    if match := _FIRST_FEW.fullmatch(phrase):
        count = match["count"].lower()
        return tuple(range(1, (_CARDINALS.get(count) or int(count)) + 1))[:_MOST_PLACES]
    if _PLACES.fullmatch(phrase):
        numbers = [int(number) for number in re.findall(r"\d+", phrase)]
    elif match := _NAMED_PLACE.fullmatch(phrase):
        numbers = [_CARDINALS[match["word"].lower()]]
    elif _NTH.fullmatch(phrase):
        found = re.findall(r"[a-z]+|\d+", phrase.lower())
        numbers = [_ORDINALS.get(word) or int(word) for word in found if _is_place(word)]
    else:
        return ()
    return tuple(dict.fromkeys(number for number in numbers if number))[:_MOST_PLACES]


def _is_place(word: str) -> bool:
    return word in _ORDINALS or (word.isascii() and word.isdigit())


_STATUSES: Final = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.I), status)
    for pattern, status in (
        (r"not (?:yet )?(?:done|completed?|finished)|unfinished|incomplete|uncompleted|still open",
         "pending"),
        (r"overdue|past due|late|missed", "overdue"),
        (r"completed?|finish(?:ed)?|done|accomplished?|achieved?", "completed"),
        (r"(?:without|with no|no) (?:a )?(?:due )?(?:date|deadline)s?|undated", "no due date"),
        (r"tomorrow", "tomorrow"),
        (r"today|tonight", "today"),
        (r"(?:this|the|next 7 days|week's) week|week", "this week"),
        (r"pending|open|active|remaining|outstanding|left|upcoming|unresolved|to be done"
         r"|(?:have|need) to do", "pending"),
    )
)  # fmt: skip
_SORTS: Final = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.I), sort)
    for pattern, sort in (
        (r"(?:sort(?:ed)?|order(?:ed)?) by (?:due )?(?:date|deadline)|by (?:due date|deadline)",
         "due date"),
        (r"(?:(?:sort(?:ed)?|order(?:ed)?) )?by priority|most important first", "priority"),
        (r"oldest(?: first)?", "oldest"),
        (r"newest(?: first)?|(?:most )?recent(?:ly added)?", "newest"),
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
    "entire every everything for full get give got has have i in is it items item just latest list "
    "lists me more my need now of on only open our please should show still sort sorted order "
    "by task tasks that the there things thing to todo todos todo's to-do to-dos up us we what "
    "what's whats which who will with you yet so far here see overview agenda plate schedule "
    "next first ones one at display view left was were did am i've had going planned plans whole "
    "how many count number complete must date dates deadline deadlines coming most"
)
_FILLER: Final = frozenset(_FILLING.split())


def read_filter(text: str) -> tuple[Filter, str]:
    """The filter that a phrase names, and the words of it that name nothing of the kind."""
    rest = " ".join(text.replace("\u2019", "'").split()).strip(" ,;:.!?")
    status = priority = category = tag = search = sort = None
    if match := _SEARCH.search(rest):
        search = match["words"].strip(" \"'“”?.!")
        rest = rest[: match.start()]
    if match := _TAG.search(rest):
        tag = match["tag"].lower()
        rest = _without(rest, match)
    for pattern, name in _SORTS:
        if sort is None and (match := pattern.search(rest)):
            sort, rest = name, _without(rest, match)
    for pattern, name in _STATUSES:
        if match := pattern.search(rest):
            status, rest = status or name, _without(rest, match)
    if match := _LEVEL.search(rest):
        priority = priority_named(match["level"] or match["after"] or match["bare"])
        rest = _without(rest, match)
    if match := _KIND.search(rest):
        category, rest = category_named(match["name"]), _without(rest, match)
    left = [word for word in re.findall(r"[^\s,;:.!?\"“”()]+", rest) if word.lower() not in _FILLER]
    chosen = Filter(
        status=status, priority=priority, category=category, tag=tag, search=search, sort=sort
    )
    return chosen, " ".join(left)


def _without(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"
