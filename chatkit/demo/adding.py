"""Sentences that add tasks -> drafts: one task or several, with their fields."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from chatkit.demo.dates import WEEKDAY
from chatkit.demo.details import (
    CATEGORY,
    LEVEL,
    fields_of_words,
    find_other_recurrence,
    read_fields,
    tidy_title,
)
from chatkit.demo.sentences import is_doubtful, is_taken_back
from chatkit.demo.values import UNKNOWN, Add, Talk, ToolArguments

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
#: A part of another task, such as `a note to task 1: blue`, which the demo cannot add.
_PART: Final = r"(?:(?:an?|the)\s+)?(?:notes?|descriptions?|tags?)\b.*\bto\b.*"
#: Not a title: a pronoun, a sum, a time, or a word that cancels the request.
_NO_TITLE: Final = (
    r"(?:it|that|this|them|one|some|something|anything|more)\b.{0,8}|(?:up|me|him|them|us|you)\b.*"
    r"|\d[\d\s+*/x.,=-]*(?:and[\d\s]+)?|(?:tasks?|to-?dos?)(?:\s+\d+)?|later|soon|again"
    r"|(?:at|by|in)\s+\d.*|no|nope|nah|none|nothing|never ?mind|forget it|cancel|stop|\W+"
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
    rest, exact = match["rest"], bool(match["colon"])
    if not rest.strip(" .:!"):
        return Add()
    drafts: list[ToolArguments] = []
    for item in _split_items(rest.strip(" :,")):
        if is_taken_back(item):
            return UNKNOWN
        if not exact and (is_doubtful(item) or re.fullmatch(_PART, item, re.I | re.S)):
            return UNKNOWN
        title, fields = _read_item(item, today)
        if title == find_other_recurrence(title) or re.fullmatch(_NO_TITLE, title, re.I):
            return UNKNOWN
        drafts.append({"title": title, **fields_of_words(match["kind"]), **fields})
    if len(drafts) > _MAX_DRAFTS:
        return UNKNOWN
    reminds = re.search(r"\b(?:remind me|reminders?|alarms?)\b", sentence, re.I) is not None
    return Add(tuple(drafts), unkept=find_other_recurrence(rest), reminds=reminds)


def _split_items(text: str) -> list[str]:
    """The lines of a list, or the parts between semicolons."""
    if "\n" in text:
        return [re.sub(_BULLET, "", line).strip() for line in text.split("\n") if line.strip()]
    return [item.strip() for item in text.split(";") if item.strip()]


def _read_item(item: str, today: date) -> tuple[str, ToolArguments]:
    item = re.sub(_PART_OF_DAY, r"\1 in the \2", item, flags=re.I)
    # Hidden, so that "every Monday and Thursday" does not yield a due date of Monday.
    hidden = find_other_recurrence(item)
    rest, fields = read_fields(item.replace(hidden, " ") if hidden else item, today)
    return tidy_title(f"{rest} {hidden}"), fields
