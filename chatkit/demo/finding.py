"""Which tasks are meant: by number, by a filter, by the title, or as the answer to "which one?"."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Final

from chatkit.demo.memory import LOOKUP, PAGE, Memory
from chatkit.demo.speech import Speech, escape
from chatkit.demo.targets import read_places
from chatkit.demo.values import (
    Acting,
    Begun,
    Call,
    Change,
    Complete,
    Every,
    It,
    Places,
    Reply,
    Result,
    Shown,
    TaskView,
    These,
    Words,
)
from chatkit.todo.tasks import MAX_TITLE

_AND: Final = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*", re.I)


@dataclass(frozen=True, slots=True)
class Found:
    """The tasks that are meant, at least one; `left` counts those that one lookup did not hold."""

    tasks: tuple[TaskView, ...]
    left: int = 0


#: Calls go out and results come in; in the end what is meant, or why there is nothing.
Finding = Generator[list[Call], list[Result], Found | Reply]


def resolve(intent: Acting, memory: Memory, speech: Speech) -> Finding:
    """The tasks that an intent means; looked up where the conversation does not tell."""
    match intent.target:
        case These(tasks):
            return Found(tuple(memory.known.get(task.id, task) for task in tasks))
        case It():
            if memory.focus is None:
                return _which(intent, speech)
            return Found((memory.focus,))
        case Shown():
            if not memory.shown:
                return Reply(text=speech.say("demo.no_list"))
            return Found(memory.shown)
        case Places(numbers):
            return _by_place(numbers, memory, speech)
        case Every(chosen):
            arguments = chosen.to_arguments()
            if isinstance(intent, Complete):
                arguments.setdefault("status", "pending" if intent.completed else "completed")
            result = yield from look_up(**arguments)
            if result.success and result.tasks:
                return Found(result.tasks, result.total - len(result.tasks))
            return Reply(text=speech.shown(arguments or {"show": False}, result))
        case Words():
            return (yield from _by_words(intent, intent.target, speech))


def look_up(**arguments: str) -> Generator[list[Call], list[Result], Result]:
    """What the list holds of it, unseen."""
    (result,) = yield [Call("list_tasks", {**arguments, "limit": LOOKUP, "show": False})]
    return result


def _which(intent: Acting, speech: Speech) -> Reply:
    verb = "change" if isinstance(intent, Change) else _verb(intent)
    begun = None if verb == "change" else Begun(verb)  # type: ignore[arg-type]
    return Reply(text=speech.say(f"demo.which_{verb}"), begun=begun)


def _verb(intent: Acting) -> str:
    if isinstance(intent, Complete):
        return "complete" if intent.completed else "reopen"
    return "delete"


def _by_place(numbers: tuple[int, ...], memory: Memory, speech: Speech) -> Found | Reply:
    shown = memory.shown
    if not shown:
        # The server knows what these numbers mean; "the last one" it would not.
        if min(numbers) < 0:
            return Reply(text=speech.say("demo.no_list"))
        return Found(tuple(TaskView(str(number)) for number in numbers))
    missing = [number for number in numbers if number > len(shown)]
    if missing:
        return Reply(text=speech.say("demo.no_number", number=missing[0], count=len(shown)))
    found = [shown[number - 1 if number > 0 else number] for number in numbers]
    return Found(tuple({task.id: memory.known.get(task.id, task) for task in found}.values()))


def _by_words(intent: Acting, words: Words, speech: Speech) -> Finding:
    """The one task of that title is taken; of what only comes near the person chooses."""
    result = yield from look_up(search=words.text[:MAX_TITLE])
    names = [name for name in _AND.split(words.text) if name.strip()]
    everything: Result | None = None
    if result.success and not result.tasks and len(names) > 1:
        result = everything = yield from look_up()
    if not result.success:
        return Reply(text=speech.failure(result))
    if everything is not None:
        each = [_meant(replace(words, text=name), everything.tasks) for name in names]
        if all(len(tasks) == 1 for tasks in each):
            return Found(tuple({task.id: task for (task,) in each}.values()))
    tasks = tuple(task for task in result.tasks if _holds(words.text, task.title or ""))
    if isinstance(intent, Complete):
        tasks = tuple(t for t in tasks if t.completed != intent.completed) or tasks
    meant = _meant(words, tasks)
    if len(meant) == 1:
        return Found(meant)
    if not tasks:
        return Reply(text=speech.say("demo.not_found", words=escape(words.text)))
    options = (meant or tasks)[:PAGE]
    head = speech.say("demo.near", words=escape(words.text))
    text = f"{head}\n\n{speech.numbered(options)}\n\n{speech.say('demo.choose')}"
    return Reply(text=text, choosing=intent, options=options)


def _meant(words: Words, tasks: tuple[TaskView, ...]) -> tuple[TaskView, ...]:
    """Those of exactly that title; else those that hold it, where that is enough."""
    exact = tuple(task for task in tasks if _plain(task.title or "") == _plain(words.text))
    if exact or not words.loose:
        return exact
    return tuple(task for task in tasks if _holds(words.text, task.title or ""))


def _plain(text: str) -> str:
    words = re.findall(r"\w+", text.casefold())
    return " ".join(words[1:] if len(words) > 1 and words[0] in ("the", "my") else words)


def _holds(words: str, title: str) -> bool:
    return bool(_plain(words)) and f" {_plain(words)} " in f" {_plain(title)} "


def choose(asked: Reply, said: str) -> Acting | None:
    """The act that an answer to "which one?" settles, or None when it is no such answer."""
    if asked.choosing is None or not asked.options:
        return None
    numbers = read_places(said.strip(" .!"))
    picked = [asked.options[n - 1 if n > 0 else n] for n in numbers if n <= len(asked.options)]
    if not numbers:
        picked = [task for task in asked.options if _plain(task.title or "") == _plain(said)]
    settled = len(picked) == max(len(numbers), 1)
    return replace(asked.choosing, target=These(tuple(picked))) if settled else None
