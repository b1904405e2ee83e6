"""Words -> which tasks are meant: by number, by a filter, by words of the title, or "it"."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from chatkit.demo.filters import CARDINALS, read_filter
from chatkit.demo.values import Every, It, Places, Shown, Target, TaskView, These, Words

_ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "last": -1,
}  # fmt: skip
_MOST_PLACES = 50

_CALLED = r"(?:the\s+|my\s+)?(?:tasks?|items?|numbers?|nos?\.?|to-?dos?)(?:\s*:)?\s*"
_ORDINAL = rf"(?:{'|'.join(_ORDINALS)}|\d{{1,4}}(?:st|nd|rd|th))"
_JOINT = r"(?:\s*,\s*(?:and\s+)?|\s*&\s*|\s+and\s+|\s+)"
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
_NAMED_PLACE = re.compile(rf"(?:{_CALLED}){{1,2}}(?P<word>{'|'.join(CARDINALS)})", re.I)
_FIRST_FEW = re.compile(
    rf"(?:the\s+)?first\s+(?P<count>\d{{1,2}}|{'|'.join(CARDINALS)})(?:\s+(?:tasks|ones|items))?",
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


_TOO = re.compile(r"\s+(?:as well|too|also)$", re.I)


def read_target(text: str, today: date) -> Target | None:
    """Which tasks a phrase means; None when it names nothing."""
    phrase = _FROM_LIST.sub("", _TOO.sub("", text.strip(" \t\n,;:.!?")))
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
        chosen, rest = read_filter(phrase, today)
        if not rest and chosen.limit is None:
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
        return tuple(range(1, (CARDINALS.get(count) or int(count)) + 1))[:_MOST_PLACES]
    if _PLACES.fullmatch(phrase):
        numbers = [int(number) for number in re.findall(r"\d+", phrase)]
    elif match := _NAMED_PLACE.fullmatch(phrase):
        numbers = [CARDINALS[match["word"].lower()]]
    elif _NTH.fullmatch(phrase):
        found = re.findall(r"[a-z]+|\d+", phrase.lower())
        numbers = [_ORDINALS.get(word) or int(word) for word in found if _is_place(word)]
    else:
        return ()
    return tuple(dict.fromkeys(number for number in numbers if number))[:_MOST_PLACES]


def _is_place(word: str) -> bool:
    return word in _ORDINALS or (word.isascii() and word.isdigit())
