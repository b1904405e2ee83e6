"""The task tools as an MCP server. The caller is a context variable, never a tool's parameter."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)

from chatkit.access.caller import Caller
from chatkit.ports.task_history import TaskHistory
from chatkit.ports.tasks import TaskStore
from chatkit.protocol.calls import CardOffer, Effect
from chatkit.protocol.errors import ChatKitError, NotFound
from chatkit.words.catalogue import ENGLISH, say_in
from tools.descriptions import TOOLS
from tools.tasks import TaskResult, TaskTools, encode

_log = logging.getLogger(__name__)

#: The user of the current call. The chat's tool loop and the /mcp route set it for each call.
caller: ContextVar[Caller] = ContextVar("caller")

#: Keys in the `_meta` of a result, for data that is not for the model: the effects of the call, the
#: cards that it offers, and the tasks that it mentions.
EFFECTS_KEY: Final = "chatkit/effects"
CARDS_KEY: Final = "chatkit/cards"
MENTIONS_KEY: Final = "chatkit/mentions"


def build_server(
    tasks: TaskStore,
    history: TaskHistory,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Server[Any]:
    """An MCP server with the task tools on `tasks`. `now` returns a time with a zone.

    The text of a result is the JSON object `{success, message, task | tasks, total?}`. A missing
    task is a normal result with `success: false`. Bad arguments and internal errors are error
    results. An internal error is logged; its result has a general sentence without details.
    """
    handlers = TaskTools(tasks, history, now=now)

    async def list_tools(_: object, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[*TOOLS])

    async def call_tool(_: object, params: CallToolRequestParams) -> CallToolResult:
        return await run_tool(handlers, params)

    server: Server[Any] = Server("chatkit-tasks", on_list_tools=list_tools, on_call_tool=call_tool)
    # Removes the library's tracing: it is unused here and a third of the cost of a call.
    server.middleware.clear()
    return server


async def run_tool(handlers: TaskTools, params: CallToolRequestParams) -> CallToolResult:
    """Call a task tool for the current caller. Raises MCPError for an unknown name."""
    handler = handlers.by_name.get(params.name)
    if handler is None:
        raise MCPError(code=INVALID_PARAMS, message="there is no such tool")
    try:
        answer = await handler(params.arguments or {}, caller.get())
    except NotFound:
        return _refusal("There is no such task; list_tasks shows those there are.")
    except ChatKitError as error:
        return _refusal(f"{error.in_words(say_in(ENGLISH))}.", is_error=True)
    except Exception:  # the outermost edge: no exception text may reach a client
        _log.exception("the tool %s failed", params.name)
        return _refusal("The to-do list cannot be used just now.", is_error=True)
    return _result(answer)


def _result(answer: TaskResult, *, is_error: bool = False) -> CallToolResult:
    effects = [_wire_entry(answer.effect)] if answer.effect else None
    cards = [_wire_entry(answer.card)] if answer.card else None
    mentions = None
    if caller.get().thread_id is not None:  # an agent at /mcp reads the tasks in the result
        mentions = [[task.id, task.title] for task in answer.mentions]
    meta = {EFFECTS_KEY: effects, CARDS_KEY: cards, MENTIONS_KEY: mentions}
    return CallToolResult(
        content=[TextContent(text=encode(answer.body))],
        is_error=is_error,
        _meta={key: carried for key, carried in meta.items() if carried} or None,
    )


def _refusal(message: str, *, is_error: bool = False) -> CallToolResult:
    return _result(TaskResult(body={"success": False, "message": message}), is_error=is_error)


def _wire_entry(entry: Effect | CardOffer) -> dict[str, Any]:
    ends = isinstance(entry, CardOffer) and entry.ends_turn
    return {"name": entry.name, "data": entry.data, **({"ends_turn": True} if ends else {})}
