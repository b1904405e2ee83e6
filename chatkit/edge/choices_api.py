"""The choices that a page offers: models, tools, files, dictation, and tasks to mention."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.auth import Authenticator
from chatkit.edge.router import Route, answering
from chatkit.ports.tasks import TaskStore
from chatkit.protocol.errors import BadRequest
from chatkit.protocol.jsontext import dumps
from chatkit.todo.tasks import Task, parse_query
from chatkit.words.say import Say

#: Most tasks in one search result, and the longest search text, in characters.
MAX_ENTITIES = 10
MAX_QUERY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRoutes:
    """The handlers. `preview` builds the widget of a task for a hover card (a `Basic` root)."""

    authenticator: Authenticator
    options: Callable[[Say], Awaitable[dict[str, Any]]]
    tool_servers: Callable[[], Awaitable[dict[str, Any]]]
    tasks: TaskStore
    preview: Callable[[Task, date, Say], dict[str, Any]]
    today: Callable[[], date]

    def routes(self) -> list[Route]:
        """The routes of the choices."""
        return [
            Route("/api/chatkit/options", {"GET": answering(self.list_options)}),
            Route("/api/chatkit/tools", {"GET": answering(self.list_tool_servers)}),
            Route("/api/chatkit/entities", {"GET": answering(self.list_entities)}),
            Route("/api/chatkit/entities/{id}/preview", {"GET": answering(self.preview_entity)}),
        ]

    async def list_options(self, request: HttpRequest) -> Reply:
        """GET `{composer, threadItemActions}`, as the widget's options have them."""
        await self.authenticator.authenticate(request, sessions=("chat",))
        return json_reply(dumps(await self.options(request.say)))

    async def list_tool_servers(self, request: HttpRequest) -> Reply:
        """GET `{servers: [{name, transport, state, tools}]}`: the servers of MCP_SERVERS."""
        await self.authenticator.authenticate(request, sessions=("chat",))
        return json_reply(dumps(await self.tool_servers()))

    async def list_entities(self, request: HttpRequest) -> Reply:
        """GET `?q=`: tasks by title, in the form that the widget's `onTagSearch` needs.

        `{data: [{id, title, group, icon, interactive, data}]}`.
        """
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        query = request.query().get("q", "").strip()
        if len(query) > MAX_QUERY:
            raise BadRequest(f"q: at most {MAX_QUERY} characters")
        wanted: dict[str, Any] = {"status": "all", "limit": str(MAX_ENTITIES)}
        if query:
            wanted["search"] = query
        page = await self.tasks.list(user.user_id, parse_query(wanted, today=self.today()))
        say = request.say
        return json_reply(dumps({"data": [_entity(task, say) for task in page.tasks]}))

    async def preview_entity(self, request: HttpRequest) -> Reply:
        """GET the preview of a task, as the widget's `onRequestPreview` needs it."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        task = await self.tasks.get(user.user_id, request.params["id"])
        return json_reply(dumps({"preview": self.preview(task, self.today(), request.say)}))


def _entity(task: Task, say: Say) -> dict[str, Any]:
    return {
        "id": task.id,
        "title": task.title,
        "group": say("mention.done") if task.completed else say("mention.open"),
        "icon": "check-circle-filled" if task.completed else "check-circle",
        "interactive": True,
        "data": {"task_id": task.id, "completed": "yes" if task.completed else "no"},
    }
