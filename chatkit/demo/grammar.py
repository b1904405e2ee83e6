"""A message -> the intents in it, in order. Pure, and total: any text gives at least one.

A message is understood as a whole or not at all: where one of its clauses is more than a known
request, nothing of it is done. So what is denied, conditional, quoted or about something else
changes no data, whatever it says beside that.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final, Literal, get_args

from chatkit.demo.adding import read_add
from chatkit.demo.changing import read_change, read_complete, read_delete
from chatkit.demo.clauses import split_clauses, without_politeness
from chatkit.demo.details import tidy_title
from chatkit.demo.filters import read_show
from chatkit.demo.values import (
    Add,
    Begun,
    Intent,
    Plan,
    Talk,
    Unknown,
    Write,
)

#: Characters of a message that are read; a list of tasks is shorter, a pasted essay is no request.
_MOST_READ: Final = 3000
#: Requests of one message: each may take two rounds of calls, which a server bounds.
_MOST_INTENTS: Final = 3

_TalkKind = Literal["help", "hello", "thanks", "bye", "who", "day", "undo", "yes", "no"]


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.I | re.S)


_YES = r"yes|yep|yeah|yup|sure|ok(?:ay)?|y|go ahead|do it|confirm|please do|of course"
_NO = r"no|nope|nah|n|never ?mind|forget it|don'?t|leave (?:it|them)|keep (?:it|them)|cancel|stop"
_TALK: Final[dict[str, re.Pattern[str]]] = {
    "hello": _pattern(r"(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: (?:there|again))?"),
    "thanks": _pattern(r"(?:ok(?:ay)? |great |many )?(?:thanks|thank you|thx)(?: a lot| so much"
        r"| very much)?"
                       r"|great|cool|perfect|nice|well done"),
    "bye": _pattern(r"(?:good ?)?bye|see you(?: later| soon)?|good night"),
    "yes": _pattern(rf"(?:{_YES})(?:,? (?:please|go ahead|do it|delete (?:it|them)(?: all)?"
        rf"|i'?m sure))*"),
    "no": _pattern(rf"(?:{_NO})(?:,? (?:thanks|thank you|{_NO}))*"),
    "undo": _pattern(r"(?:undo|revert|roll back|take (?:it|that) back)\b.*"),
    "help": _pattern(
        r"\?|help(?: me)?|commands|examples?|what (?:else )?(?:can|could|do|are) you (?:help|do"
        r"|able to)\b.*"
        r"|how (?:can|could) you help\b.*|(?:can|could) you help(?: me)?|how (?:do|does|can"
        r"|should) (?:i|this)\b.*"
    ),
    "who": _pattern(r"who are you|what are you|are you (?:a |an )?(?:bot|robot|human|ai|real)\b.*"),
    "day": _pattern(r"what (?:day|date) is (?:it|today)(?: today)?|what(?:'s| is) (?:the"
        r"|today's) date(?: today)?"),
}  # fmt: skip
_BARE = _pattern(
    r"(?P<verb>complete|finish|delete|remove|erase|reopen|rename|move|tag|update|change|mark)"
    r"(?:\s+(?:an?|the|my)?\s*(?:tasks?|to-?dos?))?"
)
_VERBS: Final = {
    "complete": "complete", "finish": "complete", "mark": "complete", "delete": "delete",
    "remove": "delete", "erase": "delete", "reopen": "reopen",
}  # fmt: skip
_PLAN = _pattern(
    r"(?:(?:help me\s+(?:to\s+)?)?plan\s+an?\s+(?:new\s+)?(?:task|to-?do)|ask me(?: questions)?)"
    r"(?:(?:\s*[:,]\s*|\s+(?:about|called|for|to)\s+)(?P<title>.+))?"
)
#: Kinds of texts that can be drafted.
_WRITE = _pattern(
    r"(?:draft|compose|write|help me (?:to )?(?:write|draft))\s+(?:me\s+)?(?:an?\s+|the\s+|my\s+)?"
    r"(?:(?:short|quick|polite)\s+)*(?P<what>(?:e-?mail|message|letter|reply)\b.*)"
)


def understand(message: str, today: date) -> tuple[Intent, ...]:
    """The intents of a message; never empty."""
    return _understand(message[:_MOST_READ], today)


@lru_cache(maxsize=256)  # each round of a turn, and each later turn, reads the message again
def _understand(message: str, today: date) -> tuple[Intent, ...]:
    text = message.replace("\u2019", "'").replace("\r\n", "\n").replace("\r", "\n")
    text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
    text = re.sub(r"([^\w\n]{12})[^\w\n]+", r"\1", text)  # a long run of marks says nothing more
    if (talk := _read_talk(text)) is not None:
        return (talk,)
    found: list[Intent] = []
    for clause in split_clauses(text):
        intent = _read_clause(clause, today)
        if isinstance(intent, Add) and found and isinstance(found[-1], Add):
            last = found[-1]
            found[-1] = Add((*last.drafts, *intent.drafts), (*last.unkept, *intent.unkept))
        else:
            found.append(intent)
    working = [each for each in found if each not in (Talk("hello"), Talk("thanks"))]
    if len(working) > 1 and any(
        isinstance(i, Unknown | Talk | Begun | Plan | Write) for i in working
    ):
        return (Unknown(),)
    return tuple(working) if 0 < len(working) <= _MOST_INTENTS else (Unknown(),)


def _read_talk(text: str) -> Talk | None:
    plain = text.rstrip(" .!")
    for kind in get_args(_TalkKind):
        asking = kind not in ("yes", "no", "thanks")
        if _TALK[kind].fullmatch(plain.rstrip("? ") if asking and plain != "?" else plain):
            return Talk(kind)
    return None


def _read_clause(clause: str, today: date) -> Intent:
    if (talk := _read_talk(clause)) is not None:
        return talk
    clause, requested = without_politeness(clause)
    plain = clause.rstrip(" .!?…").strip()
    if match := _BARE.fullmatch(plain):
        return Begun(_VERBS.get(match["verb"].lower(), "change"))  # type: ignore[arg-type]
    if (shown := read_show(plain)) is not None:
        return shown
    if clause.endswith("?") and not requested:
        return Unknown()
    if match := _PLAN.fullmatch(plain):
        return Plan(tidy_title(match["title"] or ""))
    if match := _WRITE.fullmatch(plain):
        return Write(match["what"])
    return (
        read_complete(plain)
        or read_change(plain, today)
        or read_delete(plain)
        or read_add(clause.rstrip("?") if requested else clause, today)
        or Unknown()
    )
