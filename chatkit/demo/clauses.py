"""A message -> its clauses: one request each, politeness taken off. Nothing is cut in quotes.

`complete 1 and delete 2` is two; `add milk and eggs` is one. After "and" a clause begins only with
a command that is hardly the rest of a title; after the end of a sentence it always does, so that a
second sentence that takes the first one back is seen.
"""

from __future__ import annotations

import re
from typing import Final

_POLITE_START: Final = re.compile(
    r"^(?:(?:hi|hello|hey)(?:\s+(?:there|again))?\s*[,!]\s*|(?:ok|okay|now|then|also|and"
    r"|thanks)\s*,?\s+"
    r"|(?:please|kindly)\b[\s,]*|i(?:'d| would) like (?:you )?to\s+|i want (?:you )?to\s+"
    r"|let(?:'s| us)\s+)",
    re.I,
)
_REQUEST: Final = re.compile(
    r"^(?:(?:can|could) you\s+(?:please\s+)?|(?:would|will) you please\s+"
    r"|(?:please )(?:can|could|would) you\s+)",
    re.I,
)
_POLITE_END: Final = re.compile(
    r"[\s,]*\b(?:please|thanks(?: a lot)?|thank you(?: very much)?|for me|now|too"
    r"|as well)\s*(?P<mark>[.!?]*)$",
    re.I,
)
_SEPARATOR: Final = re.compile(
    r"(?P<end>[.!?…]+\s+|\n+)|(?P<then>\s*[,;]?\s*(?:and\s+)?then\s+)"
    r"|(?P<and>\s*[,;]\s*(?:and\s+)?|\s+and\s+)",
    re.I,
)
#: After "and": a command over numbers, all, or the list.
_COMMAND: Final = re.compile(
    r"(?:please\s+)?(?:add\s|show\s+(?:me|my|all|the|what)\b|list\s+(?:my|all)\b|what(?:'s"
    r"| is)\s+left\b"
    r"|(?:complete|finish|delete|remove|reopen|mark|move|make|rename)\s+"
    r"(?:#?\d{1,4}(?=\s*(?:$|[,;.!]|and\b|as\b|to\b|urgent))|(?:it|them|all|everything)\b"
    r"|tasks?\s+#?\d|the (?:first|second|third|last)\b))",
    re.I,
)
_BULLET: Final = re.compile(r"\s*(?:[-*•\u2013]|\[[ xX]?\]|\d{1,3}[.)])\s+")
_QUOTED: Final = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»|(?<!\w)'[^'\n]*'(?!\w)")
#: Before a full stop: not the end of a sentence, but "Dr." or the number of a list.
_NO_END: Final = re.compile(r"\b(?:mr|mrs|ms|dr|st|vs|e\.g|i\.e|etc)$|(?:^|\n)\s*\d{1,3}$", re.I)


def split_clauses(message: str) -> list[str]:
    """The clauses of a message in order, none empty. Bulleted lines stay with what they list."""
    quoted = [match.span() for match in _QUOTED.finditer(message)]
    clauses: list[str] = []
    start = 0
    for match in _SEPARATOR.finditer(message):
        inside = any(left < match.start() < right for left, right in quoted)
        if match.start() < start or inside or not _begins(match, message):
            continue
        clauses.append(message[start : match.start()] + (match["end"] or "").strip())
        start = match.end()
    return [clause.strip() for clause in (*clauses, message[start:]) if clause.strip()]


def _begins(match: re.Match[str], message: str) -> bool:
    after = message[match.end() :]
    if match["end"] is None:
        return match["then"] is not None or _COMMAND.match(after) is not None
    if "\n" in match["end"]:
        return not _BULLET.match(after)
    return "." not in match["end"] or not _NO_END.search(message[: match.start()])


def without_politeness(clause: str) -> tuple[str, bool]:
    """The request itself, and whether it was asked for: `Could you please add milk?`"""
    asked = False
    for _ in range(4):
        before = clause
        clause = _POLITE_START.sub("", clause.strip(), count=1)
        if match := _REQUEST.match(clause):
            asked, clause = True, clause[match.end() :]
        if (end := _POLITE_END.search(clause)) and end.start() > 0:
            clause = clause[: end.start()] + end["mark"]
        if clause == before:
            break
    return clause.strip(), asked
