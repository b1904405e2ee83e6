"""Detects transaction poolers such as PgBouncer, and adapts connections to them.

Such a pooler assigns a server connection to a client for one transaction. The next transaction may
get another one, on which the client's prepared statements do not exist.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import Any, Final

import asyncpg

#: Errors of a prepared statement that is on another server connection. They occur before the
#: statement executes, so it can be sent again.
LOST_STATEMENT: Final = (
    asyncpg.InvalidSQLStatementNameError,
    asyncpg.DuplicatePreparedStatementError,
)

#: Most connections that a probe opens. More than one, because the pooler may be several processes
#: behind one port, each with its own server connections.
_PROBES: Final = 4
#: Timeout of a whole probe, in seconds.
_PROBE_S: Final = 10.0

_PROCESS: Final = secrets.token_hex(8)


class DatabaseConnection(asyncpg.Connection):
    """A connection that leaves no session state behind."""

    def get_reset_query(self) -> str:
        """No query: there is no session state to clear, so a release needs no round trip."""
        return ""

    # The next two methods override the driver's; its type stubs do not know them.

    def _get_unique_id(self, prefix: str) -> str:
        # Behind a pooler all processes share the names of prepared statements. The driver counts
        # from 1 in each process, so one process could execute another's statement.
        return f"{super()._get_unique_id(prefix)}{_PROCESS}"  # type: ignore[misc]

    async def _introspect_types(self, typeoids: Collection[int], timeout: float | None) -> Any:
        # The driver disables JIT for its own queries and enables it again. Without a transaction a
        # pooler could send the two commands to different server connections.
        if self.is_in_transaction():
            return await super()._introspect_types(typeoids, timeout)  # type: ignore[misc]
        async with self.transaction():
            return await super()._introspect_types(typeoids, timeout)  # type: ignore[misc]


async def finds_transaction_pooler(dsn: str, options: Mapping[str, Any]) -> bool:
    """Whether `dsn` leads to a pooler: transactions of one connection may change servers.

    A server announces its process id when it accepts a connection. A pooler, which has no server
    connection for the client yet, announces another number. So do proxies that give each client a
    server connection of its own (Neon's, PgBouncer in session mode). To distinguish them, several
    connections query the process id twice. With such a proxy no two ids are equal and none changes.

    A busy pooler may be missed. A timeout or an error of a later connection counts as a pooler.
    `options` are those of `asyncpg.connect`, whose errors for the first connection are raised.
    """
    with ExitStack() as stack:

        async def connect() -> asyncpg.Connection:
            connection: asyncpg.Connection = await asyncpg.connect(dsn, **options)
            stack.callback(connection.terminate)
            return connection

        connections = [await connect()]
        backends = [await _backend(connections[0])]
        if backends[0] == connections[0].get_server_pid():
            return False
        try:
            async with asyncio.timeout(_PROBE_S):
                while len(connections) < _PROBES:
                    connections.append(await connect())
                    backends.append(await _backend(connections[-1]))
                # In reverse order, since a pooler may assign its server connections in turn.
                again = [await _backend(connection) for connection in reversed(connections)]
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return True
        return len(set(backends)) < len(backends) or again[::-1] != backends


async def _backend(connection: asyncpg.Connection) -> int:
    # In a transaction: a pooler in statement mode refuses it, and we do not support that mode.
    async with connection.transaction():
        backend: int = await connection.fetchval("SELECT pg_backend_pid()")
    return backend
