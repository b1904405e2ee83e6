"""A message -> the intents in it, in order. Pure, and total: any text gives at least one intent."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Final

from chatkit.engine.demo.adding import TASK_VERBS, read_drafts
from chatkit.engine.demo.changing import read_change
from chatkit.engine.demo.clauses import is_bulleted, split_clauses, without_politeness
from chatkit.engine.demo.details import read_details, tidy_title
from chatkit.engine.demo.smalltalk import read_talk
from chatkit.engine.demo.targets import read_filter, read_target
from chatkit.engine.demo.values import (
    Add,
    Change,
    Complete,
    Delete,
    Details,
    Draft,
    Every,
    Filter,
    Intent,
    It,
    Pick,
    Show,
    Talk,
    Unknown,
    Words,
)

#: Characters of a message that are read; a list of tasks is shorter, a pasted essay is no request.
MOST_READ: Final = 3000


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.I | re.S)


_ADD = _pattern(
    r"^(?:(?:add|create|insert|put(?=.*\blist\b)|note down|jot down|write down|set up"
    r"|make(?=\s+an?\s+(?:\S+\s+){0,3}"
    r"(?:task|reminder|to-?do)))\b|(?:set|give me) (?=a reminder)|(?=(?:new"
    r"|another)\s+(?:\S+\s+){0,2}task\b)"
    r"|(?=(?:task|todo|to-do|reminder)\s*:)|\+\s+)\s*(?P<rest>.*)$"
)
_REMIND = _pattern(
    r"^(?:remind me|remember|don'?t (?:let me )?forget|i (?:must(?:n'?t| not)|should(?:n'?t"
    r"| not)) forget"
    r"|make sure (?:that )?i)\b\s*(?P<rest>.*)$"
)
_NEED = _pattern(
    r"^(?:i|we)(?:'ve| have|'ll)?\s*(?:really\s+|also\s+)?(?:need|have|got|must|should|want"
    r"|ought|gotta|"
    r"am supposed|will have)\b\s*(?:to\b)?\s*(?P<rest>.+)$|^need to\s+(?P<bare>.+)$"
)
_DELETE = _pattern(r"^(?:delete|remove|erase|get rid of)\s+(?P<target>.+)$")
_DELETE_KNOWN = _pattern(r"^(?:cancel|drop|clear|scrap|trash|empty|forget)\s+(?P<target>.+)$")
_DONE = r"(?:done|finished|completed?)"
_NOT_DONE = (
    rf"(?:not (?:yet )?{_DONE}(?: yet)?|incomplete|undone|unfinished|uncompleted|pending|open"
    rf"|active"
    r"|to-?do)"
)
_REOPEN = (
    _pattern(
        r"^(?:reopen|re-open|uncomplete|uncheck|untick|unmark|restore|undo)\s+(?P<target>.+)$"
    ),
    _pattern(rf"^(?:mark|set|change)\s+(?P<target>.+?)\s+(?:as\s+|to\s+|back to\s+)?{_NOT_DONE}$"),
    _pattern(rf"^(?P<target>.+?)\s+(?:is|are)\s*(?:n'?t|not)\s+(?:yet\s+)?{_DONE}(?:\s+yet)?$"),
)
_COMPLETE = (
    _pattern(r"^(?:complete|finish|(?:check|tick|cross|mark) (?:off|out))\s+(?P<target>.+)$"),
    _pattern(rf"^(?:mark|set|flag)\s+(?P<target>.+?)\s+(?:as\s+|to\s+)?(?:{_DONE}|checked|ticked)$"),
    _pattern(rf"^(?:mark|set)\s+(?:as\s+)?{_DONE}\s*:?\s+(?P<target>.+)$"),
    _pattern(r"^(?:check|tick|cross)\s+(?P<target>.+?)\s+off$"),
    _pattern(r"^(?:(?:i'?m|i am|we'?re|we are)\s+)?(?:all\s+|now\s+)?(?:done"
        r"|finished)\s+with\s+(?P<target>.+)$"),
    _pattern(rf"^(?P<target>.+?)\s+(?:is|are|was|has been|have been)\s+(?:now\s+|already\s+"
        rf"|all\s+)?{_DONE}"
             r"(?:\s+now)?$"),
    _pattern(r"^i(?:'ve| have)?\s+(?:just\s+|already\s+|now\s+)?(?:finished|completed|did|done"
        r"|checked off)"
             r"\s+(?:with\s+)?(?P<target>.+)$"),
    _pattern(rf"^(?P<target>(?:task\s+|number\s+|#)?\d[\d\s,&#and]*?)\s+{_DONE}$"),
    _pattern(r"^did\s+(?P<target>.+)$"),
)  # fmt: skip
_COMPLETE_KNOWN = _pattern(
    r"^(?:check|tick|close|do|done|finished|completed)\s*:?\s+(?P<target>.+)$"
)
_COMPLETE_IT = _pattern(
    rf"^(?:(?:it'?s|that'?s|this is|it is)\s+)?(?:all\s+|already\s+)?{_DONE}(?:\s+it)?$"
)
_PAST = (
    r"bought|got|paid|called|sent|wrote|cleaned|washed|booked|fixed|ordered|cooked|made|read|emailed"
    r"|picked up|took|returned|renewed|submitted|signed|visited|watered|walked|fed|packed|repaired"
)
_GUESSED = _pattern(
    rf"^i(?:'ve| have)?\s+(?:(?:just|already|now|finally)\s+)?(?:{_PAST})\s+(?P<target>.+)$"
)
_ASKING = _pattern(
    r"^(?:what|which|who|when|where|why|how|show|list|do i|have i|did i|is there|are there|any)\b"
)
_FIND = _pattern(
    r"^(?:find|search(?:\s+for)?|look(?:\s+(?:for|up))|where(?:'s| is)|locate"
    r"|(?:is|are) there (?:an?y?\s+)?(?:tasks?\s+)?(?:about|for|called|named)"
    r"|did i (?:already\s+)?(?:finish|complete|do|add)"
    r"|do i have (?:an?y?\s+)?tasks? (?:about|for|called|named))\s+(?P<words>.+)$"
)
_SHOW = _pattern(
    r"^(?:show|list|display|view|see|get|give|read|print|open|check|tell|review|what(?:'s|s)?|which"
    r"|how many|count|do i have|have i|did i|is there|are there|any|anything|whats|know)\b"
)
_TASKY = _pattern(r"\b(?:tasks?|to-?dos?|to-?do list|my list|the list|reminders?|agenda|plate)\b")
_MORE = _pattern(
    r"^(?:show\s+(?:me\s+)?)?(?:more|the next (?:ones|page)|next(?: page)?|the rest)(?:\s+tasks)?$"
)


def understand(message: str, today: date) -> tuple[Intent, ...]:
    """The intents of a message; never empty."""
    return _understand(message[:MOST_READ], today)


@lru_cache(maxsize=512)  # each round of a turn, and each later turn, reads the message again
def _understand(message: str, today: date) -> tuple[Intent, ...]:
    text = message.replace("\u2019", "'").replace("\r\n", "\n").replace("\r", "\n")
    text = "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()
    text = re.sub(r"([^\w\n]{12})[^\w\n]+", r"\1", text)  # a long run of marks says nothing more
    if (talk := read_talk(text.rstrip(" .!?"))) is not None:
        return (talk,)
    if is_bulleted(text) and (drafts := read_drafts(text, today)):
        return (Add(drafts),)
    found: list[Intent] = []
    for clause in split_clauses(text):
        _put(found, _read_clause(clause, today), clause, today)
    working = [intent for intent in found if not isinstance(intent, Talk)]
    return tuple(working or found[:1]) or (Unknown(""),)


def _put(found: list[Intent], intent: Intent, clause: str, today: date) -> None:
    """Append, or join to the "add" before: `Add milk. It's urgent. Add eggs.` is one intent."""
    last = found[-1] if found else None
    if isinstance(last, Add) and last.drafts:
        draft = last.drafts[-1]
        more: Details | None = None
        if (
            isinstance(intent, Change)
            and intent.target == It()
            and not (intent.title or intent.cleared)
        ):
            more = intent.details
        elif isinstance(intent, Unknown):
            rest, more = read_details(clause, today)
            if left := tidy_title(rest):
                before = draft.details.description
                more = replace(more, description=f"{before} {left}" if before else left)
        elif isinstance(intent, Add):
            found[-1] = Add((*last.drafts, *intent.drafts))
            return
        if more is not None:
            details = draft.details.with_more(more)
            found[-1] = Add((*last.drafts[:-1], Draft(title=draft.title, details=details)))
            return
    found.append(intent)


def _read_clause(clause: str, today: date) -> Intent:
    plain = clause.rstrip(" .!?…").strip()
    asked = clause.rstrip().endswith("?")
    if (talk := read_talk(plain)) is not None:
        return talk
    if _MORE.match(plain):
        return Show(more=True)
    if (
        (change := read_change(clause, today))
        and not _ASKING.match(plain)
        and not _closing(change, plain)
    ):
        return change
    if intent := _read_add(clause, today) or _read_action(plain) or _read_show(plain, asked=asked):
        return intent
    if not asked and (match := _NEED.match(clause)):
        return _read_need(without_politeness(match["rest"] or match["bare"]), today)
    if (target := read_target(plain)) is not None and not isinstance(target, Words):
        return Pick(target)
    words = read_details(plain, today)[0].lower().split()
    if (
        not asked
        and 1 < len(words) <= 25
        and words[0] in TASK_VERBS
        and words[1] not in ("me", "us")
    ):
        return Add(read_drafts(clause, today))
    return Unknown(plain)


def _closing(change: Change, plain: str) -> bool:
    """Whether a bare "change" is really about being done, which reads much the same."""
    empty = change.details == Details() and not (change.title or change.cleared or change.dropped)
    return (empty or change.title is not None) and any(
        pattern.match(plain) for pattern in (*_REOPEN, *_COMPLETE)
    )


def _read_add(clause: str, today: date) -> Intent | None:
    if match := _ADD.match(clause):
        return Add(read_drafts(match["rest"], today))
    if match := _REMIND.match(clause):
        rest = match["rest"]
        if late := re.match(
            r"^(?P<when>[^:]{1,30}?)\s+(?:to|that|about)\s+(?P<what>.+)$", rest, re.I | re.S
        ):
            left, when = read_details(late["when"], today)
            if not tidy_title(left):  # "remind me tomorrow to call mum"
                drafts = read_drafts(late["what"], today)
                return Add(tuple(
                    Draft(title=d.title, details=when.with_more(d.details)) for d in drafts
                ))  # fmt: skip
        return Add(read_drafts(re.sub(r"^(?:of|to|about|that)\b\s*", "", rest, flags=re.I), today))
    return None


def _read_need(rest: str, today: date) -> Intent:
    intent = _read_action(rest.rstrip(" .!?")) or _read_show(rest.rstrip(" .!?"), asked=False)
    done = isinstance(intent, Complete) and isinstance(intent.target, Words)
    if intent is not None and not done:  # "I need to finish the report" is a task, not a report
        return intent
    return read_change(rest, today) or _read_add(rest, today) or Add(read_drafts(rest, today))


def _read_action(plain: str) -> Intent | None:
    if _COMPLETE_IT.match(plain):
        return Complete(target=It())
    if not _ASKING.match(plain):
        for completed, patterns in ((False, _REOPEN), (True, _COMPLETE)):
            for pattern in patterns:
                if (match := pattern.match(plain)) and (target := read_target(match["target"])):
                    return Complete(target=target, completed=completed)
        if (match := _GUESSED.match(plain)) and (target := read_target(match["target"])):
            return Complete(target=target, guessed=True)
    if (match := _DELETE.match(plain)) and (target := read_target(match["target"])):
        return Delete(target=target)
    for pattern, make in ((_DELETE_KNOWN, Delete), (_COMPLETE_KNOWN, Complete)):
        if match := pattern.match(plain):
            target = read_target(match["target"])
            if isinstance(target, Words) and re.fullmatch(
                r"(?:my |the )?(?:to-?do )?list", match["target"], re.I
            ):
                target = Every(Filter())
            listing = isinstance(target, Every) and pattern is _COMPLETE_KNOWN
            if target is not None and not isinstance(target, Words) and not listing:
                return make(target=target)
    return None


def _read_show(plain: str, *, asked: bool) -> Intent | None:
    if match := _FIND.match(plain):
        chosen, _ = read_filter(match["words"])
        target = read_target(match["words"])
        if chosen != Filter() and not read_filter(match["words"])[1]:
            return Show(filter=chosen)
        if isinstance(target, Words):
            return Show(filter=Filter(search=re.sub(r"\s+tasks?$", "", target.text, flags=re.I)))
    chosen, rest = read_filter(plain)
    begins, tasky = _SHOW.match(plain) is not None, _TASKY.search(plain) is not None
    if re.search(r"\bwhat (?:should|shall|must|can) i (?:do|work on|start)\b", plain, re.I):
        return Show(
            filter=replace(chosen, status=chosen.status or "pending", sort="priority", search=None)
        )
    if re.search(
        r"\bdo i (?:still )?(?:have|need) to do\b|\bwhat do i have\b.*\bto do\b|\bwhat's next\b",
        plain,
        re.I,
    ):
        chosen = replace(chosen, status=chosen.status or "pending")
        return Show(filter=chosen) if not rest or tasky else None
    if not rest and (chosen != Filter() or tasky or (begins and len(plain.split()) <= 3)):
        return Show(filter=chosen)
    if rest and tasky and begins and len(rest.split()) <= 4 and not asked:
        return Show(filter=replace(chosen, search=chosen.search or rest))
    return None
