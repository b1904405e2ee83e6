"""Splits a message into sentences, and removes polite phrases from a sentence."""

from __future__ import annotations

import re
from typing import Final

_POLITE_START: Final = (
    r"^(?:(?:hi|hello|hey)(?:\s+there)?\s*[,!]\s*|(?:ok|okay|now|also|thanks)\s*,?\s+"
    r"|(?:please|kindly)\b[\s,]*|i(?:'d| would) like (?:you )?to\s+|i want (?:you )?to\s+"
    r"|let(?:'s| us)\s+)"
)
_REQUEST: Final = r"^(?:can|could) you\s+(?:please\s+)?|^(?:would|will) you please\s+"
_POLITE_END: Final = (
    r"[\s,]*\b(?:please|thanks(?: a lot)?|thank you(?: very much)?|for me|now)\s*(?P<mark>[.!?]*)$"
)
_END: Final = r"[.!?…]+\s+|\n+"
_BULLET: Final = r"\s*(?:[-*•\u2013]|\[[ xX]?\]|\d{1,3}[.)])\s+"
_QUOTED: Final = r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»|(?<!\w)'[^'\n]*'(?!\w)"
#: A full stop after these does not end a sentence: "Dr.", or the number of a list item.
_NO_END: Final = r"\b(?:mr|mrs|ms|dr|st|vs|e\.g|i\.e|etc)$|(?:^|\n)\s*\d{1,3}$"


def shorten_marks(text: str) -> str:
    """Cut runs of punctuation and blanks to 12 characters.

    They mean no more than short ones, and patterns that begin with a run are quadratic in it.
    """
    return re.sub(r"([^\w\n]{12})[^\w\n]+", r"\1", text)


def split_sentences(message: str) -> list[str]:
    """The non-empty sentences of a message, in order. Quoted text is not split. Bulleted lines
    stay with what they list."""
    quoted = [match.span() for match in re.finditer(_QUOTED, message)]
    sentences: list[str] = []
    start = 0
    for match in re.finditer(_END, message):
        if any(left < match.start() < right for left, right in quoted) or not _ends(match, message):
            continue
        sentences.append(message[start : match.end()])
        start = match.end()
    return [each.strip() for each in (*sentences, message[start:]) if each.strip()]


def _ends(match: re.Match[str], message: str) -> bool:
    if "\n" in match[0]:
        return not re.match(_BULLET, message[match.end() :])
    return "." not in match[0] or not re.search(_NO_END, message[: match.start()], re.I)


def without_politeness(sentence: str) -> tuple[str, bool]:
    """The request without polite words, and whether it was a question: `Could you add milk?`"""
    asked = False
    for _ in range(4):
        before = sentence
        sentence = re.sub(_POLITE_START, "", sentence.strip(), count=1, flags=re.I)
        if match := re.match(_REQUEST, sentence, re.I):
            asked, sentence = True, sentence[match.end() :]
        if (end := re.search(_POLITE_END, sentence, re.I)) and end.start() > 0:
            sentence = sentence[: end.start()] + end["mark"]
        if sentence == before:
            break
    return sentence.strip(), asked
