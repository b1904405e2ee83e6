"""The handlers of the five task tools. Their descriptions are in tools/descriptions.py."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from chatkit.access.caller import Caller
from chatkit.access.zones import day_of
from chatkit.ports.tasks import TaskStore
from chatkit.protocol.calls import CardOffer, Effect
from chatkit.protocol.errors import BadRequest
from chatkit.todo.tasks import (
    Task,
    TaskChanges,
    parse_changes,
    parse_draft,
    parse_query,
)
from tools.listed import MAX_ROWS
from tools.signals import DELETION_CARD, LIST_CARD, task_changed

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

    def __init__(self, tasks: TaskStore, *, now: Callable[[], datetime]) -> None:
        self._tasks = tasks
        self._now = now
        self.by_name: Mapping[str, _Handler] = {
            "add_task": self._add,
            "list_tasks": self._list,
            "complete_task": self._complete,
            "update_task": self._update,
            "delete_task": self._delete,
        }

    async def _add(self, arguments: Mapping[str, Any], who: Caller) -> TaskResult:
        task = await self._tasks.add(who.user_id, parse_draft(_given(arguments)))
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
        if others:
            task = await self._tasks.update(who.user_id, task.id, TaskChanges(others))
        if "completed" in changes.values:
            return await self._set_completed(task, changes, who, action="update")
        return _changed("update", task, f"Changed “{task.title}”.")

    async def _delete(self, arguments: Mapping[str, Any], who: Caller) -> TaskResult:
        task = await self._find(arguments, who)
        if who.thread_id is None or who.turn_id is None:  # an agent of the user, at /mcp
            await self._tasks.delete(who.user_id, task.id)
        elif not await self._tasks.delete_in_turn(
            who.user_id, task.id, thread_id=who.thread_id, turn_id=who.turn_id, alone=who.alone
        ):
            return _put_off(task, who)
        return TaskResult(
            body={"success": True, "message": f"Deleted “{task.title}”."},
            effect=task_changed("delete", task.id),
        )

    async def _set_completed(
        self, task: Task, changes: TaskChanges, who: Caller, *, action: str
    ) -> TaskResult:
        completed: bool = changes.values["completed"]
        done = await self._tasks.complete(
            who.user_id, task.id, completed=completed, today=self._today(who)
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


def _put_off(task: Task, who: Caller) -> TaskResult:
    message = (
        f"“{task.title}” is not deleted yet: to delete more than one task, the user must agree "
        "first. "
    )
    body: dict[str, Any] = {"success": False, "needs_confirmation": True}
    card = None
    if who.shows_cards:
        card = CardOffer(name=DELETION_CARD, data={"task_ids": [task.id]})
        body["shown_as_card"] = True
        message += (
            "The user sees a card that lists what is meant, with buttons to delete or keep: ask, "
            "without repeating the list."
        )
    else:
        message += "List the tasks that are meant and ask."
    message += " If the user agrees in their next message, call delete_task for them again then."
    return TaskResult(body={**body, "message": message}, card=card)


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
