"""The tools of the server itself: a form that asks for a task, and the draft of a text."""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import date
from typing import Any, Final

from chatkit.answer import asking, drafting
from chatkit.demo.adding import read_drafts
from chatkit.demo.details import read_values
from chatkit.demo.values import Add, Call, Details, Draft, Plan, Reply, Result, Script, Write

_NO_DATE: Final = "no date"
_QUESTIONS: Final[tuple[dict[str, Any], ...]] = (
    {"question": "What is to be done?"},
    {"question": "When is it due?", "options": ["today", "tomorrow", "next week", _NO_DATE]},
    {"question": "How important is it?", "options": ["high", "medium", "low"]},
)
_LETTER = r"e-?mail|mail|message|letter|reply"
#: Kinds of texts that can be drafted.
KINDS: Final = rf"(?:{_LETTER}|note|text|plan|outline)"
_PARTS = re.compile(
    rf"(?P<kind>{KINDS})\b(?:\s+(?:to|for)\s+(?P<whom>.+?))?"
    r"(?:\s+(?:about|on|regarding)\s+(?P<topic>.+))?",
    re.I | re.S,
)


def ask(plan: Plan, today: date) -> Generator[list[Call], list[Result], Add | Reply]:
    """The task that the answers to a form make."""
    questions = list(_QUESTIONS[1:] if plan.title else _QUESTIONS)
    (result,) = yield [Call(asking.NAME, {"questions": questions})]
    given = (plan.title, *result.answers) if plan.title else result.answers
    title, *others = given or ("",)
    if not result.success or not title.strip():
        return Reply(text="All right, nothing was added.")
    details = Details()
    for answer in others:
        details = details.with_more(read_values(answer, today) or Details())
    drafts = read_drafts(title, today) or (Draft(title=title),)
    return Add(tuple(Draft(title=d.title, details=d.details.with_more(details)) for d in drafts))


def write(intent: Write) -> Script:
    """A short draft: what a form letter can say, and no more."""
    title, text = _draft(intent.what)
    yield [Call(drafting.WRITE_DRAFT.name, {"title": title, "text": text})]
    return Reply(
        text="Here is a first draft. I'm only a demo: what stands in brackets is yours to write."
    )


def _draft(what: str) -> tuple[str, str]:
    parts = _PARTS.fullmatch(what.strip())
    if parts is None:
        kind, whom, topic = "draft", None, what.strip()
    else:
        kind, whom, topic = parts["kind"], parts["whom"], parts["topic"]
    title = f"{kind.capitalize()}{f' to {whom}' if whom else ''}{f': {topic}' if topic else ''}"
    if not re.fullmatch(_LETTER, kind, re.I):
        about = topic or whom or "your topic"
        lines = [f"[What {about} is about, in a sentence.]", "- [First point]\n- [Second point]"]
        return (f"{kind.capitalize()}: {about}" if topic or whom else title), "\n\n".join(lines)
    return title, "\n\n".join([
        f"Hello {whom or '[name]'},",
        f"I am writing to you about {topic or '[your topic]'}.",
        "[What you want to say.]",
        "Please let me know what you think.",
        "Best regards,\n[your name]",
    ])  # fmt: skip
