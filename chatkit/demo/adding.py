"""Sentences that add tasks -> drafts: one task or several, with their fields."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from chatkit.demo.details import category_named, priority_named, read_details, tidy_title
from chatkit.demo.doubt import is_doubtful, is_taken_back
from chatkit.demo.unkept import find_unkept, hide_recurrence, without_unkept
from chatkit.demo.values import Add, Begun, Details, Draft, Unknown

#: Tasks that one message may add.
_MOST_DRAFTS: Final = 30

_MODIFIER = (
    r"new|quick|high|low|medium|urgent|important|priority|work|personal|study|health|finance"
)
_NOUN = rf"(?P<mods>(?:(?:{_MODIFIER})[-\s]+)*)(?:tasks?|to-?dos?|items?|reminders?)(?:\s+for me)?"
_LEAD = r"(?:(?:a|an|another|the|my|some|following|these|two|three)\s+)*"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.I | re.S)


_ADD: Final = (
    _pattern(rf"^(?:add|create)\s+{_LEAD}{_NOUN}\b(?!\s+#?\d)(?P<rest>.*)$"),
    _pattern(rf"^(?:make|set(?: up)?)\s+(?:me\s+)?(?:an?|another)\s+{_NOUN}\b(?P<rest>.*)$"),
    _pattern(r"^(?P<mods>new\s+)(?:task|to-?do|item)\b(?P<rest>.*)$"),
    _pattern(r"^(?:task|to-?do)\s*(?P<mods>)(?P<rest>:.*)$"),
    _pattern(r"^add(?P<mods>)\b\s*(?P<rest>.*)$"),
    _pattern(r"^put\s+(?P<mods>)(?P<rest>.+\s+(?:on|onto|in|to)\s+(?:my|the)\s+(?:to-?do "
        r"|task )?list)$"),
    _pattern(r"^remind me\b(?P<mods>)(?P<rest>.*)$"),
)  # fmt: skip
#: What stands between the command and the title.
_TO_TITLE = _pattern(
    r"^(?:\s+(?:to|on|in)\s+(?:my|the)\s+(?:to-?do\s+|task\s+)?list)?\s*"
    r"(?:(?:called|named|titled|saying|to|for|about|of)\b(?!\s*:))?\s*"
)
_LATE_COLON = _pattern(r"^[^:\n\"“]{1,40}:(?=\s)")
_WHEN_FIRST = _pattern(r"^(?P<when>[^:]{1,30}?)\s+(?:to|that|about)\s+(?P<what>.+)$")
_BULLET = _pattern(r"^\s*(?:[-*•\u2013]|\[[ x]?\]|\d{1,3}[.)])\s+")
_COMMA = _pattern(r"\s*,\s*(?:and\s+)?|\s+and\s+")
_QUOTED = _pattern(r"^[\"“](?P<title>[^\"”]+)[\"”]")
#: What is no title: a pronoun, a sum, a word that takes it back.
_NO_TITLE = _pattern(
    r"(?:it|that|this|them|one|some|something|anything|more)\b.{0,8}|(?:up|me|him|them|us|you)\b.*"
    r"|\d[\d\s+*/x.,=-]*(?:and[\d\s]+)?|tasks?|to-?dos?|later|soon|again"
    r"|no|nope|nah|none|nothing|never ?mind|forget it|cancel|stop|\W+"
)
#: A first word that makes `buy milk, eggs and bread` one task.
_VERBS: Final = frozenset(
    [
        "ask",
        "bake",
        "book",
        "bring",
        "build",
        "buy",
        "call",
        "check",
        "clean",
        "collect",
        "cook",
        "do",
        "email",
        "feed",
        "find",
        "fix",
        "get",
        "go",
        "hang",
        "invite",
        "iron",
        "make",
        "meet",
        "order",
        "organize",
        "pack",
        "pay",
        "pick",
        "plan",
        "prepare",
        "print",
        "read",
        "repair",
        "return",
        "review",
        "sell",
        "send",
        "sign",
        "study",
        "take",
        "text",
        "visit",
        "walk",
        "wash",
        "water",
        "write",
    ]
)


def read_add(clause: str, today: date) -> Add | Begun | Unknown | None:
    """The tasks that a clause adds; None where it is no such command."""
    match = next((found for pattern in _ADD if (found := pattern.match(clause))), None)
    if match is None:
        return None
    shared, rest = _of_modifiers(match["mods"]), match["rest"]
    unkept = [
        kept for kept in find_unkept(clause[: match.start("rest")]) if kept.kind == "reminder"
    ]
    exact = rest.lstrip().startswith(":")
    rest = rest.lstrip(" :-") if exact else _TO_TITLE.sub("", rest, count=1)
    if not exact and (late := _LATE_COLON.match(rest)):
        left, more = read_details(late[0], today)
        exact = not tidy_title(left)  # "a task for tomorrow: call mum"
        if exact:
            shared, rest = shared.with_more(more), rest[late.end() :]
    if not exact and (when := _WHEN_FIRST.match(rest)):  # "remind me tomorrow to call mum"
        left, more = read_details(f" {when['when']}", today)
        if more != Details() and not tidy_title(left):
            shared, rest = shared.with_more(more), when["what"]
    if not rest.strip(" .:!"):
        return Begun("add")
    drafts: list[Draft] = []
    items, common = _split_items(rest.strip(" :,"), today)
    for item in items:
        beside_quotes = _QUOTED.sub("", item)
        if is_taken_back(beside_quotes) or (not exact and is_doubtful(beside_quotes)):
            return Unknown()
        title, details = _read_item(item, today)
        if not without_unkept(title) or _NO_TITLE.fullmatch(title):
            nameless = not exact and not drafts and _NO_TITLE.fullmatch(item.strip())
            return Begun("add") if nameless else Unknown()
        drafts.append(Draft(title=title, details=shared.with_more(common).with_more(details)))
    unkept += find_unkept(rest)
    return Add(tuple(drafts), tuple(unkept)) if len(drafts) <= _MOST_DRAFTS else Unknown()


def _read_item(item: str, today: date) -> tuple[str, Details]:
    if quoted := _QUOTED.match(item):
        left, details = read_details(item[quoted.end() :], today)
        return ("" if tidy_title(left) else tidy_title(quoted["title"])), details
    visible, hidden = hide_recurrence(item)
    rest, details = read_details(visible, today)
    return tidy_title(f"{rest} {hidden}" if hidden else rest), details


def _of_modifiers(words: str) -> Details:
    found = Details()
    for word in re.findall(r"\w+", words):
        found = found.with_more(
            Details(priority=priority_named(word), category=category_named(word))
        )
    return found


def _split_items(text: str, today: date) -> tuple[list[str], Details]:
    """`milk, eggs and bread tomorrow` -> three, and what is said of all of them; a list in lines or
    with semicolons is one anyway."""
    lines = [_BULLET.sub("", line).strip() for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        return lines, Details()
    if _QUOTED.match(text):
        return [text], Details()
    if ";" in text:
        return [item for item in re.split(r"\s*;\s*(?:and\s+)?", text) if item], Details()
    bare, common = read_details(text, today)
    names = [name for name in _COMMA.split(tidy_title(bare)) if name.strip()]
    several = len(names) > 2 and all(len(name.split()) < 4 for name in names)
    if not several or names[0].split()[0].lower() in _VERBS:
        return [text], Details()
    return names, common
