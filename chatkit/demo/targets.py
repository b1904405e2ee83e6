"""Words -> which tasks are meant: by number, by a filter, by the title, or "it"."""

from __future__ import annotations

import re
from typing import Final

from chatkit.demo.doubt import is_doubtful
from chatkit.demo.filters import read_filter
from chatkit.demo.values import Every, It, Places, Shown, Target, TaskView, These, Words

_ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "last": -1,
}  # fmt: skip
_MOST_PLACES: Final = 50

_JOINT: Final = r"(?:\s*,\s*(?:and\s+)?|\s*&\s*|\s+and\s+)"
_NUMBER = r"(?:(?:the\s+)?(?:tasks?|numbers?|items?|no\.)\s*)?#?\d{1,4}"
_ORDINAL = rf"(?:{'|'.join(_ORDINALS)}|\d{{1,4}}(?:st|nd|rd|th))"
_IT = re.compile(r"(?:it|that|this|(?:that|this)\s+(?:one|task)|the task)", re.I)
_THEM = re.compile(r"(?:them|both|these|those)(?:\s+all|\s+tasks)?|all of (?:them|these)", re.I)
_PLACES = re.compile(rf"{_NUMBER}(?:{_JOINT}{_NUMBER})*", re.I)
_RANGE = re.compile(r"(?:tasks?\s+)?#?(\d{1,4})\s*(?:-|\u2013|to|through)\s*#?(\d{1,4})", re.I)
_NTH = re.compile(
    rf"(?:the\s+|my\s+)?{_ORDINAL}(?:{_JOINT}(?:the\s+)?{_ORDINAL})*(?:\s+(?:one|task|item)s?)?",
    re.I,
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_IDS = re.compile(rf"(?:the\s+)?(?:tasks?\s+)?{_UUID.pattern}(?:{_JOINT}{_UUID.pattern})*", re.I)
_EVERY = re.compile(r"(?:all|every|each|everything)\b|.*\btasks$", re.I)
_QUOTED = re.compile(
    r"(?:the\s+|my\s+)?(?:task\s+)?[\"“'\u2018«](?P<words>[^\"”»]+)[\"”'\u2019»](?:\s+task)?", re.I
)
_AROUND = re.compile(
    r"(?:the\s+|my\s+)?(?P<before>(?:task|to-?do)\s+(?:(?:called|named|about|to)\s+)?:?\s*)?"
    r"(?P<words>.+?)(?P<after>\s+(?:task|to-?do|one))?",
    re.I | re.S,
)
_FROM_LIST = re.compile(r"\s+(?:from|off|on|in)\s+(?:my|the)\s+(?:to-?do\s+|task\s+)?list$", re.I)


def read_target(text: str, *, loose: bool = False) -> Target | None:
    """Which tasks a phrase means; None when it names nothing, or says more than a name.

    A title has to be whole, unless it is called a task, or `loose` says that a part will do.
    """
    phrase = _FROM_LIST.sub("", text.strip(" \t\n,;:.!"))
    if not phrase or "?" in phrase:
        return None
    if _IT.fullmatch(phrase):
        return It()
    if _THEM.fullmatch(phrase):
        return Shown()
    if places := read_places(phrase):
        return Places(places)
    if _IDS.fullmatch(phrase):
        return These(tuple(TaskView(known.lower()) for known in _UUID.findall(phrase)))
    if _EVERY.match(phrase):
        chosen = read_filter(phrase)
        return None if chosen is None else Every(chosen)
    if quoted := _QUOTED.fullmatch(phrase):
        return Words(quoted["words"].strip())
    around = _AROUND.fullmatch(phrase)
    if around is None or is_doubtful(phrase):
        return None
    named = bool(around["before"] or around["after"])
    return Words(around["words"].strip(), loose or named)


def read_places(phrase: str) -> tuple[int, ...]:
    """Numbers in the list last shown, where a phrase holds nothing else."""
    if match := _RANGE.fullmatch(phrase):
        first, last = int(match[1]), int(match[2])
        if 0 < first < last < first + _MOST_PLACES:
            return tuple(range(first, last + 1))
    if _PLACES.fullmatch(phrase):
        numbers = [int(number) for number in re.findall(r"\d+", phrase)]
    elif _NTH.fullmatch(phrase):
        found = re.findall(r"[a-z]+|\d+", phrase.lower())
        numbers = [_ORDINALS.get(w) or int(w) for w in found if w in _ORDINALS or w.isdecimal()]
    else:
        return ()
    return tuple(dict.fromkeys(number for number in numbers if number))[:_MOST_PLACES]
