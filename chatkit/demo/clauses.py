"""A message -> its clauses: one request each, politeness taken off.

`add milk and then show my tasks` is two; `add milk and eggs` is one. A clause begins after a
separator only where a command follows; inside an "add", plain `and` needs a plainer command, since
titles hold verbs too. Nothing is cut inside quotation marks.
"""

from __future__ import annotations

import re
from typing import Final

_POLITE_START = re.compile(
    r"^(?:(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening)|dear)(?:\s+(?:there|demo|bot"
    r"|assistant"
    r"|everyone|again))?\s*[,.!]+\s+"
    r"|(?:ok|okay|so|well|now|then|also|and|great|cool|perfect|alright|actually|thanks"
    r"|thank you|sorry|instead"
    r"|yes|no|hm+|oh)\s*[,.!]+\s+|(?:and\s+)?then\s+|also\s+|and\s+"
    r"|(?:please|pls|plz|kindly|just|now|actually)\b[\s,]+"
    r"|(?:could|can|would|will) (?:you|u)(?: be so kind (?:as )?to)?\s+(?!do\b|help\b|see\b)"
    r"|would you mind\s+|do me a favou?r and\s+|i(?:'d| would) (?:like|love|want)(?: you)? to\s+"
    r"|i want you to\s+|i need you to\s+|let(?:'s| us)\s+|help me (?:to )?(?=add|find|show"
    r"|delete))",
    re.I,
)
_POLITE_END = re.compile(
    r"[\s,.!]*\b(?:please|pls|plz|thanks(?: a lot| so much)?|thank you(?: very much| so much)?|thx"
    r"|for me(?: please)?|now|if you (?:can|could|don't mind|please)|will you"
    r"|would you)\s*(?P<mark>[.!?]*)$",
    re.I,
)


def without_politeness(text: str) -> str:
    """The request itself: `Could you please add milk, thanks!` -> `add milk`."""
    for _ in range(6):
        shorter = _POLITE_START.sub("", text.strip(), count=1)
        end = _POLITE_END.search(shorter)
        if end and end.start() > 0:
            shorter = shorter[: end.start()]
        if shorter == text or not shorter.strip():
            break
        text = shorter
    return text.strip()


_PLEASE = r"(?:(?:please|pls|also|could you|can you|just)\s+)*"
_ASKS = r"(?:show|list|display|view|tell me|give me|what(?:'s| is| are| do)|how many|which)\b"
_CHANGES = (
    r"(?:complete|finish|delete|remove|mark|reopen|change|update|rename|set|make|move|tick|check|uncheck"
    r"|postpone|reschedule|push|erase|done with|cancel"
    r"|tag(?=\s+(?:task|#?\d|it\b|this\b|that\b|the\s|.*\s(?:with|as)\s)|\W*$))\b"
)
_ADDS = r"(?:add|create|remind me|new task|i need to|i have to)\b"
#: A verb that wants to be told of what.
_BARE = re.compile(rf"{_PLEASE}(?:{_CHANGES}|{_ADDS})\W*(?:please\W*)?", re.I)
_COMMAND = re.compile(rf"{_PLEASE}(?:{_ASKS}|{_CHANGES}|{_ADDS}|(?:find|search)\b)", re.I)
#: After a plain "and" in an "add": what can hardly be the rest of a title.
_PLAIN = re.compile(
    rf"{_PLEASE}(?:{_ADDS}"
    r"|(?:show|list|display|view|tell|give)\s+(?:me|my|all|the list|the tasks|tasks|everything"
    r"|it)\b"
    r"|(?:what(?:'s| is| are| do)|how many)\b"
    rf"|{_CHANGES}\s+(?:as\s+\w+\s+)?(?:#?\d|(?:it|that|this|them|both|tasks?|number|all|everything"
    r"|the (?:first|second|third|last|task))\b))",
    re.I,
)
_IS_ADD = re.compile(rf"^{_PLEASE}(?:{_ADDS}|remember to|don't forget|task:|todo)", re.I)
#: `… and 2`, `… and task 3 as well`: more tasks to do the same with.
_MORE_PLACES = re.compile(
    r"(?:(?:task|number|no\.?)\s*)?#?\d{1,4}(?:\s+(?:as well|too|also))?\s*(?:$|[,;.!?&]|and\b)",
    re.I,
)
_ENDS_IN_PLACE = re.compile(
    r"(?:\d|\b(?:first|second|third|fourth|fifth|last|tasks?|numbers?|items?))\s*$", re.I
)
_SEPARATOR = re.compile(
    r"(?P<end>[.!?]+\s+|\n+)|(?P<then>\s*[,;]?\s*(?:and\s+)?(?:then|after that|afterwards)\s*,?\s+)"
    r"|(?P<semi>\s*;\s*)|(?P<and>\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*)",
    re.I,
)
QUOTED: Final = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»|(?<!\w)'[^'\n]*'(?!\w)")
#: Before a full stop: not the end of a sentence, but "Dr." or the number of a list.
_NO_END = re.compile(r"\b(?:mr|mrs|dr|st|no|vs|e\.g|i\.e|approx|etc)$|(?:^|\n)\s*\d{1,3}$", re.I)
_ORDINAL_DAY = re.compile(r".?\d(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.I)
#: Characters of a clause that tell what it is, however long it is.
_BEGINNING: Final = 100
_BULLET: Final = re.compile(r"^\s*(?:[-*•\u2013]|\[[ xX]?\]|\d{1,3}[.)])\s+")


def split_clauses(message: str) -> list[str]:
    """The clauses of a message in order, none empty. Bulleted lines stay with what they list."""
    quoted = [match.span() for match in QUOTED.finditer(message)]
    clauses: list[str] = []
    start = position = 0
    while match := _SEPARATOR.search(message, position):
        position = max(match.end(), match.start() + 1)
        if any(left < match.start() < right for left, right in quoted):
            continue
        after = message[match.end() : match.end() + _BEGINNING]
        if _begins_clause(match, message[start : match.start()], after):
            clauses.append(message[start : match.start()] + (match["end"] or "").strip())
            start = position = match.end()
    clauses.append(message[start:])
    return [clause for clause in map(without_politeness, clauses) if clause]


def _begins_clause(match: re.Match[str], before: str, after: str) -> bool:
    in_add = _IS_ADD.match(without_politeness(before[:_BEGINNING])) is not None
    if match["end"]:
        if "\n" not in match["end"]:
            return not (_NO_END.search(before[-12:]) or _ORDINAL_DAY.match(before[-2:] + after[:9]))
        return not _BULLET.match(after) and not (in_add and not _COMMAND.match(after))
    if match["then"] or match["semi"]:
        return _COMMAND.match(after) is not None
    if not in_add and _MORE_PLACES.match(after) and not _ENDS_IN_PLACE.search(before[-12:]):
        return _COMMAND.match(before) is not None
    return (_PLAIN if in_add else _COMMAND).match(after) is not None


def is_command(text: str, *, in_title: bool) -> bool:
    """Whether a text can only be a command; in the place of a title, most can be one."""
    return (_PLAIN if in_title else _COMMAND).match(text) is not None or (
        _BARE.fullmatch(text) is not None
    )


def split_lines(text: str) -> list[str]:
    """The items of a list that stands on lines of its own, bullets taken off."""
    return [_BULLET.sub("", line, count=1).strip() for line in text.split("\n") if line.strip()]


def is_bulleted(text: str) -> bool:
    """Whether every line begins with a bullet."""
    lines = [line for line in text.split("\n") if line.strip()]
    return bool(lines) and all(_BULLET.match(line) for line in lines)
