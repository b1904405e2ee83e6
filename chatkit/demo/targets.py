"""Reads which tasks are meant: by number, by title, "it", or by status, priority and so on."""

from __future__ import annotations

import re
from typing import Any, Final

from chatkit.demo.details import CATEGORY, LEVEL, LEVELS
from chatkit.demo.sentences import is_doubtful
from chatkit.demo.values import Every, It, Places, Show, Target, Words
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

_ORDINALS: Final = ("first", "second", "third")
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
        return Show(read_filter(match["words"]) or {"search": words})
    chosen = read_filter(plain)
    if chosen is None or re.match(r"(?:how|what) about\b", plain, re.I):
        return None
    asks = re.match(_ASKS, plain, re.I) or " " not in plain
    names_tasks = re.search(r"\b(?:tasks?|to-?dos?|list)\b", plain, re.I)
    return Show(chosen) if names_tasks or (chosen and asks) else None


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
        return Places((_ORDINALS.index(match[1].lower()) + 1,))
    if re.match(_EVERY, phrase, re.I):
        chosen = read_filter(phrase)
        return None if chosen is None else Every(chosen)
    if match := re.fullmatch(_QUOTED, phrase, re.I):
        return Words((match["mentioned"] or match["words"]).strip())
    match = re.fullmatch(_TITLE, phrase, re.I | re.S)
    return None if match is None or is_doubtful(phrase) else Words(match["words"].strip())


def fold(title: str) -> str:
    """A title in lower case without punctuation, with a space at both ends."""
    words = re.findall(r"\w+", title.casefold())
    return f" {' '.join(words[1:] if words[:1] in (['the'], ['my']) else words)} "
