"""Executes intents: rounds of tool calls, then a reply.

A script is a generator. It yields the calls of a round, receives their results in the same order,
and returns its reply. It has no state outside itself, so a later request can run it again from the
start with the results in the messages, up to its next calls.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
from typing import Any, Final

from chatkit.answer import asking, drafting
from chatkit.demo.details import find_other_recurrence, read_values, tidy_title
from chatkit.demo.speech import Speech, escape
from chatkit.demo.targets import fold, read_target
from chatkit.demo.values import (
    Add,
    Call,
    ChangeTask,
    Complete,
    Delete,
    DemoReply,
    Every,
    Intent,
    It,
    Memory,
    Places,
    Plan,
    Result,
    Script,
    Show,
    Talk,
    TaskAction,
    TaskView,
    ToolArguments,
    Words,
    Write,
)
from chatkit.models.pure.call_pieces import MAX_CALLS
from chatkit.todo.tasks import MAX_PAGE, MAX_TITLE

#: Maximum number of tasks to choose from.
_MAX_OPTIONS: Final = 20
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

#: Yields calls, receives results; returns the tasks, or a reply that says why there are none.
Finding = Generator[list[Call], list[Result], tuple[TaskView, ...] | DemoReply]


def run(intent: Intent, memory: Memory, speech: Speech) -> Script:
    """The script of an intent."""
    match intent:
        case Add():
            return (yield from _add(intent, speech))
        case Show(chosen):
            (result,) = yield [Call("list_tasks", chosen)]  # as many as a card has rows
            return DemoReply(text=speech.shown(result, whole=not chosen))
        case Complete() | ChangeTask() | Delete():
            return (yield from _act(intent, memory, speech))
        case Plan(title):
            found = yield from _ask(title, speech)
            return found if isinstance(found, DemoReply) else (yield from _add(found, speech))
        case Write(what):
            return (yield from _write(what, speech))
        case Talk("undo"):
            (result,) = yield [Call("undo", {})]
            return DemoReply(text=escape(result.message) or speech.failure(result))
        case Talk(kind):
            return DemoReply(text=speech.say(f"demo.{kind}"))


def choose(awaits: TaskAction, said: str) -> TaskAction | None:
    """The action, on the task that an answer names; None if it names none."""
    target = read_target(said)
    return replace(awaits, target=target) if isinstance(target, Places | Words) else None


def _add(intent: Add, speech: Speech) -> Script:
    if not intent.drafts:
        return DemoReply(text=speech.say("demo.which_add"), awaits=intent)
    results = yield [Call("add_task", draft) for draft in intent.drafts]
    views = [TaskView("", draft["title"]) for draft in intent.drafts]
    text = speech.done("demo.added", list(zip(results, views, strict=True)))
    if any(result.success for result in results):
        text = "\n\n".join([text, *speech.unkept(intent.unkept, reminds=intent.reminds)])
    return DemoReply(text=text)


def _act(intent: TaskAction, memory: Memory, speech: Speech) -> Script:
    """Find the tasks, then act on all of them in one round."""
    unkept = speech.unkept(intent.unkept) if isinstance(intent, ChangeTask) else []
    if unkept and isinstance(intent, ChangeTask) and not intent.fields:
        return DemoReply(text="\n\n".join([*unkept, speech.say("demo.no")]))
    found = yield from _find(intent, memory, speech)
    if isinstance(found, DemoReply):
        return found
    tasks = found[:MAX_CALLS]
    code, tool, arguments = _step(intent)
    results = yield [Call(tool, {"task_id": task.id, **arguments}) for task in tasks]
    done = list(zip(results, tasks, strict=True))
    texts = [speech.done(code, done), *unkept]
    if len(found) > MAX_CALLS:
        texts.append(speech.say("demo.left"))
    return DemoReply(text="\n\n".join(text for text in texts if text))


def _step(intent: TaskAction) -> tuple[str, str, ToolArguments]:
    """The sentence for the outcome, the tool, and its arguments beside the task."""
    match intent:
        case Complete(completed=True):
            return "demo.completed", "complete_task", {}
        case Complete():
            return "demo.reopened", "complete_task", {"completed": False}
        case Delete():
            return "demo.deleted", "delete_task", {}
        case ChangeTask(fields=fields):
            return "demo.changed", "update_task", fields


def _find(intent: TaskAction, memory: Memory, speech: Speech) -> Finding:
    match intent.target:
        case It() if memory.focus is not None:
            return (memory.focus,)
        case It() | None:
            if isinstance(intent, ChangeTask) and not intent.fields:
                return DemoReply(text=speech.say("demo.which_change"))
            return DemoReply(text=speech.say("demo.which"), awaits=intent)
        case Places(numbers):
            return _by_place(numbers, memory, speech)
        case Every(chosen):
            if isinstance(intent, Complete):
                chosen = {"status": "pending" if intent.completed else "completed", **chosen}
            result = yield from _look_up(**chosen)
            if not result.success:
                return DemoReply(text=speech.failure(result))
            return result.tasks or DemoReply(text=speech.say("demo.found_none"))
        case Words(text):
            return (yield from _by_title(text, intent, speech))


def _look_up(**arguments: str) -> Generator[list[Call], list[Result], Result]:
    """List tasks without showing them to the user."""
    (result,) = yield [Call("list_tasks", {**arguments, "limit": MAX_PAGE, "show": False})]
    return result


def _by_place(
    numbers: tuple[int, ...], memory: Memory, speech: Speech
) -> tuple[TaskView, ...] | DemoReply:
    shown = memory.shown
    if not shown:  # the server resolves the numbers
        return tuple(TaskView(str(number)) for number in numbers)
    missing = [number for number in numbers if number > len(shown)]
    if missing:
        return DemoReply(text=speech.say("demo.no_number", number=missing[0], count=len(shown)))
    found = [shown[number - 1] for number in numbers]
    return tuple({task.id: memory.known.get(task.id, task) for task in found}.values())


def _by_title(title: str, intent: TaskAction, speech: Speech) -> Finding:
    """Find the one task with this title; otherwise the user chooses among similar ones."""
    result = yield from _look_up(search=title[:MAX_TITLE])
    if not result.success:
        return DemoReply(text=speech.failure(result))
    tasks = tuple(task for task in result.tasks if fold(title) in fold(task.title or ""))
    if isinstance(intent, Complete):
        tasks = tuple(task for task in tasks if task.completed != intent.completed) or tasks
    exact = tuple(task for task in tasks if fold(task.title or "") == fold(title))
    if len(exact) == 1:
        return exact
    if not tasks:
        return DemoReply(text=speech.say("demo.not_found", words=escape(title)))
    options = (exact or tasks)[:_MAX_OPTIONS]
    head = speech.say("demo.near", words=escape(title))
    text = f"{head}\n\n{speech.numbered(options)}\n\n{speech.say('demo.choose')}"
    return DemoReply(text=text, awaits=intent, options=options)


def _ask(title: str, speech: Speech) -> Generator[list[Call], list[Result], Add | DemoReply]:
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


def _write(what: str, speech: Speech) -> Script:
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
