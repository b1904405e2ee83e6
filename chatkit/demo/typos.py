"""Slips of the keyboard in the words that make a command; all other words are the user's own."""

from __future__ import annotations

import re
from typing import Final

from chatkit.demo.adding import TASK_VERBS
from chatkit.demo.clauses import QUOTED

_VERBS: Final = (
    "add", "change", "complete", "create", "delete", "finish", "list", "mark", "move", "postpone",
    "remind", "remove", "rename", "reopen", "search", "show", "update",
)  # fmt: skip
_NOUNS: Final = ("task", "tasks")
#: Words that are right as they are, however near to a command.
_KNOWN: Final = TASK_VERBS | frozenset((*_VERBS, *_NOUNS, "lost", "love", "mike", "shot", "most"))
_START = re.compile(
    r"(?:^|[.!?;,:\n]\s*|\b(?:and|then|please|you|to)\s+)(?P<verb>[a-z]{3,10})(?P<rest>[^.;\n]*)",
    re.I,
)
_ABOUT_TASKS = re.compile(r"\b(?:tasks?|my list)\b", re.I)
_NEARBY = 3


def without_typos(text: str) -> str:
    """`shwo my taks` -> `show my tasks`. Nothing between quotation marks is touched."""
    quoted = [match.span() for match in QUOTED.finditer(text)]
    position = 0
    while match := _START.search(text, position):
        position = match.end("verb")
        if any(left < position < right for left, right in quoted):
            continue
        rest = _with_nouns(match["rest"])
        verb = _nearest(match["verb"], bold=_ABOUT_TASKS.search(rest) is not None)
        if verb in _VERBS:
            text = f"{text[: match.start('verb')]}{verb}{rest}{text[match.end() :]}"
            position = match.start("verb") + len(verb)
    return text


def _with_nouns(rest: str) -> str:
    """The words right after a verb, `taks` and `tsak` set right."""
    words = re.split(r"(\s+)", rest)
    for place in range(min(len(words), 2 * _NEARBY + 1)):
        if words[place][:1].lower() == "t" and words[place].lower() not in _KNOWN:
            slip = [noun for noun in _NOUNS if _is_slip(words[place].lower(), noun)]
            words[place] = slip[-1] if slip else words[place]
    return "".join(words)


def _nearest(word: str, *, bold: bool) -> str:
    """The command that a word is meant for; `bold` where what follows speaks of tasks."""
    lower = word.lower()
    if lower in _KNOWN:
        return word if lower not in _VERBS else lower
    for verb in _VERBS:
        if lower.startswith(verb):  # "completed" is no slip
            continue
        if lower[0] == verb[0] and len(lower) > 3 and _is_slip(lower, verb):
            return verb
        if bold and len(verb) > 3 and _is_near(lower, verb, 2 if len(verb) > 5 else 1):
            return verb
    return word


def _is_slip(word: str, meant: str) -> bool:
    """One letter left out, put twice or too many, or two neighbours changed round."""
    if len(word) == len(meant):
        wrong = [place for place in range(len(word)) if word[place] != meant[place]]
        return len(wrong) == 2 and wrong[1] == wrong[0] + 1 and sorted(word) == sorted(meant)
    longer, shorter = (word, meant) if len(word) > len(meant) else (meant, word)
    return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))


def _is_near(word: str, meant: str, most: int) -> bool:
    """Whether so many letters put in, left out, exchanged or swapped make one of the other."""
    before, row = [0] * (len(meant) + 1), list(range(len(meant) + 1))
    for place, letter in enumerate(word, 1):
        older, before, row = before, row, [place]
        for other, wanted in enumerate(meant, 1):
            cost = min(before[other] + 1, row[-1] + 1, before[other - 1] + (letter != wanted))
            swapped = place > 1 and other > 1 and letter == meant[other - 2]
            if swapped and word[place - 2] == wanted:
                cost = min(cost, older[other - 2] + 1)
            row.append(cost)
    return row[-1] <= most
