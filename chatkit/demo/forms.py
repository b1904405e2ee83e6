"""The form that asks for a task (`ask_user`), and the draft of a text (`write_draft`)."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any, Final

from chatkit.answer import asking, drafting
from chatkit.demo.details import find_other_recurrence, read_values, tidy_title
from chatkit.demo.speech import Speech
from chatkit.demo.values import Add, Call, DemoReply, Result, Script

#: The options of the form: code of the label, and value.
_DAYS: Final = {
    "demo.today": "today", "demo.tomorrow": "tomorrow", "demo.next_week": "next week",
    "demo.no_date": "",
}  # fmt: skip
_LEVELS: Final = {"demo.high": "high", "demo.medium": "medium", "demo.low": "low"}
_PARTS: Final = re.compile(
    r"(?P<kind>\S+)(?:\s+(?:to|for)\s+(?P<whom>.+?))?(?:\s+(?:about|on"
    r"|regarding)\s+(?P<topic>.+))?",
    re.I | re.S,
)


def ask(title: str, speech: Speech) -> Generator[list[Call], list[Result], Add | DemoReply]:
    """Ask for a task in a form; return the task, or a reply."""
    say = speech.say
    questions: list[dict[str, Any]] = [
        {"question": say("demo.ask_when"), "options": [say(code) for code in _DAYS]},
        {"question": say("demo.ask_priority"), "options": [say(code) for code in _LEVELS]},
    ]
    if not title:
        questions.insert(0, {"question": say("demo.ask_title")})
    (result,) = yield [Call(asking.NAME, {"questions": questions})]
    given = [title, *result.answers] if title else [*result.answers]
    if not result.success or not given or not tidy_title(given[0]):
        return DemoReply(text=say("demo.nothing_added"))
    meant = {say(code): word for code, word in (_DAYS | _LEVELS).items()}
    fields: dict[str, Any] = {}
    for answer in given[1:]:
        fields |= read_values(meant.get(answer, answer), speech.today) or {}
    unkept = find_other_recurrence("\n".join(given[1:]))
    return Add(({"title": tidy_title(given[0]), **fields},), unkept=unkept)


def write(what: str, speech: Speech) -> Script:
    """Write a short draft from a template."""
    parts = _PARTS.fullmatch(what.strip())
    whom, topic = (parts["whom"], parts["topic"]) if parts else (None, None)
    text = speech.say(
        "demo.letter",
        whom=whom or speech.say("demo.letter_whom"),
        topic=topic or speech.say("demo.letter_topic"),
    )
    title = what.strip()[: drafting.MAX_TITLE_CHARS]
    yield [Call(drafting.WRITE_DRAFT.name, {"title": title[:1].upper() + title[1:], "text": text})]
    return DemoReply(text=speech.say("demo.drafted"))
