"""Reads the one intent of a message. Pure and total: every text has an intent.

A message is understood as a whole or not at all. A negated, conditional or quoted request, or one
about something else, contains more than a known request and therefore changes no data.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final, Literal

from chatkit.demo.adding import read_add
from chatkit.demo.changing import read_acting
from chatkit.demo.details import tidy_title
from chatkit.demo.sentences import shorten_marks, split_sentences, without_politeness
from chatkit.demo.targets import read_show
from chatkit.demo.values import (
    UNKNOWN,
    Add,
    ChangeTask,
    Complete,
    Delete,
    Intent,
    Plan,
    Talk,
    Write,
)

#: How much of a message is read, in characters. Lists of tasks are shorter.
_MAX_READ: Final = 3000

_YES: Final = r"yes|yep|yeah|yup|sure|ok(?:ay)?|go ahead|do it|confirm|please do|of course"
_NO: Final = (
    r"no|nope|nah|never ?mind|forget it|don'?t|leave (?:it|them)|keep (?:it|them)|cancel|stop"
)
_TALK: Final[dict[Literal["help", "hello", "thanks", "undo", "yes", "no"], str]] = {
    "hello": r"(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there| again)?",
    "thanks": r"(?:great |many )?(?:thanks|thank you|thx)(?: a lot| so much| very much)?|great|cool"
    r"|perfect|nice",
    "yes": rf"(?:{_YES})(?:,? (?:please|go ahead|do it|delete (?:it|them)(?: all)?))*",
    "no": rf"(?:{_NO})(?:,? (?:thanks|thank you|{_NO}))*",
    "undo": r"(?:please )?(?:undo(?: (?:that|it|this|(?:the|your) last (?:change|answer)"
    r"|what you (?:just )?did))?|revert (?:that|it|this)|take (?:that|it|this) back)(?:,? please)?",
    "help": r"\?|help(?: me)?|examples?|what (?:else )?(?:can|do|are) you (?:help|do|able to)\b.*"
    r"|(?:how )?(?:can|could) you help\b.*|(?:who|what) are you",
}  # fmt: skip
#: Commands without a task.
_BARE: Final = (
    r"(?P<verb>complete|finish|delete|remove|reopen|rename|move|tag|update|change|mark)"
    r"(?:\s+(?:an?|the|my)?\s*(?:tasks?|to-?dos?))?"
)
_BEGUN: Final[dict[str, Intent]] = {
    "complete": Complete(), "finish": Complete(), "mark": Complete(), "delete": Delete(),
    "remove": Delete(), "reopen": Complete(completed=False),
}  # fmt: skip
_PLAN: Final = (
    r"(?:(?:help me\s+(?:to\s+)?)?plan\s+an?\s+(?:new\s+)?(?:task|to-?do)|ask me)"
    r"(?:(?:\s*[:,]\s*|\s+(?:about|called|for|to)\s+)(?P<title>.+))?"
)
#: Kinds of texts that can be drafted.
_WRITE: Final = (
    r"(?:draft|write|help me (?:to )?(?:write|draft))\s+(?:me\s+)?(?:an?\s+|the\s+|my\s+)?"
    r"(?:(?:short|quick|polite)\s+)*(?P<what>(?:e-?mail|message|letter|reply)\b.*)"
)


@lru_cache(maxsize=256)  # each round of a turn, and each later turn, reads the message again
def understand(message: str, today: date) -> Intent:
    """The intent of a message; unknown if one of its sentences is not understood."""
    text = message[:_MAX_READ].replace("\u2019", "'").replace("\r\n", "\n").replace("\r", "\n")
    text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
    text = shorten_marks(text)
    if talk := _read_talk(text):
        return talk
    polite = (Talk("hello"), Talk("thanks"))
    sentences = [each for each in split_sentences(text) if _read_talk(each) not in polite]
    return _read_sentence(sentences[0], today) if len(sentences) == 1 else UNKNOWN


def _read_talk(text: str) -> Talk | None:
    plain = text.rstrip(" .!")
    for kind, pattern in _TALK.items():
        asking = kind in ("hello", "help") and plain != "?"
        if re.fullmatch(pattern, plain.rstrip("? ") if asking else plain, re.I):
            return Talk(kind)
    return None


def _read_sentence(sentence: str, today: date) -> Intent:
    sentence, requested = without_politeness(sentence)
    plain = sentence.rstrip(" .!?…").strip()
    if match := re.fullmatch(_BARE, plain, re.I):
        return _BEGUN.get(match["verb"].lower(), ChangeTask())
    if shown := read_show(plain):
        return shown
    if sentence.endswith("?") and not requested:
        return UNKNOWN
    if match := re.fullmatch(_PLAN, plain, re.I | re.S):
        return Plan(tidy_title(match["title"] or ""))
    if match := re.fullmatch(_WRITE, plain, re.I | re.S):
        return Write(match["what"])
    added: Add | Talk | None = read_add(sentence.rstrip("?") if requested else sentence, today)
    return read_acting(plain, today) or added or UNKNOWN
