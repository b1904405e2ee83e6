"""Sentences that add tasks -> drafts: one task or several, with their fields."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from chatkit.demo.dates import WEEKDAY
from chatkit.demo.details import (
    CATEGORY,
    LEVEL,
    LEVELS,
    join_fields,
    read_fields,
    tidy_title,
)
from chatkit.demo.doubt import is_doubtful, is_taken_back
from chatkit.demo.unkept import find_unkept, without_unkept
from chatkit.demo.values import UNKNOWN, Add, Talk, ToolArguments
from chatkit.todo.tasks import CATEGORIES

#: Maximum number of tasks in one message.
_MAX_DRAFTS: Final = 30

_NOUN: Final = (
    rf"(?P<kind>(?:(?:new|priority|{LEVEL}|{CATEGORY})[-\s]+)*)(?:tasks?|to-?dos?|items?|reminder)"
    r"\b(?:\s+for me)?"
)
_COMMANDS: Final = (
    rf"(?:add|create)\s+(?:(?:an?|another|the|my|these|some)\s+)*{_NOUN}(?!\s+#?\d)",
    rf"(?:make|set)\s+(?:me\s+)?(?:an?|another)\s+{_NOUN}",
    r"(?P<kind>new\s+)(?:task|to-?do)\b",
    r"(?P<kind>)(?:task|to-?do)(?=:)",
    r"(?P<kind>)(?:add|remind me)\b",
    r"(?P<kind>)put\b(?=.+\s(?:on|to)\s+(?:my|the)\s+(?:to-?do |task )?list$)",
)
#: Words between the command and the title. After a colon the title is taken literally.
_BEFORE_TITLE: Final = (
    r"(?:\s+(?:to|on)\s+(?:my|the)\s+(?:to-?do\s+|task\s+)?list)?"
    r"(?:\s+(?:called|named|to|about)\b)?\s*(?P<colon>:?)\s*"
)
_BULLET: Final = r"^\s*(?:[-*•\u2013]|\[[ x]?\]|\d{1,3}[.)])\s+"
_PART_OF_DAY: Final = rf"\b(tomorrow|{WEEKDAY})\s+(morning|afternoon|evening)\b"
_QUOTED: Final = r"^[\"“](?P<title>[^\"”]+)[\"”]"
#: Not a title: a pronoun, a sum, or a word that cancels the request.
_NO_TITLE: Final = (
    r"(?:it|that|this|them|one|some|something|anything|more)\b.{0,8}|(?:up|me|him|them|us|you)\b.*"
    r"|\d[\d\s+*/x.,=-]*(?:and[\d\s]+)?|tasks?|to-?dos?|later|soon|again"
    r"|no|nope|nah|none|nothing|never ?mind|forget it|cancel|stop|\W+"
)
#: A first word that makes `buy milk, eggs and bread` one task.
_VERB: Final = (
    r"(?:ask|bake|book|bring|buy|call|check|clean|cook|do|email|feed|find|fix|get|go|invite|make"
    r"|meet|order|pack|pay|pick|plan|prepare|print|read|repair|return|review|sell|send|sign|study"
    r"|take|text|visit|walk|wash|water|write)\b"
)


def read_add(sentence: str, today: date) -> Add | Talk | None:
    """The tasks that a sentence adds; None if it is no command to add."""
    found = (
        re.fullmatch(f"{command}{_BEFORE_TITLE}(?P<rest>.*)", sentence, re.I | re.S)
        for command in _COMMANDS
    )
    match = next(filter(None, found), None)
    if match is None:
        return None
    kind, rest, exact = _kind_of(match["kind"]), match["rest"], bool(match["colon"])
    if not rest.strip(" .:!"):
        return Add()
    drafts: list[ToolArguments] = []
    items, common = _split_items(rest.strip(" :,"), today)
    for item in items:
        beside_quotes = re.sub(_QUOTED, "", item)
        if is_taken_back(beside_quotes) or (is_doubtful(beside_quotes) and not exact):
            return UNKNOWN
        title, fields = _read_item(item, today)
        if not without_unkept(title) or re.fullmatch(_NO_TITLE, title, re.I):
            return UNKNOWN
        drafts.append({"title": title, **join_fields(join_fields(kind, common), fields)})
    if len(drafts) > _MAX_DRAFTS:
        return UNKNOWN
    asked = [each for each in find_unkept(sentence) if each.kind == "reminder"]
    said = [each for each in find_unkept(rest) if each.kind != "reminder"]
    return Add(tuple(drafts), (*asked, *said))


def _kind_of(words: str) -> dict[str, Any]:
    """`high priority work` -> the fields that it names."""
    fields: dict[str, Any] = {}
    for word in re.findall(r"\w+", words.lower()):
        if word in LEVELS:
            fields["priority"] = LEVELS[word]
        elif word in CATEGORIES:
            fields["category"] = word
    return fields


def _read_item(item: str, today: date) -> tuple[str, ToolArguments]:
    if quoted := re.match(_QUOTED, item):
        left, fields = read_fields(item[quoted.end() :], today)
        return ("" if tidy_title(left) else tidy_title(quoted["title"])), fields
    item = re.sub(_PART_OF_DAY, r"\1 in the \2", item, flags=re.I)
    # Hidden, so that "every Monday and Thursday" does not yield a due date of Monday.
    hidden = next((each.words for each in find_unkept(item) if each.kind == "recurrence"), "")
    rest, fields = read_fields(item.replace(hidden, " ") if hidden else item, today)
    return tidy_title(f"{rest} {hidden}"), fields


def _split_items(text: str, today: date) -> tuple[list[str], ToolArguments]:
    """Split `milk, eggs and bread tomorrow` into three titles and their common fields.

    Lines and semicolons always make a list.
    """
    lines = [re.sub(_BULLET, "", line).strip() for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        return lines, {}
    if re.match(_QUOTED, text):
        return [text], {}
    if ";" in text:
        return [item.strip() for item in text.split(";") if item.strip()], {}
    bare, common = read_fields(text, today)
    names = [name for name in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", tidy_title(bare)) if name]
    several = len(names) > 2 and all(len(name.split()) < 4 for name in names)
    if not several or re.match(_VERB, names[0], re.I):
        return [text], {}
    return names, common
