"""What each intent does: rounds of tool calls and, in the end, a reply.

A script is a generator: it yields the calls of a round, gets their results in the same order, and
returns its reply. It reads no clock and keeps nothing, so it can be run again from the start with
the results that the messages hold, up to the place where the next calls are due.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from chatkit.demo import speech
from chatkit.demo.acting import act
from chatkit.demo.adding import MOST_DRAFTS
from chatkit.demo.finding import look_up
from chatkit.demo.forms import ask, write
from chatkit.demo.memory import PAGE, Memory
from chatkit.demo.smalltalk import is_puzzling, say_talk, say_unknown
from chatkit.demo.values import (
    Add,
    Begun,
    Call,
    Change,
    Complete,
    Delete,
    Draft,
    Intent,
    Look,
    Pick,
    Places,
    Plan,
    Question,
    Reply,
    Result,
    Script,
    Show,
    Talk,
    TaskView,
    These,
    Unknown,
    Write,
)


def run(intent: Intent, memory: Memory, today: date) -> Script:
    """The script of an intent."""
    match intent:
        case Add():
            return (yield from _add(intent, today))
        case Show():
            return (yield from _show(intent, memory, today))
        case Complete() | Change() | Delete() | Look():
            return (yield from act(intent, memory, today))
        case Talk(kind):
            return Reply(text=say_talk(kind, today))
        case Plan():
            found = yield from ask(intent, today)
            return found if isinstance(found, Reply) else (yield from _add(found, today))
        case Write():
            return (yield from write(intent))
        case Begun(words=words):
            asked = Question(words=words, begun=intent.begun, titles=intent.titles)
            return Reply(text=words, question=asked)
        case Pick():
            return Reply(text=_ask_what(intent))
        case Unknown(text):
            return _offer(text)


def _ask_what(pick: Pick) -> str:
    match pick.target:
        case Places((place, *_)):
            which = such = f"task {place}" if place > 0 else "the last one"
        case These((task, *_)):
            which, such = speech.label(task), "it"
        case _:
            which = such = "them"
    return (
        f"What shall I do with {which}? For example “complete {such}”, “delete {such}” or "
        f"“move {such} to tomorrow”."
    )


def _offer(text: str) -> Reply:
    """A few plain words may well be a task; a question or another language is not."""
    if not is_puzzling(text) or not re.fullmatch(r"[^\W\d_][\w' -]{2,60}", text):
        return Reply(text=say_unknown(text))
    title = text[:1].upper() + text[1:]
    words = f"Shall I add “{speech.escape(title)}” as a task?"
    return Reply(
        text=f"I'm not sure what to do with that. {words}",
        question=Question(words=words, on_yes=Add((Draft(title=title),))),
    )


def _add(intent: Add, today: date) -> Script:
    if not intent.drafts:
        words = "What should the new task be called?"
        return Reply(text=words, question=Question(words=words, begun="add task:", titles=True))
    results = yield [
        Call("add_task", {"title": draft.title, **draft.details.to_arguments()})
        for draft in intent.drafts
    ]

    def added(result: Result, name: str) -> str:
        fields = speech.say_fields(result.task.fields if result.task else {}, today)
        return f"Added {' · '.join([name, *fields])}."

    names = [speech.label(TaskView("", draft.title)) for draft in intent.drafts]
    outcomes = list(zip(results, names, strict=True))
    text = speech.say_done(outcomes, added, "Added {} tasks:", today)
    if len(outcomes) == MOST_DRAFTS:
        text += f"\n\nI add at most {MOST_DRAFTS} at a time; please send the rest again."
    return Reply(text=text)


def _show(intent: Show, memory: Memory, today: date) -> Script:
    chosen = intent.filter
    if chosen.span is not None:
        found = yield from look_up(chosen.to_arguments(), chosen.span)
        shown = {**chosen.to_arguments(), "span": chosen.span}
        text = speech.say_shown(shown, found, today)
        return Reply(text=text, listed=found.tasks)
    arguments: dict[str, Any] = {"limit": PAGE} | chosen.to_arguments()
    if intent.more:
        if memory.listing is None:
            return Reply(text="I have not shown a list yet. Say “show me my tasks”.")
        arguments = {
            **memory.listing,
            "offset": memory.listing.get("offset", 0) + len(memory.shown or ()),
        }
    (result,) = yield [Call("list_tasks", arguments)]
    text = speech.say_shown(arguments, result, today)
    return Reply(text=text, listed=result.tasks, listing=arguments if result.success else None)
