"""Reads which tasks are meant: by number, by a filter, by the title, or "it"."""

from __future__ import annotations

import re
from typing import Final

from chatkit.demo.doubt import is_doubtful
from chatkit.demo.filters import read_filter
from chatkit.demo.values import Every, It, Places, Target, Words

_ORDINALS: Final = {"first": 1, "second": 2, "third": 3, "last": -1}
_MAX_PLACES: Final = 50
_JOINT: Final = r"(?:\s*,\s*(?:and\s+)?|\s*&\s*|\s+and\s+)"
_NUMBER: Final = r"(?:(?:the\s+)?(?:tasks?|numbers?|no\.)\s*)?#?\d{1,4}"
_ORDINAL: Final = rf"(?:the\s+|my\s+)?({'|'.join(_ORDINALS)})(?:\s+(?:one|task))?"
_IT: Final = r"(?:it|that|this|(?:that|this)\s+(?:one|task)|the task)"
_EVERY: Final = r"(?:all|every|each|everything)\b|.*\btasks$"
_QUOTED: Final = (
    r"(?:(?:the\s+|my\s+)?task\s+)?(?:«(?P<mentioned>[^»]+)»|[\"“'](?P<words>[^\"”]+)[\"”'])"
    r"(?:\s+task)?"
)
_TITLE: Final = (
    r"(?:the\s+|my\s+)?(?:(?:task|to-?do)\s+(?:(?:called|named)\s+)?:?\s*)?"
    r"(?P<words>.+?)(?:\s+(?:task|to-?do))?"
)
_FROM_LIST: Final = r"\s+(?:from|off|on)\s+(?:my|the)\s+(?:to-?do\s+|task\s+)?list$"


def read_target(text: str) -> Target | None:
    """The target that a phrase names; None if it names none, or contains more than a name."""
    phrase = re.sub(_FROM_LIST, "", text.strip(" \t\n,;:.!"), flags=re.I)
    if not phrase or "?" in phrase:
        return None
    if re.fullmatch(_IT, phrase, re.I):
        return It()
    if re.fullmatch(rf"{_NUMBER}(?:{_JOINT}{_NUMBER})*", phrase, re.I):
        numbers = dict.fromkeys(int(number) for number in re.findall(r"\d+", phrase))
        return Places(tuple(filter(None, numbers))[:_MAX_PLACES]) if any(numbers) else None
    if match := re.fullmatch(_ORDINAL, phrase, re.I):
        return Places((_ORDINALS[match[1].lower()],))
    if re.match(_EVERY, phrase, re.I):
        chosen = read_filter(phrase)
        return None if chosen is None else Every(chosen)
    if match := re.fullmatch(_QUOTED, phrase, re.I):
        return Words((match["mentioned"] or match["words"]).strip())
    match = re.fullmatch(_TITLE, phrase, re.I | re.S)
    return None if match is None or is_doubtful(phrase) else Words(match["words"].strip())
