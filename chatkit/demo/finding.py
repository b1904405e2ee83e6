"""Finds the tasks of a target, in the conversation or by a lookup."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Final

from chatkit.demo.memory import Memory
from chatkit.demo.speech import Speech, escape
from chatkit.demo.targets import read_target
from chatkit.demo.values import (
    Call,
    ChangeTask,
    Complete,
    DemoReply,
    Every,
    It,
    Places,
    Result,
    TaskAction,
    TaskView,
    These,
    Words,
)
from chatkit.todo.tasks import MAX_PAGE, MAX_TITLE

#: Maximum number of tasks to choose from.
_MAX_OPTIONS: Final = 20


@dataclass(frozen=True, slots=True)
class Found:
    """One or more tasks. `left`: how many more there are than one lookup returns."""

    tasks: tuple[TaskView, ...]
    left: int = 0


#: Yields calls, receives results; returns the tasks, or a reply that says why there are none.
Finding = Generator[list[Call], list[Result], Found | DemoReply]


def resolve(intent: TaskAction, memory: Memory, speech: Speech) -> Finding:
    """Find the tasks of an intent."""
    match intent.target:
        case These(tasks):
            return Found(tuple(memory.known.get(task.id, task) for task in tasks))
        case It() if memory.focus is not None:
            return Found((memory.focus,))
        case It() | None:
            return _which(intent, speech)
        case Places(numbers):
            return _by_place(numbers, memory, speech)
        case Every(chosen):
            if isinstance(intent, Complete):
                chosen = {"status": "pending" if intent.completed else "completed", **chosen}
            result = yield from look_up(**chosen)
            if result.success and result.tasks:
                return Found(result.tasks, result.total - len(result.tasks))
            failed = "" if result.success else speech.failure(result)
            return DemoReply(text=failed or speech.say("demo.found_none"))
        case Words(text):
            return (yield from _by_title(text, intent, speech))


def look_up(**arguments: str) -> Generator[list[Call], list[Result], Result]:
    """List tasks without showing them to the user."""
    (result,) = yield [Call("list_tasks", {**arguments, "limit": MAX_PAGE, "show": False})]
    return result


def _which(intent: TaskAction, speech: Speech) -> DemoReply:
    match intent:
        case Complete(completed=completed):
            code = "demo.which_complete" if completed else "demo.which_reopen"
            return DemoReply(text=speech.say(code), awaits=intent)
        case ChangeTask():
            return DemoReply(text=speech.say("demo.which_change"))
        case _:
            return DemoReply(text=speech.say("demo.which_delete"), awaits=intent)


def _by_place(numbers: tuple[int, ...], memory: Memory, speech: Speech) -> Found | DemoReply:
    shown = memory.shown
    if not shown:
        # The server resolves these numbers, but not "the last one".
        if min(numbers) < 0:
            return DemoReply(text=speech.say("demo.no_list"))
        return Found(tuple(TaskView(str(number)) for number in numbers))
    missing = [number for number in numbers if number > len(shown)]
    if missing:
        return DemoReply(text=speech.say("demo.no_number", number=missing[0], count=len(shown)))
    found = [shown[number - 1 if number > 0 else number] for number in numbers]
    return Found(tuple({task.id: memory.known.get(task.id, task) for task in found}.values()))


def _by_title(title: str, intent: TaskAction, speech: Speech) -> Finding:
    """Find the one task with this title; otherwise the user chooses among similar ones."""
    result = yield from look_up(search=title[:MAX_TITLE])
    if not result.success:
        return DemoReply(text=speech.failure(result))
    tasks = tuple(task for task in result.tasks if _words(title) in _words(task.title or ""))
    if isinstance(intent, Complete):
        tasks = tuple(task for task in tasks if task.completed != intent.completed) or tasks
    exact = tuple(task for task in tasks if _words(task.title or "") == _words(title))
    if len(exact) == 1:
        return Found(exact)
    if not tasks:
        return DemoReply(text=speech.say("demo.not_found", words=escape(title)))
    options = (exact or tasks)[:_MAX_OPTIONS]
    head = speech.say("demo.near", words=escape(title))
    text = f"{head}\n\n{speech.numbered(options)}\n\n{speech.say('demo.choose')}"
    return DemoReply(text=text, awaits=intent, options=options)


def _words(title: str) -> str:
    """A title in lower case without punctuation, with a space at both ends."""
    words = re.findall(r"\w+", title.casefold())
    return f" {' '.join(words[1:] if words[:1] in (['the'], ['my']) else words)} "


def choose(awaits: TaskAction, said: str) -> TaskAction | None:
    """The action, on the task that an answer names; None if it names none."""
    target = read_target(said)
    return replace(awaits, target=target) if isinstance(target, Places | Words) else None
