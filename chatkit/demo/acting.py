"""Completing, changing and deleting: the calls, what is asked first, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from chatkit.demo import speech
from chatkit.demo.changing import WHAT_CHANGES
from chatkit.demo.dates import find_day
from chatkit.demo.finding import look_up, resolve
from chatkit.demo.memory import PAGE, Memory
from chatkit.demo.values import (
    Acting,
    Call,
    Change,
    Complete,
    Delete,
    Look,
    Question,
    Reply,
    Result,
    Script,
    TaskView,
    These,
)
from chatkit.models.pure.call_pieces import MAX_CALLS
from chatkit.todo.days import say_day
from chatkit.todo.tasks import MAX_TAGS
from chatkit.words.catalogue import ENGLISH, say_in

#: What empties a field: to the tools, null means that it is left alone.
_EMPTY: Final[dict[str, Any]] = {
    "due_date": "",
    "description": "",
    "category": "none",
    "recurrence": "none",
    "tags": [],
}


def act(intent: Acting, memory: Memory, today: date) -> Script:
    """Find the tasks, then act on all of them in one round. What the server puts off until the
    person agrees is in the reply's `put_off`."""
    if intent == Change(target=intent.target):
        return Reply(text=WHAT_CHANGES)
    found = yield from resolve(intent, memory, today)
    if isinstance(found, Reply):
        return found
    if isinstance(intent, Look):
        return (yield from _look(found.tasks, today))
    tasks = found.tasks[:MAX_CALLS]
    left = found.left + len(found.tasks) - len(tasks)
    results = yield [_call(intent, task, today) for task in tasks]
    pairs = list(zip(tasks, results, strict=True))
    done = [(task, result) for task, result in pairs if not result.asks]
    text = _told(intent, done, today)
    if left:
        text += f"\n\nThere are {left} more like these: say it again to go on."
    asking = [(task, result) for task, result in pairs if result.asks]
    return Reply(
        text=text.strip(),
        put_off=tuple(task for task, _ in asking),
        on_card=all(result.on_card for _, result in asking),
    )


def _look(tasks: Sequence[TaskView], today: date) -> Script:
    """What a list said of them may be old."""
    result = yield from look_up({})
    if not result.success:
        return Reply(text=speech.say_failure(result))
    known = {task.id: task for task in result.tasks}
    tasks = [known.get(task.id, task) for task in tasks]
    text = "\n\n".join(speech.say_task(task, today) for task in tasks)
    return Reply(text=text, focus=tasks[-1])


def ask_to_delete(tasks: Sequence[TaskView], today: date, *, on_card: bool = False) -> Reply:
    """The list of what waits for the person's word, unless a card shows it, and the question."""
    these = "this task" if len(tasks) == 1 else f"these {len(tasks)} tasks"
    words = f"Shall I delete {these}? Say “yes” to go ahead."
    shown = tuple(tasks[:PAGE])
    hidden = len(tasks) - len(shown)
    more = f"\n\n… and {hidden} more." if hidden else ""
    return Reply(
        text=words if on_card else f"{speech.say_list(shown, today)}{more}\n\n{words}",
        listed=shown,
        question=Question(words=words, on_yes=Delete(target=These(tuple(tasks)))),
    )


def _call(intent: Complete | Change | Delete, task: TaskView, today: date) -> Call:
    match intent:
        case Complete(completed=completed):
            reopened = {} if completed else {"completed": False}
            return Call("complete_task", {"task_id": task.id, **reopened})
        case Delete():
            return Call("delete_task", {"task_id": task.id})
        case Change():
            return Call("update_task", {"task_id": task.id, **_changes(intent, task, today)})


def _changes(intent: Change, task: TaskView, today: date) -> dict[str, Any]:
    changes = intent.details.to_arguments()
    if intent.days:
        due = speech.read_day(task.fields.get("due_date")) or today
        changes["due_date"] = (due + timedelta(days=intent.days)).isoformat()
    if intent.title:
        changes["title"] = intent.title
    changes |= {name: _EMPTY[name] for name in intent.cleared}
    if intent.details.tags or intent.dropped:  # the tool replaces all tags, the words mean some
        kept = [tag for tag in task.tags if tag not in intent.dropped]
        tags = dict.fromkeys([*kept, *changes.get("tags", ())])
        changes["tags"] = list(tags)[:MAX_TAGS]
    return changes


def _told(
    intent: Complete | Change | Delete, pairs: Sequence[tuple[TaskView, Result]], today: date
) -> str:
    outcomes = [(result, speech.label(task)) for task, result in pairs]
    tasks = [task for task, _ in pairs]
    match intent:
        case Complete(completed=True):
            verb, done = "Completed", _completed(tasks, today)
        case Complete():
            verb, done = "Reopened", _reopened(tasks)
        case Delete():
            verb, done = "Deleted", lambda _, name: f"Deleted {name}."
        case Change():
            verb, done = "Updated", _updated(intent, outcomes[0][1] if outcomes else "", today)
    return speech.say_done(outcomes, done, f"{verb} {{}} tasks:", today)


def _completed(tasks: Sequence[TaskView], today: date) -> speech.Sentence:
    def say(result: Result, name: str) -> str:
        if (len(tasks) == 1 and tasks[0].completed) or _was_so(result):
            return f"{name} was complete already."
        again = None
        if result.task is not None and result.task.fields.get("recurrence"):
            again = find_day(result.message, today)
        following = (
            f" The next one is due {say_day(again.day, today, say_in(ENGLISH))}." if again else ""
        )
        return f"✅ {name} is complete.{following}"

    return say


def _reopened(tasks: Sequence[TaskView]) -> speech.Sentence:
    def say(result: Result, name: str) -> str:
        if (len(tasks) == 1 and tasks[0].fields.get("completed") is False) or _was_so(result):
            return f"{name} was open already."
        return f"Reopened {name}."

    return say


def _was_so(result: Result) -> bool:
    """Whether the tool says that there was nothing to do."""
    return result.message.endswith("already.")


def _updated(intent: Change, before: str, today: date) -> speech.Sentence:
    said = speech.say_changes(intent.details, (*intent.cleared, *intent.dropped), today)

    def say(result: Result, name: str) -> str:
        if intent.days and result.task is not None:
            return f"Moved {name}: {', '.join(speech.say_fields(result.task.fields, today)[:1])}."
        if intent.title:
            return f"Renamed {before} to {name}{f': {said}' if said else ''}."
        return f"Updated {name}: {said}."

    return say
