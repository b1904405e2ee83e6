"""Server processes on one PostgreSQL, each behind a proxy of its own, and what they have stored."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from tests.acceptance.proxy import Proxy, postgres_proxy
from tests.acceptance.server import SECRET, ServerProcess
from tests.model_server import ModelServer

TOOL_SERVER = Path(__file__).with_name("slow_tools.py")
SLOW = {"command": sys.executable, "args": [str(TOOL_SERVER)], "account": "ours"}
MCP_SERVERS = json.dumps({"mcpServers": {"slow": SLOW}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One server process and the proxy between it and PostgreSQL."""

    server: ServerProcess
    proxy: Proxy

    @property
    def open_files(self) -> int:
        """How many files and sockets the process holds open."""
        return len(list(Path(f"/proc/{self.server.pid}/fd").iterdir()))


class Stored:
    """What the database holds, seen directly."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """Any query."""
        return [dict(row) for row in await self._pool.fetch(query, *arguments)]

    async def states(self, thread_id: str) -> list[str]:
        """The state of every turn of a thread, in their order."""
        query = "SELECT state FROM turns WHERE thread_id = $1 ORDER BY created_at"
        return [row["state"] for row in await self.rows(query, thread_id)]

    async def ended(self, thread_id: str, within_s: float = 10) -> list[str]:
        """The states, once none is running any more."""
        await until(lambda: self._none_runs(thread_id), within_s)
        return await self.states(thread_id)

    async def _none_runs(self, thread_id: str) -> bool:
        return "running" not in await self.states(thread_id)

    async def texts(self, thread_id: str) -> list[str]:
        """The text of every visible item, in order."""
        query = (
            "SELECT body FROM items WHERE thread_id = $1 AND NOT hidden AND withdrawn_by IS NULL"
            " ORDER BY seq"
        )
        bodies = [json.loads(row["body"]) for row in await self.rows(query, thread_id)]
        return [
            "".join(part["text"] for part in body["content"])
            for body in bodies
            if "content" in body
        ]

    async def busy_connections(self) -> int:
        """Connections of the servers that are in a statement or a transaction."""
        query = (
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'chatkit'"
            " AND datname = current_database() AND state <> 'idle'"
        )
        return len(await self.rows(query))


async def until(holds: Callable[[], bool | Awaitable[bool]], within_s: float = 10) -> None:
    """Wait for what gives no sign of its own."""
    async with asyncio.timeout(within_s):
        while True:
            held = holds()
            if held is True or (not isinstance(held, bool) and await held):
                return
            await asyncio.sleep(0.01)


def new_user(server: ServerProcess) -> str:
    """The token of a user nobody has seen before; good on every server of the tests."""
    return server.jwt(f"user-{secrets.token_hex(8)}")


@asynccontextmanager
async def member(database_url: str, model: ModelServer, **environ: str) -> AsyncIterator[Member]:
    """A server on `database_url`, through a proxy."""
    variables = {
        "MODEL": "openai/scripted",
        "TITLE_MODEL": "demo/tasks",  # each script is for an answer
        "MODEL_API_BASE": model.api_base,
        "MODEL_API_KEY": "x",
        "BETTER_AUTH_SECRET": SECRET,
        "LOG_LEVEL": "warning",
        "RATE_LIMIT_USER": "off",
        "RATE_LIMIT_IP": "off",
        "MAX_TURNS_PER_USER": "7",  # four streams for each: room for half of fifty copies
        **environ,
    }
    async with (
        postgres_proxy(database_url) as (proxy, dsn),
        ServerProcess(variables, DATABASE_URL=dsn) as server,
    ):
        yield Member(server=server, proxy=proxy)


@asynccontextmanager
async def stored_in(database_url: str) -> AsyncIterator[Stored]:
    """A look at the database that takes no proxy."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        yield Stored(pool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Three servers on one database, told apart by their ON_DISCONNECT, and their model."""

    cancel: Member
    onward: Member
    auto: Member
    model: ModelServer
    stored: Stored

    @property
    def members(self) -> tuple[Member, ...]:
        """All three."""
        return self.cancel, self.onward, self.auto


@asynccontextmanager
async def new_fleet(database_url: str) -> AsyncIterator[Fleet]:
    """Start the three and their model."""
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(ModelServer())
        started = await asyncio.gather(
            *(
                stack.enter_async_context(
                    member(
                        database_url,
                        model,
                        ON_DISCONNECT=mode,
                        MCP_SERVERS=MCP_SERVERS,
                        TOOL_APPROVAL="never",
                    )
                )
                for mode in ("cancel", "continue", "auto")
            )
        )
        yield Fleet(
            cancel=started[0],
            onward=started[1],
            auto=started[2],
            model=model,
            stored=await stack.enter_async_context(stored_in(database_url)),
        )
