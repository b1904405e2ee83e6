"""A message -> the intents in it, in order. Pure, and total: any text gives at least one intent."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Final

from chatkit.demo.adding import TASK_VERBS, read_drafts
from chatkit.demo.changing import read_begun, read_change
from chatkit.demo.clauses import is_bulleted, split_clauses, without_politeness
from chatkit.demo.details import read_details, read_values, tidy_title
from chatkit.demo.forms import KINDS
from chatkit.demo.showing import DONE, read_look, read_show
from chatkit.demo.smalltalk import read_talk
from chatkit.demo.targets import read_target
from chatkit.demo.typos import without_typos
from chatkit.demo.values import (
    Add,
    Begun,
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
    Places,
    Plan,
    Show,
    Talk,
    Target,
    Unknown,
    Words,
    Write,
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
    r"|(?=(?:task|todo|to-do|reminder|note)\s*:)|\+\s+)\s*(?P<rest>.*)$"
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
_STATING = r"(?:mark|set|flag|change|update|make|turn|move)"
_NOT_DONE = (
    rf"(?:not (?:yet )?{DONE}(?: yet)?|incomplete|undone|unfinished|uncompleted|pending|open"
    rf"|active"
    r"|to-?do)"
)
_REOPEN = (
    _pattern(
        r"^(?:reopen|re-open|uncomplete|uncheck|untick|unmark|restore|undo)\s+(?P<target>.+)$"
    ),
    _pattern(rf"^{_STATING}\s+(?P<target>.+?)\s+(?:as\s+|to\s+|back to\s+)?{_NOT_DONE}$"),
    _pattern(rf"^(?P<target>.+?)\s+(?:is|are)\s*(?:n'?t|not)\s+(?:yet\s+)?{DONE}(?:\s+yet)?$"),
)
_COMPLETE = (
    _pattern(r"^(?:complete|finish|(?:check|tick|cross|mark) (?:off|out))\s+(?P<target>.+)$"),
    _pattern(
        rf"^{_STATING}\s+(?P<target>.+?)\s+(?:as\s+|to\s+(?:be\s+)?)?(?:{DONE}|checked|ticked)$"
    ),
    _pattern(rf"^(?:mark|set)\s+(?:as\s+)?{DONE}\s*:?\s+(?P<target>.+)$"),
    _pattern(r"^(?:check|tick|cross)\s+(?P<target>.+?)\s+off$"),
    _pattern(r"^(?:(?:i'?m|i am|we'?re|we are)\s+)?(?:all\s+|now\s+)?(?:done"
        r"|finished)\s+with\s+(?P<target>.+)$"),
    _pattern(rf"^(?P<target>.+?)\s+(?:is|are|was|has been|have been)\s+(?:now\s+|already\s+"
        rf"|all\s+)?{DONE}"
             r"(?:\s+now)?$"),
    _pattern(r"^i(?:'ve| have)?\s+(?:just\s+|already\s+|now\s+)?(?:finished|completed|did|done"
        r"|checked off)"
             r"\s+(?:with\s+)?(?P<target>.+)$"),
    _pattern(rf"^(?P<target>(?:task\s+|number\s+|#)?\d[\d\s,&#and]*?)\s+{DONE}$"),
    _pattern(r"^did\s+(?P<target>.+)$"),
)  # fmt: skip
_COMPLETE_KNOWN = _pattern(
    r"^(?:check|tick|close|do|done|finished|completed)\s*:?\s+(?P<target>.+)$"
)
_COMPLETE_IT = _pattern(
    r"^(?:(?:it'?s|that'?s|this is|it is)\s+)?(?:all\s+|already\s+)?(?:done|finished|completed)$"
    rf"|^{DONE}\s+it$"
)
_BARE = _pattern(
    r"^(?P<verb>complete|finish|delete|remove|erase|reopen|rename|retitle|postpone|reschedule|move|tag"
    r"|update|change|edit|mark|find|search)(?:\s+(?:an?|the|my)?\s*(?:task|to-?do|item|one))?$"
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
_PLAN = _pattern(
    r"^(?:(?:help me\s+(?:to\s+)?)?plan\s+an?\s+(?:new\s+)?(?:task|to-?do)"
    r"|ask me(?:\s+(?:(?:some|a few|the)\s+)?questions?)?)\b"
    r"(?:\s*[:,]\s*|\s+(?:about|called|named|for|to)\s+|$)(?P<title>.*)$"
)
_WRITE = _pattern(
    r"^(?:draft|compose|write me|help me (?:to )?(?:write|draft|compose))\s+"
    r"(?:an?\s+|the\s+|my\s+)?"
    r"(?:(?:short|quick|nice|polite|draft(?: of)?)\s+)*"
    rf"(?P<what>{KINDS}\b.*)$"
)
_NUMBERED = _pattern(r"\b(?:task|number)\s+#?(?P<place>[1-9]\d{0,3})\b")
_MORE = _pattern(
    r"^(?:show\s+(?:me\s+)?)?(?:more|the next (?:ones|page)|next(?: page)?|the rest)(?:\s+tasks)?$"
)


#: "Buy cheese and add it to my list" names no task in its end.
_NO_NAMES: Final = ("it", "this", "that", "them", "these", "those")
#: A lead that names fields alone, and what it is said of.
_LED = (
    _pattern(r"^(?P<lead>[^:\n]{3,60}?)\s*:\s+(?P<rest>\S.*)$"),
    _pattern(r"^(?P<lead>[^,\n]{3,30}?)\s*,\s*(?P<rest>\S.*)$"),
    _pattern(
        r"^(?P<lead>\w[\w ]{2,30}?)\s+"
        r"(?P<rest>(?:i|we)(?:'ve)?\s+(?:have|need|must|should|got)\b.*)$"
    ),
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
    text = without_typos(text)
    if is_bulleted(text) and (drafts := read_drafts(text, today)):
        return (Add(drafts),)
    found: list[Intent] = []
    led, rest = _read_led(text, today)
    if led is not None:
        found.append(led)
    for clause in split_clauses(rest):
        _put(found, _read_clause(clause, today), clause, today)
    working = [intent for intent in found if not isinstance(intent, Talk)]
    return tuple(working or found[:1]) or (Unknown(""),)


def _read_led(text: str, today: date) -> tuple[Add | None, str]:
    """Fields first, then what is to be done: `by Friday, finish slides`, `high priority: call Bob`,
    `tomorrow I have to …`. Gives that, and the text that it leaves."""
    for pattern in _LED:
        match = pattern.match(text)
        if match is None or (shared := read_values(match["lead"], today)) is None:
            continue
        first, *others = split_clauses(match["rest"]) or [""]
        need = _NEED.match(first)
        intent = _read_need((need["rest"] or need["bare"]) if need else first, today)
        if isinstance(intent, Add):
            drafts = tuple(
                Draft(title=draft.title, details=shared.with_more(draft.details))
                for draft in intent.drafts
            )
            return Add(drafts), "\n".join(others)
    return None, text


def _put(found: list[Intent], intent: Intent, clause: str, today: date) -> None:
    """Append, or join to the "add" before: `Add milk. It's urgent. Add eggs.` is one intent."""
    last = found[-1] if found else None
    if isinstance(intent, Pick) and isinstance(last, Complete | Change | Delete):
        found[-1] = replace(last, target=_joined(last.target, intent.target))
        return
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


def _joined(one: Target, other: Target) -> Target:
    """Both, where they are numbers: `mark 1 as complete and 2`."""
    if isinstance(one, Places) and isinstance(other, Places):
        return Places((*one.numbers, *other.numbers))
    return other


def _read_clause(clause: str, today: date) -> Intent:
    plain = clause.rstrip(" .!?…").strip()
    asked = clause.rstrip().endswith("?")
    if (talk := read_talk(plain)) is not None:
        return talk
    if _MORE.match(plain):
        return Show(more=True)
    if match := _PLAN.match(plain):
        return Plan(tidy_title(match["title"]))
    if match := _WRITE.match(plain):
        return Write(match["what"])
    change = read_change(clause, today)
    empty = change is None or change == Change(target=change.target)
    if empty and (begun := _read_bare(plain) or read_begun(plain, today)):
        return begun
    if change is not None and not _ASKING.match(plain) and not _closing(change, plain):
        return change
    if intent := (
        read_look(plain, today)
        or _read_add(clause, today)
        or _read_action(plain, today)
        or read_show(plain, today, asked=asked)
    ):
        return intent
    if not asked and (match := _NEED.match(clause)):
        return _read_need(without_politeness(match["rest"] or match["bare"]), today)
    if (target := read_target(plain, today)) is not None and not isinstance(target, Words):
        return Pick(target)
    if match := _NUMBERED.search(plain):  # never a title: it speaks of a task there is
        return Pick(Places((int(match["place"]),)))
    words = read_details(plain, today)[0].lower().split()
    if (
        not asked
        and 1 < len(words) <= 25
        and words[0] in TASK_VERBS
        and words[1] not in ("me", "us")
    ):
        return Add(read_drafts(clause, today))
    return Unknown(plain)


def _read_bare(plain: str) -> Begun | None:
    if (match := _BARE.match(plain)) is None:
        return None
    verb = match["verb"].lower()
    if verb in ("find", "search"):
        return Begun(words="What shall I look for?", begun="find")
    words = f"Which task shall I {verb}? Give me its number or its title."
    return Begun(words=words, begun=verb)


def _closing(change: Change, plain: str) -> bool:
    """Whether a bare "change" is really about being done, which reads much the same."""
    empty = change == Change(target=change.target)
    return empty and any(pattern.match(plain) for pattern in (*_REOPEN, *_COMPLETE))


def _read_add(clause: str, today: date) -> Intent | None:
    if match := _ADD.match(clause):
        drafts = read_drafts(match["rest"], today)
        return Add(tuple(draft for draft in drafts if draft.title.lower() not in _NO_NAMES))
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
    plain = rest.rstrip(" .!?")
    intent = _read_action(plain, today) or read_show(plain, today, asked=False)
    done = isinstance(intent, Complete) and isinstance(intent.target, Words)
    if intent is not None and not done:  # "I need to finish the report" is a task, not a report
        return intent
    return read_change(rest, today) or _read_add(rest, today) or Add(read_drafts(rest, today))


def _read_action(plain: str, today: date) -> Intent | None:
    if _COMPLETE_IT.match(plain):
        return Complete(target=It())
    if not _ASKING.match(plain):
        for completed, patterns in ((False, _REOPEN), (True, _COMPLETE)):
            for pattern in patterns:
                if (match := pattern.match(plain)) and (
                    target := read_target(match["target"], today)
                ):
                    return Complete(target=target, completed=completed)
        if (match := _GUESSED.match(plain)) and (target := read_target(match["target"], today)):
            return Complete(target=target, guessed=True)
    if (match := _DELETE.match(plain)) and (target := read_target(match["target"], today)):
        return Delete(target=target)
    for pattern, make in ((_DELETE_KNOWN, Delete), (_COMPLETE_KNOWN, Complete)):
        if match := pattern.match(plain):
            target = read_target(match["target"], today)
            if isinstance(target, Words) and re.fullmatch(
                r"(?:my |the )?(?:to-?do )?list", match["target"], re.I
            ):
                target = Every(Filter())
            listing = isinstance(target, Every) and pattern is _COMPLETE_KNOWN
            if target is not None and not isinstance(target, Words) and not listing:
                return make(target=target)
    return None
