"""Executes intents: rounds of tool calls, then a reply.

A script is a generator. It yields the calls of a round, receives their results in the same order,
and returns its reply. It has no state outside itself, so a later request can run it again from the
start with the results in the messages, up to its next calls.
"""

from __future__ import annotations

from typing import Any

from chatkit.demo.finding import look_up, resolve
from chatkit.demo.forms import ask, write
from chatkit.demo.memory import Memory
from chatkit.demo.speech import Speech
from chatkit.demo.values import (
    Add,
    Call,
    ChangeTask,
    Complete,
    Delete,
    DemoReply,
    Intent,
    Plan,
    Result,
    Script,
    Show,
    Talk,
    TaskAction,
    TaskView,
    Write,
)
from chatkit.models.pure.call_pieces import MAX_CALLS
from chatkit.todo.tasks import MAX_TAGS


def run(intent: Intent, memory: Memory, speech: Speech) -> Script:
    """The script of an intent."""
    match intent:
        case Add():
            return (yield from _add(intent, speech))
        case Show():
            return (yield from _show(intent, speech))
        case Complete() | ChangeTask() | Delete():
            return (yield from _act(intent, memory, speech))
        case Plan(title):
            found = yield from ask(title, speech)
            return found if isinstance(found, DemoReply) else (yield from _add(found, speech))
        case Write(what):
            return (yield from write(what, speech))
        case Talk(kind):
            return DemoReply(text=speech.say(f"demo.{kind}"))


def _add(intent: Add, speech: Speech) -> Script:
    if not intent.drafts:
        return DemoReply(text=speech.say("demo.which_add"), awaits=intent)
    results = yield [Call("add_task", draft) for draft in intent.drafts]
    views = [TaskView("", draft["title"]) for draft in intent.drafts]
    text = speech.done("demo.added", list(zip(results, views, strict=True)))
    kept = speech.unkept(intent.unkept) if any(result.success for result in results) else []
    return DemoReply(text="\n\n".join([text, *kept]))


def _show(intent: Show, speech: Speech) -> Script:
    (result,) = yield [Call("list_tasks", intent.filter)]  # as many as a card has rows
    return DemoReply(text=speech.shown(result, whole=not intent.filter))


def _act(intent: TaskAction, memory: Memory, speech: Speech) -> Script:
    """Find the tasks, then act on all of them in one round."""
    unkept = speech.unkept(intent.unkept) if isinstance(intent, ChangeTask) else []
    if unkept and isinstance(intent, ChangeTask) and not intent.fields:
        return DemoReply(text="\n\n".join([*unkept, speech.say("demo.no")]))
    found = yield from resolve(intent, memory, speech)
    if isinstance(found, DemoReply):
        return found
    tasks = found.tasks[:MAX_CALLS]
    if isinstance(intent, ChangeTask) and (intent.dropped or "tags" in intent.fields):
        if not all(task.fields for task in tasks):  # the other tags stay, so they must be known
            result = yield from look_up()
            known = {task.id: task for task in result.tasks}
            tasks = tuple(known.get(task.id, task) for task in tasks)
        if not all(task.fields for task in tasks):
            return DemoReply(text=speech.say("demo.no_list"))
    left = found.left + len(found.tasks) - len(tasks)
    results = yield [_call(intent, task) for task in tasks]
    done = [(r, task) for r, task in zip(results, tasks, strict=True) if not r.asks]
    put_off = tuple(task for r, task in zip(results, tasks, strict=True) if r.asks)
    texts = [speech.done(_code(intent, done), done), *(unkept if done else [])]
    if isinstance(intent, Complete):
        texts += [speech.next_due(result) for result, _ in done]
    if left:
        texts.append(speech.say("demo.left", count=left))
    on_card = all(result.on_card for result in results if result.asks)
    if put_off:
        texts.append(speech.confirm(put_off, on_card=on_card))
    text = "\n\n".join(text for text in texts if text)
    return DemoReply(text=text, put_off=put_off, options=() if on_card else put_off)


def _call(intent: TaskAction, task: TaskView) -> Call:
    match intent:
        case Complete(completed=completed):
            reopened = {} if completed else {"completed": False}
            return Call("complete_task", {"task_id": task.id, **reopened})
        case Delete():
            return Call("delete_task", {"task_id": task.id})
        case ChangeTask():
            return Call("update_task", {"task_id": task.id, **_changes(intent, task)})


def _changes(intent: ChangeTask, task: TaskView) -> dict[str, Any]:
    changes = dict(intent.fields)
    if (
        intent.dropped or "tags" in changes
    ):  # the tool replaces all tags, the user means some of them
        kept = [tag for tag in task.tags if tag not in intent.dropped]
        changes["tags"] = list(dict.fromkeys([*kept, *changes.get("tags", ())]))[:MAX_TAGS]
    return changes


def _code(intent: TaskAction, done: list[tuple[Result, TaskView]]) -> str:
    match intent:
        case Complete(completed=completed):
            was = "complete" if completed else "open"
            if len(done) == 1 and done[0][0].message.endswith("already."):
                return f"demo.{was}_already"
            return "demo.completed" if completed else "demo.reopened"
        case Delete():
            return "demo.deleted"
        case ChangeTask():
            return "demo.changed"
