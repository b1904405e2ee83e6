"""The handlers of the task tools. Their descriptions are in tools/descriptions.py."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from chatkit.access.caller import Caller
from chatkit.access.zones import day_of
from chatkit.ports.task_history import TaskHistory
from chatkit.ports.tasks import TaskStore
from chatkit.protocol.calls import CardOffer, Effect
from chatkit.protocol.errors import BadRequest
from chatkit.todo.changes import OVERWRITING
from chatkit.todo.tasks import (
    Task,
    TaskChanges,
    parse_changes,
    parse_draft,
    parse_query,
)
from tools.allowances import Allowances, author_of
from tools.listed import MAX_ROWS
from tools.signals import CHANGES_CARD, LIST_CARD, task_changed

#: Encodes a value as JSON text for the model.
encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

#: A place in a list, which only a conversation has shown.
_PLACE: Final = re.compile(r"\d{1,4}", re.ASCII)

#: Most characters of one list, so that a page of long tasks fits into a model's context.
_MAX_LIST: Final = 24_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """The result of a tool: the JSON object for the model, the effect for the page, the card for
    the user, and the tasks that the object mentions."""

    body: dict[str, Any]
    effect: Effect | None = None
    card: CardOffer | None = None
    mentions: tuple[Task, ...] = ()


_Handler = Callable[[Mapping[str, Any], Caller], Awaitable[TaskResult]]


class TaskTools:
    """The handlers by tool name. Each takes the arguments and the caller.

    Unknown arguments are ignored, `user_id` among them. Null counts as missing, because models fill
    in arguments that they do not need. Raises BadRequest that names the field, and NotFound.
    """

    def __init__(
        self, tasks: TaskStore, history: TaskHistory, *, now: Callable[[], datetime]
    ) -> None:
        self._tasks = tasks
        self._history = history
        self._allowances = Allowances(history)
        self._now = now
        self.by_name: Mapping[str, _Handler] = {
            "add_task": self._add,
            "list_tasks": self._list,
            "complete_task": self._complete,
            "update_task": self._update,
            "delete_task": self._delete,
            "undo": self._undo,
        }

    async def _add(self, arguments: Mapping[str, Any], who: Caller) -> TaskResult:
        draft = parse_draft(_given(arguments))
        task = await self._tasks.add(who.user_id, draft, author_of(who))
        return _changed("add", task, f"Added “{task.title}”.")

    async def _list(self, arguments: Mapping[str, Any], who: Caller) -> TaskResult:
        fields = _given(arguments)
        fields.pop("after", None)  # this tool pages by offset
        query = parse_query(fields, today=self._today(who))
        page = await self._tasks.list(who.user_id, query)
        shown = _that_fit(page.tasks)
        ids = [task["id"] for task in shown]
        if who.thread_id is not None:
            await self._tasks.remember_shown(who.user_id, who.thread_id, ids)
        message = f"{len(shown)} of {page.total} matching tasks"
        message += "." if who.thread_id is None else ", to be numbered from 1."
        following = query.offset + len(shown)
        if shown and following < page.total:
            message += f" The next ones: offset {following}."
        if not page.total:
            message = "No task matches."
        body = {"success": True, "tasks": shown, "total": page.total, "message": message}
        card = None
        if shown and who.shows_cards and fields.get("show", True) is not False:
            more = max(page.total - following, 0)
            card = CardOffer(name=LIST_CARD, data={"task_ids": ids, "more": more})
            body["message"] = f"{message} {_on_card(len(shown))}"
            body["shown_as_card"] = True
        return TaskResult(body=body, card=card, mentions=tuple(page.tasks[: len(shown)]))

    async def _complete(self, arguments: Mapping[str, Any], who: Caller) -> TaskResult:
        task = await self._find(arguments, who)
        completed = _given(arguments).get("completed", True)
        changes = parse_changes({"completed": completed})
        return await self._set_completed(task, changes, who, action="complete")

    async def _update(self, arguments: Mapping[str, Any], who: Caller) -> TaskResult:
        changes = parse_changes(_given(arguments))
        task = await self._find(arguments, who)
        others = {name: new for name, new in changes.values.items() if name != "completed"}
        by = author_of(who)
        if not OVERWRITING.isdisjoint(others):
            allowed = await self._allowances.find(who, by, overwrites=1)
            if allowed is None:
                return _waiting(task, _given(arguments), who)
            by = allowed
        if others:
            task = await self._tasks.update(who.user_id, task.id, TaskChanges(others), by)
        if "completed" in changes.values:
            return await self._set_completed(task, changes, who, action="update")
        return _changed("update", task, f"Changed “{task.title}”.")

    async def _delete(self, arguments: Mapping[str, Any], who: Caller) -> TaskResult:
        task = await self._find(arguments, who)
        by = await self._allowances.find(who, author_of(who), deletions=1)
        if by is None:
            return _waiting(task, None, who)
        await self._tasks.delete(who.user_id, task.id, by)
        return TaskResult(
            body={"success": True, "message": f"Deleted “{task.title}”."},
            effect=task_changed("delete", task.id),
        )

    async def _undo(self, _: Mapping[str, Any], who: Caller) -> TaskResult:
        undone = await self._history.undo(who.user_id, replace(author_of(who), approved=True))
        said = [f"“{task.title}” is as it was." for task in undone.restored]
        said += [f"“{task.title}” is gone again." for task in undone.removed]
        if undone.left_alone:
            said.append(f"{undone.left_alone} left alone, since changed again after that.")
        if not said:
            said = ["There is nothing to take back here."]
        changed = (*undone.restored, *undone.removed)
        return TaskResult(
            body={"success": bool(changed), "message": " ".join(said)},
            effect=task_changed("undo", changed[0].id) if changed else None,
            mentions=undone.restored,
        )

    async def _set_completed(
        self, task: Task, changes: TaskChanges, who: Caller, *, action: str
    ) -> TaskResult:
        completed: bool = changes.values["completed"]
        done = await self._tasks.complete(
            who.user_id,
            task.id,
            completed=completed,
            today=self._today(who),
            by=author_of(who),
        )
        message = f"{'Completed' if completed else 'Opened again:'} “{task.title}”."
        if action == "complete" and task.completed is completed:
            message = f"“{task.title}” was {'completed' if completed else 'open'} already."
        if (following := done.next_task) is not None:
            message += f" It recurs: the next one is due on {following.due_date}."
        return _changed(action, done.task, message)

    async def _find(self, arguments: Mapping[str, Any], who: Caller) -> Task:
        reference = _given(arguments).get("task_id")
        if isinstance(reference, int) and not isinstance(reference, bool):
            reference = str(reference)  # models send 2 for "2"
        if not isinstance(reference, str) or not reference.strip():
            raise BadRequest("task_id: is required, as a string")
        if who.thread_id is None and _PLACE.fullmatch(reference.strip()):
            raise BadRequest(
                "task_id: must be the id of the task or how it begins; places are not taken here, "
                "since they change with every new task"
            )
        return await self._tasks.find(who.user_id, reference, thread_id=who.thread_id)

    def _today(self, who: Caller) -> date:
        return day_of(who, self._now())


def _on_card(length: int) -> str:
    """Tells the model what the user sees of a list of this length that is shown as a card."""
    if length > MAX_ROWS:
        return (
            f"The user sees the first {MAX_ROWS} as a card, with these numbers: do not repeat "
            "them. The card only counts the others."
        )
    return (
        "The user sees this list as a card, with these numbers: do not repeat it, a short sentence "
        "is enough."
    )


def _waiting(task: Task, fields: Mapping[str, Any] | None, who: Caller) -> TaskResult:
    """The result of a change that waits for the user; `fields` is None for a deletion."""
    change: dict[str, Any] = {"task_id": task.id}
    if fields is not None:
        change["fields"] = {name: fields[name] for name in fields if name != "task_id"}
    what = "deleted" if fields is None else "changed"
    message = (
        f"“{task.title}” is not {what}: waiting for the user, who sees a card with all such "
        "changes of this answer and decides with its buttons. Nothing that the user writes does it."
    )
    offer = CardOffer(name=CHANGES_CARD, data={"turn_id": who.turn_id, **change}, ends_turn=True)
    return TaskResult(body={"success": False, "waiting": True, "message": message}, card=offer)


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _that_fit(tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """The first tasks that fit into `_MAX_LIST` characters, at least one."""
    shown: list[dict[str, Any]] = []
    room = _MAX_LIST
    for task in tasks:
        wire = task.to_wire()
        room -= len(encode(wire))
        if shown and room < 0:
            break
        shown.append(wire)
    return shown


def _changed(action: str, task: Task, message: str) -> TaskResult:
    return TaskResult(
        body={"success": True, "task": task.to_wire(), "message": message},
        effect=task_changed(action, task.id),
        mentions=(task,),
    )
