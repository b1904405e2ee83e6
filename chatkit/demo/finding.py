"""Which tasks are meant: by number, by a filter, by words, or as the answer to "which one?"."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from chatkit.demo import speech
from chatkit.demo.memory import LOOKUP, PAGE, Memory
from chatkit.demo.values import (
    Acting,
    Call,
    Change,
    Complete,
    Delete,
    Every,
    Filter,
    It,
    Look,
    Places,
    Question,
    Reply,
    Result,
    Shown,
    Span,
    Target,
    TaskView,
    These,
    Words,
)
from chatkit.todo.tasks import MAX_TITLE

_VERBS: Final = {Complete: "complete", Change: "change", Delete: "delete", Look: "show"}


_BETWEEN_NAMES = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*", re.I)


@dataclass(frozen=True, slots=True)
class Found:
    """The tasks that are meant, at least one; `left` counts those that one lookup did not hold."""

    tasks: tuple[TaskView, ...]
    left: int = 0


#: Calls go out and results come in; in the end what is meant, or why there is nothing.
Finding = Generator[list[Call], list[Result], Found | Reply]


def resolve(intent: Acting, memory: Memory, today: date) -> Finding:
    """The tasks that an intent means; looked up where the conversation does not tell."""
    match intent.target:
        case These(tasks):
            if _needs_fields(intent) and not all(task.fields for task in tasks):
                (result,) = yield [Call("list_tasks", {"limit": LOOKUP, "show": False})]
                known = {task.id: task for task in result.tasks}
                tasks = tuple(known.get(task.id, task) for task in tasks)
            return Found(tasks)
        case It():
            if memory.focus is None:
                asked = "I'm not sure which task you mean. Give me its number or its title."
                return Reply(text=asked, question=Question(words=asked, choose=intent))
            return Found((memory.focus,))
        case Shown():
            if not memory.shown:
                return Reply(
                    text="I have not shown a list to choose from. Say “show me my tasks” first."
                )
            return Found(memory.shown)
        case Places(numbers):
            return (yield from _by_place(intent, numbers, memory))
        case Every(chosen):
            return (yield from _by_filter(intent, chosen))
        case Words(words):
            return (yield from _by_words(intent, words, today))


def _needs_fields(intent: Acting) -> bool:
    """Whether what a task has counts: its other tags stay, its day is the one that moves."""
    if isinstance(intent, Change):
        return bool(intent.details.tags or intent.dropped or intent.days)
    return isinstance(intent, Look)


def _by_place(intent: Acting, numbers: tuple[int, ...], memory: Memory) -> Finding:
    plain = len(numbers) == 1 and numbers[0] > 0 and not _needs_fields(intent)
    shown = memory.shown
    if shown is None or (not shown and plain):
        # The server knows what these numbers mean; "the last one" it would not.
        if min(numbers) < 0:
            return Reply(text="Which one is that? Say “show me my tasks”, then give me its number.")
        return Found(tuple(TaskView(str(number)) for number in numbers))
    if not shown:
        (result,) = yield [Call("list_tasks", {"limit": LOOKUP, "show": False})]
        if not result.success:
            return Reply(text=speech.say_failure(result))
        shown = memory.shown = result.tasks
    if not shown:
        return Reply(
            text="Your list is empty, so there is nothing to " + _VERBS[type(intent)] + "."
        )
    missing = [number for number in numbers if number > len(shown)]
    if missing:
        has = "1 task" if len(shown) == 1 else f"{len(shown)} tasks"
        return Reply(text=f"There is no task {missing[0]}: the list has {has}.")
    found = [shown[number - 1 if number > 0 else number] for number in numbers]
    return Found(tuple({task.id: task for task in found}.values()))


def look_up(
    arguments: Mapping[str, Any], span: Span | None = None
) -> Generator[list[Call], list[Result], Result]:
    """What the list holds of it, unseen. The days of a span are looked at here: a completed task is
    in it by the day of its completion, any other by its due date."""
    ordered = {} if span is None else {"sort": "due date"}
    (result,) = yield [Call("list_tasks", {**ordered, **arguments, "limit": LOOKUP, "show": False})]
    if span is None or not result.success:
        return result
    day = "completed_at" if arguments.get("status") == "completed" else "due_date"
    tasks = tuple(
        task for task in result.tasks if span.holds(speech.read_day(task.fields.get(day)))
    )
    unseen = result.total > len(result.tasks) and tasks[-1:] == result.tasks[-1:]
    return replace(result, tasks=tasks, total=len(tasks), partial=unseen)


def _by_filter(intent: Acting, chosen: Filter) -> Finding:
    arguments = chosen.to_arguments()
    if isinstance(intent, Complete):
        arguments.setdefault("status", "pending" if intent.completed else "completed")
    result = yield from look_up(arguments, chosen.span)
    if not result.success:
        return Reply(text=speech.say_failure(result))
    tasks = result.tasks
    if isinstance(intent, Complete):
        tasks = tuple(task for task in tasks if task.completed != intent.completed)
    if not tasks:
        kind = speech.say_kind({**arguments, "span": chosen.span}, 0)
        return Reply(text=f"You have no {kind}, so there is nothing to {_VERBS[type(intent)]}.")
    return Found(tasks, result.total - len(result.tasks))


def _by_words(intent: Acting, words: str, today: date) -> Finding:
    """One match is taken; of several the person chooses; a loose match is not deleted unasked."""
    (result,) = yield [
        Call("list_tasks", {"search": words[:MAX_TITLE], "limit": LOOKUP, "show": False})
    ]
    loose = result.success and not result.tasks and bool(_stems(words))
    if loose:
        (result,) = yield [Call("list_tasks", {"limit": LOOKUP, "show": False})]
    if not result.success:
        return Reply(text=speech.say_failure(result))
    everything = result.tasks if loose else ()
    tasks = tuple(task for task in result.tasks if not loose or _matches(words, task.title or ""))
    if isinstance(intent, Complete):
        fitting = tuple(task for task in tasks if task.completed != intent.completed)
        if tasks and not fitting and intent.completed:
            return Reply(text=f"{speech.label(tasks[0])} was complete already.")
        tasks = fitting or tasks
    same = tuple(task for task in tasks if (task.title or "").casefold() == words.casefold())
    tasks = same if len(same) == 1 else tasks
    if not tasks and (several := _each_of(words, everything)):
        return Found(several)
    if not tasks:
        hint = " To add it instead, say “add …”." if isinstance(intent, Complete) else ""
        return Reply(
            text=f"I found no task matching “{speech.escape(words)}”.{hint} "
            "Say “show me my tasks” to see what there is."
        )
    if len(tasks) == 1 and loose and isinstance(intent, Delete):
        asked = f"Did you mean {speech.label(tasks[0])}? Say “yes” and I delete it."
        chosen = Delete(target=These(tasks))
        return Reply(text=asked, question=Question(words=asked, on_yes=chosen))
    if len(tasks) == 1:
        return Found(tasks)
    asked = f"Which one shall I {_VERBS[type(intent)]}? Give me its number, or say “all”."
    options = tasks[:PAGE]
    return Reply(
        text=f"{len(tasks)} tasks match “{speech.escape(words)}”:\n\n"
        f"{speech.say_list(options, today)}\n\n{asked}",
        listed=options,
        question=Question(words=asked, choose=intent, options=options),
    )


def _each_of(words: str, tasks: Sequence[TaskView]) -> tuple[TaskView, ...]:
    """`bob and rent` -> the task of each name, where each means just one."""
    names = [name for name in _BETWEEN_NAMES.split(words) if name.strip()]
    found = [[task for task in tasks if _matches(name, task.title or "")] for name in names]
    if len(names) < 2 or any(len(matching) != 1 for matching in found):
        return ()
    return tuple({task.id: task for (task,) in found}.values())


def choose(question: Question, target: Target | None) -> Acting | None:
    """The act that an answer to "which one?" settles, or None when it is no such answer."""
    if question.choose is None:
        return None
    if not question.options:
        return replace(question.choose, target=target) if target is not None else None
    picked: tuple[TaskView, ...] = ()
    match target:
        case Places(numbers) if max(numbers) <= len(question.options):
            picked = tuple(question.options[n - 1 if n > 0 else n] for n in numbers)
        case Shown() | Every():
            picked = question.options
        case Words(words):
            matching = [task for task in question.options if _matches(words, task.title or "")]
            picked = tuple(matching) if len(matching) == 1 else ()
    return replace(question.choose, target=These(picked)) if picked else None


def _stems(text: str) -> list[str]:
    words = re.findall(r"[^\W_]{3,}", text.casefold())
    return [
        re.sub(r"(?<=\w{3})(?:ies|ing|ed|es|s|y)$", "", word) for word in words if word != "the"
    ]


def _matches(words: str, title: str) -> bool:
    wanted, given = _stems(words), _stems(title)
    return bool(wanted) and all(any(have.startswith(want) for have in given) for want in wanted)
