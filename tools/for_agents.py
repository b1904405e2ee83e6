"""The to-do list as an MCP server for other agents, served at /mcp.

It has the chat's task tools, and also what only an agent needs: results as structured content, the
tasks as resources, and prompts. There is no list on a screen here, so a place in a list names no
task: an agent that counted in an old list would change another task than it means.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    Prompt,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
    Tool,
)

from chatkit.access.zones import day_of
from chatkit.ports.task_history import TaskHistory
from chatkit.ports.tasks import TaskStore
from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.todo.tasks import (
    CATEGORIES,
    MAX_PAGE,
    PRIORITIES,
    RECURRENCES,
    Task,
    TaskPage,
    TaskQuery,
)
from tools.descriptions import TOOLS
from tools.server import caller, run_tool
from tools.tasks import TaskTools, encode

_log = logging.getLogger(__name__)

_INSTRUCTIONS: Final = (
    "The to-do list of the user who signed in. A task is named by its id or by the first "
    "characters of its id; places in a list are not taken."
)
_LIST_URI: Final = "tasks://list"
_TASK_URI: Final = re.compile(r"tasks://(?P<id>[0-9A-Fa-f-]{36})")
_JSON: Final = "application/json"

_OPTIONAL_TEXT: Final = {"type": ["string", "null"]}
_TASK_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "title": {"type": "string"},
        "description": _OPTIONAL_TEXT,
        "completed": {"type": "boolean"},
        "completed_at": {"type": ["string", "null"], "format": "date-time"},
        "priority": {"enum": [*PRIORITIES]},
        "category": {"enum": [*CATEGORIES, None]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "due_date": {"type": ["string", "null"], "format": "date"},
        "recurrence": {"enum": [*RECURRENCES, None]},
        "created_at": {"type": "string", "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
    },
    "required": ["id", "title", "completed", "priority", "created_at", "updated_at"],
}
_RESULT: Final[dict[str, Any]] = {
    "success": {"type": "boolean", "description": "false: nothing was changed; see the message."},
    "message": {"type": "string"},
}
_MORE_RESULTS: Final[Mapping[str, dict[str, Any]]] = {
    "list_tasks": {
        "tasks": {"type": "array", "items": _TASK_SCHEMA},
        "total": {"type": "integer", "minimum": 0},
    },
    "delete_task": {},
    "undo": {},
}

_PROMPTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "plan_my_day": (
        "Plan my day",
        "A realistic plan for today from the open tasks.",
        "Plan my day with my to-do list. List my tasks that are overdue, due today and due this "
        "week, and the open ones of high priority. Suggest an order for today, at most six tasks, "
        "with a word on why, and say what can wait. Change nothing before I agree.",
    ),
    "weekly_review": (
        "Weekly review",
        "What was done, what is late, and what comes next.",
        "Review my week with my to-do list. List what I completed in the last seven days, what is "
        "overdue and what has no due date. Sum up in a few sentences, then suggest which tasks to "
        "reschedule, split or drop. Change nothing before I agree.",
    ),
}


def build_agents_server(
    tasks: TaskStore,
    history: TaskHistory,
    *,
    version: str,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Server[Any]:
    """An MCP server on `tasks` for agents. `now` returns a time with a zone."""
    calls = TaskTools(tasks, history, now=now)
    resources = _TaskResources(tasks, now=now)
    server: Server[Any] = Server(
        "chatkit-tasks",
        title="To-do list",
        version=version,
        instructions=_INSTRUCTIONS,
        on_list_tools=_list_tools,
        on_call_tool=lambda _, params: _call(calls, params),
        on_list_resources=resources.list,
        on_list_resource_templates=_list_templates,
        on_read_resource=resources.read,
        on_list_prompts=_list_prompts,
        on_get_prompt=_get_prompt,
    )
    # Removes the library's tracing, which is unused here.
    server.middleware.clear()
    return server


async def _call(calls: TaskTools, params: CallToolRequestParams) -> CallToolResult:
    result = await run_tool(calls, params)
    (block,) = result.content
    assert isinstance(block, TextContent)
    result.structured_content = json.loads(block.text)
    result.meta = None  # effects and cards are for the chat's page
    return result


async def _list_tools(_: object, __: PaginatedRequestParams | None) -> ListToolsResult:
    return ListToolsResult(tools=[*_TOOLS])


def _for_agents(tool: Tool) -> Tool:
    more = _MORE_RESULTS.get(tool.name, {"task": _TASK_SCHEMA})
    changed: dict[str, Any] = {
        "output_schema": {
            "type": "object",
            "properties": {**_RESULT, **more},
            "required": [*_RESULT],
        }
    }
    properties: dict[str, Any] = tool.input_schema["properties"]
    if "task_id" in properties:
        which = {"type": "string", "description": "The id of the task, or how its id begins."}
        changed["input_schema"] = tool.input_schema | {
            "properties": properties | {"task_id": which}
        }
    if tool.name == "list_tasks":
        changed["description"] = "List the user's tasks, with their ids."
        changed["input_schema"] = tool.input_schema | {
            "properties": {name: rule for name, rule in properties.items() if name != "show"}
        }
    if tool.name == "update_task":
        changed["description"] = (
            "Change fields of a task. A field that is left out stays as it is. At most three "
            "titles or descriptions in ten minutes can be changed here."
        )
    if tool.name == "undo":
        changed["description"] = (
            "Take back what the last call of an agent has changed in the tasks. A second call "
            "brings it back."
        )
    if tool.name == "delete_task":
        changed["description"] = (
            "Delete a task. To finish one, use complete_task. Only when the user asked for it to "
            "be deleted or removed. At most one task in ten minutes can be deleted here."
        )
    return tool.model_copy(update=changed)


_TOOLS: Final = tuple(_for_agents(tool) for tool in TOOLS)


class _TaskResources:
    """The user's tasks as resources: the list, and each task by its id."""

    def __init__(self, tasks: TaskStore, *, now: Callable[[], datetime]) -> None:
        self._tasks = tasks
        self._now = now

    async def list(self, _: object, params: PaginatedRequestParams | None) -> ListResourcesResult:
        """The list, then the tasks, newest first, in pages. The cursor is the last task's id."""
        cursor = params.cursor if params is not None else None
        with _faults_in_general_words():
            try:
                page = await self._page(after=cursor)
            except BadRequest as error:
                raise MCPError(code=INVALID_PARAMS, message="there is no such cursor") from error
        found = [_resource(task) for task in page.tasks]
        if cursor is None:
            found.insert(0, _LIST)
        full = len(page.tasks) == MAX_PAGE
        return ListResourcesResult(resources=found, next_cursor=page.tasks[-1].id if full else None)

    async def read(self, _: object, params: ReadResourceRequestParams) -> ReadResourceResult:
        """The list is its newest tasks, as many as one page has; a task is read by its id."""
        match = _TASK_URI.fullmatch(params.uri)
        with _faults_in_general_words():
            if params.uri == _LIST_URI:
                page = await self._page(after=None)
                tasks = [task.to_wire() for task in page.tasks]
                body: dict[str, Any] = {"tasks": tasks, "total": page.total}
            elif match is not None:
                try:
                    body = (await self._tasks.get(caller.get().user_id, match["id"])).to_wire()
                except NotFound as error:
                    raise _no_resource(params.uri) from error
            else:
                raise _no_resource(params.uri)
        text = TextResourceContents(uri=params.uri, mime_type=_JSON, text=encode(body))
        return ReadResourceResult(contents=[text])

    async def _page(self, *, after: str | None) -> TaskPage:
        who = caller.get()
        query = TaskQuery(today=day_of(who, self._now()), limit=MAX_PAGE, after=after)
        return await self._tasks.list(who.user_id, query)


@contextmanager
def _faults_in_general_words() -> Iterator[None]:
    """No exception text may reach a client: a fault is logged, and an MCPError has no details."""
    try:
        yield
    except MCPError:
        raise
    except Exception as error:
        _log.exception("tasks could not be read for an agent")
        raise MCPError(
            code=INTERNAL_ERROR, message="The to-do list cannot be used just now."
        ) from error


_LIST: Final = Resource(
    uri=_LIST_URI,
    name="list",
    title="To-do list",
    description=f"The newest {MAX_PAGE} tasks and how many there are.",
    mime_type=_JSON,
)


def _resource(task: Task) -> Resource:
    return Resource(uri=f"tasks://{task.id}", name=task.id, title=task.title, mime_type=_JSON)


def _no_resource(uri: str) -> MCPError:
    return MCPError(code=INVALID_PARAMS, message="there is no such resource", data={"uri": uri})


async def _list_templates(
    _: object, __: PaginatedRequestParams | None
) -> ListResourceTemplatesResult:
    template = ResourceTemplate(
        uri_template="tasks://{id}", name="task", title="A task", mime_type=_JSON
    )
    return ListResourceTemplatesResult(resource_templates=[template])


async def _list_prompts(_: object, __: PaginatedRequestParams | None) -> ListPromptsResult:
    return ListPromptsResult(
        prompts=[
            Prompt(name=name, title=title, description=description)
            for name, (title, description, _) in _PROMPTS.items()
        ]
    )


async def _get_prompt(_: object, params: GetPromptRequestParams) -> GetPromptResult:
    if params.name not in _PROMPTS:
        raise MCPError(code=INVALID_PARAMS, message="there is no such prompt")
    _, description, text = _PROMPTS[params.name]
    message = PromptMessage(role="user", content=TextContent(text=text))
    return GetPromptResult(description=description, messages=[message])
