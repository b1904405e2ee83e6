"""`/api/tasks`: the to-do list as a REST API, for pages next to the chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from chatkit.access.audit import AuditEvent
from chatkit.access.zones import find_zone
from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.auth import Authenticator
from chatkit.edge.router import Route, answering
from chatkit.edge.tokens import User
from chatkit.ports.task_history import TaskHistory
from chatkit.ports.tasks import TaskStore
from chatkit.protocol.errors import BadRequest
from chatkit.protocol.jsontext import dumps, loads
from chatkit.todo.changes import THE_USER
from chatkit.todo.tasks import Task, TaskChanges, parse_changes, parse_draft, parse_query


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRoutes:
    """The handlers. All tasks are the caller's own."""

    authenticator: Authenticator
    tasks: TaskStore
    history: TaskHistory
    max_body_bytes: int
    now: Callable[[], datetime]

    def routes(self) -> Sequence[Route]:
        """The routes of tasks."""
        one = {
            "GET": answering(self.get),
            "PUT": answering(self.replace),
            "PATCH": answering(self.merge),
            "DELETE": answering(self.delete),
        }
        return [
            Route("/api/tasks", {"GET": answering(self.list), "POST": answering(self.add)}),
            Route("/api/tasks/{id}", one),
            Route("/api/tasks/{id}/complete", {"PATCH": answering(self.complete)}),
            Route("/api/tasks/{id}/restore", {"POST": answering(self.restore)}),
        ]

    async def list(self, request: HttpRequest) -> Reply:
        """GET an array of tasks, newest first. `x-total-count` is the number of all matches."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        given: dict[str, Any] = dict(request.query())
        given.setdefault("status", given.get("status_filter"))  # the parameter's old name
        page = await self.tasks.list(
            user.user_id, parse_query(given, today=self._today(given.get("time_zone")))
        )
        return json_reply(
            dumps([_wire(task, user) for task in page.tasks]),
            headers=[(b"x-total-count", str(page.total).encode())],
        )

    async def add(self, request: HttpRequest) -> Reply:
        """POST a task: 201 and the task."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        draft = parse_draft(await self._object(request))
        task = await self.tasks.add(user.user_id, draft)
        location = f"/api/tasks/{task.id}".encode()
        return json_reply(dumps(_wire(task, user)), status=201, headers=[(b"location", location)])

    async def get(self, request: HttpRequest) -> Reply:
        """GET one task."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        task = await self.tasks.get(user.user_id, request.params["id"])
        return json_reply(dumps(_wire(task, user)))

    async def replace(self, request: HttpRequest) -> Reply:
        """PUT: fields that are not in the body are reset to their defaults.

        Without a title it merges as PATCH does: front ends send what has changed.
        """
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        given = await self._object(request)
        if given.get("title") is None:
            changes = parse_changes(given)
        else:
            changes = TaskChanges(asdict(parse_draft(given)))
        task = await self.tasks.update(user.user_id, request.params["id"], changes)
        return json_reply(dumps(_wire(task, user)))

    async def merge(self, request: HttpRequest) -> Reply:
        """PATCH: fields that are not in the body stay the same."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        changes = parse_changes(await self._object(request))
        task = await self.tasks.update(user.user_id, request.params["id"], changes)
        return json_reply(dumps(_wire(task, user)))

    async def complete(self, request: HttpRequest) -> Reply:
        """PATCH `{"completed": bool}`. Completing a recurring task creates the next one."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        completed = (await self._object(request)).get("completed")
        if not isinstance(completed, bool):
            raise BadRequest("completed: must be true or false")
        today = self._today(request.query().get("time_zone"))
        completion = await self.tasks.complete(
            user.user_id, request.params["id"], completed=completed, today=today
        )
        return json_reply(dumps(_wire(completion.task, user)))

    async def delete(self, request: HttpRequest) -> Reply:
        """DELETE one task: 204."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        events, asked = request.trail.events, request.params["id"]
        events.append(AuditEvent("task.delete", "task", asked))
        task = await self.tasks.delete(user.user_id, asked)
        events[-1] = AuditEvent("task.delete", "task", task.id)  # log the id in its canonical form
        return Reply(204, b"")

    async def restore(self, request: HttpRequest) -> Reply:
        """POST: the last change of a task is taken back, its deletion too. Returns the task."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        task = await self.history.restore(user.user_id, request.params["id"], THE_USER)
        return json_reply(dumps(_wire(task, user)))

    async def _object(self, request: HttpRequest) -> Mapping[str, Any]:
        value = loads(await request.body(max_bytes=self.max_body_bytes))
        if not isinstance(value, dict):
            raise BadRequest("the body: must be an object")
        return value

    def _today(self, time_zone: str | None) -> date:
        """The current day, for filters such as `overdue`, in `?time_zone=` or UTC."""
        zone = find_zone(time_zone or "UTC")
        if zone is None:
            raise BadRequest("time_zone: must be an IANA name like Europe/Berlin")
        return self.now().astimezone(zone).date()


def _wire(task: Task, user: User) -> dict[str, Any]:
    """A task as REST clients read it."""
    return {"user_id": user.user_id, **task.to_wire()}
