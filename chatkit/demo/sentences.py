"""Splits a message into sentences, removes polite phrases, and finds words of doubt.

A sentence of doubt is more than a plain request, and nothing is done then. Only free text is
checked for it, such as a title: all other words of a command are known. Text after a colon is taken
literally, unless its end cancels the request.
"""

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
_BULLET: Final = re.compile(r"\s*(?:[-*•\u2013]|\[[ xX]?\]|\d{1,3}[.)])\s+")
_MENTION: Final = "«[^»\n]*»"
#: A full stop after these does not end a sentence: "Dr.", or the number of a list item.
_NO_END: Final = r"\b(?:mr|mrs|ms|dr|st|vs|e\.g|i\.e|etc)$|(?:^|\n)\s*\d{1,3}$"
#: How much of the text before a full stop is looked at, in characters.
_BEFORE_CHARS: Final = 8


def shorten_marks(text: str) -> str:
    """Cut runs of punctuation and blanks to 12 characters.

    They mean no more than short ones, and patterns that begin with a run are quadratic in it.
    """
    return re.sub(r"([^\w\n]{12})[^\w\n]+", r"\1", text)


def split_sentences(message: str) -> list[str]:
    """The non-empty sentences of a message, in order. Titles of mentioned tasks are not split.
    Bulleted lines stay with what they list."""
    mentions = [match.span() for match in re.finditer(_MENTION, message)]
    sentences: list[str] = []
    start = place = 0
    for match in re.finditer(_END, message):
        while place < len(mentions) and mentions[place][1] <= match.start():
            place += 1
        if place < len(mentions) and mentions[place][0] < match.start():
            continue
        if not _ends(match, message):
            continue
        sentences.append(message[start : match.end()])
        start = match.end()
    return [each.strip() for each in (*sentences, message[start:]) if each.strip()]


def _ends(match: re.Match[str], message: str) -> bool:
    if "\n" in match[0]:
        return not _BULLET.match(message, match.end())
    before = message[max(match.start() - _BEFORE_CHARS, 0) : match.start()]
    return "." not in match[0] or not re.search(_NO_END, before, re.I)


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


_DOUBT: Final = re.compile(
    # denied
    r"\b(?:not|never|no|none|nothing|nobody|neither|nor|without|cannot|\w+n't|nope|nah)\b"
    # conditional
    r"|\b(?:if|unless|whether|when|whenever|while|until|till|otherwise|else|except|in case"
    r"|as soon as|as long as|assuming|suppose|supposing|provided|once (?:i|you|we|he|she|it"
    r"|they|the|my|that))\b"
    # hypothetical or asked
    r"|\b(?:would|should|could|might|may i|maybe|perhaps|probably|possibly|pretend|imagine"
    r"|hypothetically|theoretically|what)\b"
    # cancelled, or not meant
    r"|\b(?:but|instead|rather|wait|actually|cancel that|never ?mind|nvm|forget (?:it|that)"
    r"|scratch that|(?:just )?kidding|jok(?:e|ing)|jk|lol|haha\w*|sarcasm|yeah right|as if)\b|/s\b"
    # reported speech
    r"|\b(?:said|says|told|asked|wrote|quote|unquote)\b"
    # a second request
    r"|(?:,|\band|\bthen)\s+(?:then\s+)?(?:add|show|list|complete|finish|delete|remove|reopen|mark"
    r"|move|rename)\s+(?:me|my|all|the|what|it|them|everything|tasks?|#?\d)"
    r"|[?]",
    re.I,
)  # fmt: skip


def is_doubtful(text: str) -> bool:
    """Whether a free text contains more than a command needs."""
    return _DOUBT.search(text) is not None


_TAKEN_BACK: Final = re.compile(
    r"(?:[,;(\u2013\u2014]|\s-)\s*(?:actually|(?:just )?kidding|jk|lol|never ?mind|wait"
    r"|scratch that|forget (?:it|that)|or not|don'?t\s*$|no\s*$|no (?:wait|don't))\b.*$"
    r"|^(?:actually,?\s+)?(?:no|nope|nothing|never ?mind|forget it|cancel|stop)[.!\s]*$",
    re.I | re.S,
)


def is_taken_back(text: str) -> bool:
    """Whether the end of a literal text cancels the request."""
    return _TAKEN_BACK.search(text) is not None
