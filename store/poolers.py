"""Transaction poolers such as PgBouncer: how one is recognised, and connections that can use one.

Such a pooler lends a client a server connection for one transaction. The next transaction may get
another server connection, on which the client's prepared statements do not exist.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import Any, Final

import asyncpg

#: Errors of a prepared statement that is on another server connection. They come before anything
#: of the statement was executed, so it can be sent again.
LOST_STATEMENT: Final = (
    asyncpg.InvalidSQLStatementNameError,
    asyncpg.DuplicatePreparedStatementError,
)

#: Connections that a probe opens at most. They are more than one because the pooler itself may be
#: several processes behind one port, each with server connections of its own.
_PROBES: Final = 4
#: Longest time for all of them, in seconds.
_PROBE_S: Final = 10.0

_PROCESS: Final = secrets.token_hex(8)


class DatabaseConnection(asyncpg.Connection):
    """A connection that leaves no session state behind."""

    def get_reset_query(self) -> str:
        """Nothing: a release needs no round trip, since there is no session state to clear."""
        return ""

    # The next two belong to the driver and are unknown to its type stubs.

    def _get_unique_id(self, prefix: str) -> str:
        # Behind a pooler all processes share the names of prepared statements. The driver numbers
        # them from 1 on in each process: one could execute the statement of another.
        return f"{super()._get_unique_id(prefix)}{_PROCESS}"  # type: ignore[misc]

    async def _introspect_types(self, typeoids: Collection[int], timeout: float | None) -> Any:
        # The driver turns JIT off for its own queries, and on again. Without a transaction a pooler
        # could send the two to different server connections.
        if self.is_in_transaction():
            return await super()._introspect_types(typeoids, timeout)  # type: ignore[misc]
        async with self.transaction():
            return await super()._introspect_types(typeoids, timeout)  # type: ignore[misc]


async def finds_transaction_pooler(dsn: str, options: Mapping[str, Any]) -> bool:
    """Whether transactions of one connection may get different server connections.

    A server announces its process id when it accepts a connection. A pooler, which has no server
    connection for the client yet, announces another number. So do proxies that give each client a
    server connection of its own (Neon's, PgBouncer in session mode). To tell these apart, several
    connections ask for the process id: they may neither share it nor see it change.

    A busy pooler may be missed. One that has no server connection in time counts as found.
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
                # In reverse: a pooler may lend its server connections in turn.
                again = [await _backend(connection) for connection in reversed(connections)]
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return True
        return len(set(backends)) < len(backends) or again[::-1] != backends


async def _backend(connection: asyncpg.Connection) -> int:
    # In a transaction, which a pooler in statement mode refuses: nothing here works with one.
    async with connection.transaction():
        backend: int = await connection.fetchval("SELECT pg_backend_pid()")
    return backend
