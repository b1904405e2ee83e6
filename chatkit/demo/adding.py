"""Sentences that add tasks -> drafts: one task or several, with their fields."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from chatkit.demo.clauses import split_lines
from chatkit.demo.details import (
    category_named,
    priority_named,
    read_details,
    read_values,
    tidy_title,
)
from chatkit.demo.values import Details, Draft

#: Tasks that one message may add; more is a slip of a paste, and the answer says so.
MOST_DRAFTS: Final = 30
_LONGEST_ITEM: Final = 600

#: First words of tasks as people write them, used to tell `buy milk, call mum` from `milk, eggs`.
_VERBS = (
    "arrange ask book bring build buy call charge check clean contact cook cut do download draft "
    "drop email exercise feed fetch file fill finish fix get go hang invite iron learn look mail "
    "meet message mow order organise organize pack paint pay phone pick plan practice "
    "practise prepare "
    "print read renew repair reply research return review ring run schedule sell send sign start "
    "study submit sweep take talk text throw tidy vacuum visit walk wash watch water wrap write "
    "cancel collect apply backup bake attend make"
)
TASK_VERBS: Final = frozenset(_VERBS.split())
_MODIFIER = (
    r"new|quick|high|low|medium|top|urgent|important|priority|high-priority|low-priority|work"
    r"|personal|study|health|finance|daily|weekly|monthly|recurring|repeating"
)
_HEAD = re.compile(
    r"^(?:(?:a|an|another|one more|the|my|some|following|these|those|two|three|four|five|few)\s+)*"
    rf"(?P<mods>(?:(?:{_MODIFIER})\s+)*)"
    r"(?P<noun>(?:tasks?|to-?dos?|items?|reminders?|things?|notes?)(?:\s+items?)?)\b(?!\s+#?\d)"
    r"(?:\s+for\s+(?:me|us)\b)?"
    r"(?:\s+(?:to|on|in)\s+(?:my|the)\s+(?:to-?\s?do\s+)?list)?"
    r"\s*(?::|-\s|\u2013|,|=)?\s*(?:(?:called|named|titled|saying|to|for|about|that says|which says"
    r"|with (?:the )?(?:title|name))\b\s*:?\s*)?",
    re.I,
)
_MODIFIED = re.compile(rf"^(?:(?:a|an|another)\s+)(?P<mods>(?:(?:{_MODIFIER})\s+)+)(?=\w)", re.I)
_TO_LIST = re.compile(
    r"^(?:this |these |the following )?(?:to|on|onto)\s+(?:my|the)\s+(?:to-?\s?do\s+"
    r"|task\s+)?(?:list|tasks)"
    r"\s*:?\s*",
    re.I,
)
_QUOTED_LIST = re.compile(r"([\"'])[^\"']+\1(?:\s*(?:,|;|&|and\b)+\s*\1[^\"']+\1)+", re.I)
_BETWEEN_QUOTES = re.compile(r"(?<=[\"'])\s*(?:,|;|&|and\b)+\s*(?=[\"'])", re.I)
_COMMA = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+", re.I)
_FROM_VERB = re.compile(r"^(?:that\s+)?(?:i\s+)?(?:need|have|want|should|must)?\s*(?:to\s+)?", re.I)


def read_drafts(text: str, today: date) -> tuple[Draft, ...]:
    """The drafts in what follows "add"; empty when nothing is named."""
    text = _TO_LIST.sub("", text.strip(" \t,"))
    shared, plural, colon = Details(), False, text.startswith(":")
    if head := _HEAD.match(text):
        shared = _of_modifiers(head["mods"])
        plural = head["noun"].lower().rstrip().endswith("s")
        colon = colon or ":" in head[0]
        text = text[head.end() :]
        if (late := re.match(r"[^:\n]{1,40}:", text)) and not colon:
            left, more = read_details(late[0], today)
            if not tidy_title(left):  # "a task for tomorrow: call mum"
                shared, text = shared.with_more(more), text[late.end() :]
    elif head := _MODIFIED.match(text):
        shared, text = _of_modifiers(head["mods"]), text[head.end() :]
    items, common = _split_items(text.strip(" :,"), plural=plural, today=today)
    drafts: list[Draft] = []
    for item in items[:MOST_DRAFTS]:
        values = read_values(item, today) if drafts and not category_named(item) else None
        title, details = ("", values) if values else _read_item(item, today)
        if not title and not drafts and not details.tags:  # "add daily": a name after all
            title, details = tidy_title(item), Details()
        if title:
            details = shared.with_more(common).with_more(details)
            drafts.append(Draft(title=title, details=details))
        elif drafts:  # "buy milk, no rush": no task of its own
            last = drafts[-1]
            drafts[-1] = Draft(title=last.title, details=last.details.with_more(details))
    return tuple(drafts)


def _read_item(item: str, today: date) -> tuple[str, Details]:
    item = item[:_LONGEST_ITEM]
    if item[:1] in '"“' and (quoted := re.match(r'["“]([^"”]+)["”]', item)):
        _, details = read_details(item[quoted.end() :], today)
        return tidy_title(quoted[1]), details  # what stands in quotes is the title, word for word
    rest, details = read_details(item, today)
    return tidy_title(rest), details


def _of_modifiers(words: str) -> Details:
    found = Details()
    for word in words.lower().replace("-", " ").split():
        if word in ("daily", "weekly", "monthly"):
            found = found.with_more(Details(recurrence=word))
        found = found.with_more(
            Details(priority=priority_named(word), category=category_named(word))
        )
    return found


def _split_items(text: str, *, plural: bool, today: date) -> tuple[list[str], Details]:
    """The items, and the details that belong to all of them."""
    if _QUOTED_LIST.fullmatch(text):
        return [item for item in re.split(_BETWEEN_QUOTES, text) if item], Details()
    if text[:1] in '"“':
        return [text], Details()
    lines = split_lines(text)
    if len(lines) > 1:
        return lines, Details()
    text = lines[0] if lines else ""
    if ";" in text:
        return [item for item in re.split(r"\s*;\s*(?:and\s+)?", text) if item], Details()
    parts = [part for part in _COMMA.split(text) if part.strip()]
    if len(parts) > 1 and all(_starts_with_verb(part, today) for part in parts):
        return parts, Details()
    rest, common = read_details(text, today)
    bare = [part for part in _COMMA.split(tidy_title(rest)) if part.strip()]
    if len(bare) < 2 or any(len(part.split()) > 4 for part in bare):
        return [text], Details()
    if plural or ("," in rest and not _starts_with_verb(bare[0], today) and len(bare) > 2):
        return bare, common
    return [text], Details()


def _starts_with_verb(part: str, today: date) -> bool:
    words = _FROM_VERB.sub("", part).lower().split()
    if len(words) > 1 and words[0] in TASK_VERBS:
        return True
    return not tidy_title(read_details(part, today)[0])  # only details: they go to the one before
