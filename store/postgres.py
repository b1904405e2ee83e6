"""The connection pool, and the mapping of database errors to the server's own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from chatkit.protocol.errors import Sentence, Unavailable
from store.poolers import LOST_STATEMENT, DatabaseConnection, finds_transaction_pooler

#: Longest wait for a free connection, for a new one, and for one statement, in seconds.
ACQUIRE_S: Final = 10.0
CONNECT_S: Final = 10.0
STATEMENT_S: Final = 10.0
#: Timeout for the confirmation of a cancelled statement, in seconds.
CANCEL_S: Final = 1.0
#: Idle time after which a connection is replaced by a new one, in seconds.
KEEP_S: Final = 240.0

_log = logging.getLogger(__name__)

_AWAY_SENTENCE: Final = Sentence("database.away")

_POOLER_FOUND: Final = "DATABASE_URL leads to a transaction pooler: the statement cache is off."

#: DSN parameters for drivers of other languages, which PostgreSQL rejects.
_FOREIGN_PARAMETERS: Final = frozenset(
    {"channel_binding", "pgbouncer", "connection_limit", "pool_timeout", "connect_timeout",
     "schema", "supa", "sslaccept", "statement_cache_size"}
)  # fmt: skip

#: Errors that mean: unreachable or overloaded. Worth a retry; a rejected statement is not.
_UNREACHABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the driver's, of a connection that was lost between two states
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InsufficientResourcesError,  # its disk or its memory is full
    asyncpg.ReadOnlySQLTransactionError,  # a standby that has not taken over yet
    asyncpg.QueryCanceledError,  # its own time limit
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,  # a deadlock
    *LOST_STATEMENT,  # it is on another server connection of a pooler
)


class ConnectError(Exception):
    """The database cannot be used as configured; the message is one sentence for the operator."""


def clean_dsn(dsn: str) -> tuple[str, bool]:
    """The DSN as asyncpg takes it, and whether it says that it leads to a transaction pooler.

    Neon's `-pooler` hosts, Supabase's port 6543, `pgbouncer=true` and `statement_cache_size=0` do.
    """
    parts = urlsplit(dsn)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    kept = {name: value for name, value in given.items() if name not in _FOREIGN_PARAMETERS}
    host = parts.netloc.rpartition("@")[2]
    pooled = (
        "-pooler." in host
        or host.endswith(":6543")
        or given.get("pgbouncer") == "true"
        or given.get("statement_cache_size") == "0"
    )
    # Put together by hand: `urlunsplit` drops the slashes of a DSN without a host.
    query = f"?{urlencode(kept, quote_via=quote)}" if kept else ""
    return f"postgresql://{parts.netloc}{parts.path}{query}", pooled


@contextmanager
def refusals_stop_the_start() -> Iterator[None]:
    """While the application starts, raise ConnectError for every statement that is refused."""
    try:
        yield
    except asyncpg.PostgresError as error:
        raise ConnectError(f"DATABASE_URL: cannot be used: {_reason(error)}.") from error


class Database:
    """A pool of connections. Every failure to reach the database is raised as Unavailable.

    A round through the pool costs twice what a short statement does, so a connection is kept in
    hand after its use, unless somebody waits for one; what has failed goes back at once.
    """

    def __init__(self, pool: asyncpg.Pool, dsn: str, *, caching: bool) -> None:
        self._pool = pool
        self._dsn = dsn
        #: Whether connections keep prepared statements. It may go off, and never on again.
        self._caching = caching
        #: With the loop's time of their last use, the latest last.
        self._kept: list[tuple[PoolConnectionProxy, float]] = []
        self._waiting = 0

    @classmethod
    async def connect(cls, dsn: str, *, most_connections: int = 16) -> Database:
        """Open the pool. Raises ConnectError."""
        try:
            cleaned, pooled = clean_dsn(dsn)
            if not pooled and await finds_transaction_pooler(cleaned, _options(caching=False)):
                _log.warning(_POOLER_FOUND)
                pooled = True
            pool = await asyncpg.create_pool(
                cleaned,
                min_size=1,
                max_size=most_connections,
                connection_class=DatabaseConnection,
                **_options(caching=not pooled),
            )
        except (asyncpg.PostgresError, ValueError, *_UNREACHABLE) as error:
            raise ConnectError(f"DATABASE_URL: cannot connect: {_reason(error)}.") from error
        return cls(pool, cleaned, caching=not pooled)

    async def close(self) -> None:
        """Close every connection, after a short wait for running statements."""
        self._waiting += 1  # so that nothing more is kept
        while self._kept:
            connection, _ = self._kept.pop()
            await self._release(connection)
        try:
            await asyncio.wait_for(self._pool.close(), 5)
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[PoolConnectionProxy]:
        """One connection for several statements, which leave no session state behind."""
        caching = self._caching
        try:
            connection = await self._take()
            try:
                yield connection
            except BaseException:
                await self._drop(connection)
                raise
            await self._give_back(connection, caching=caching)
        except _UNREACHABLE as error:
            if isinstance(error, LOST_STATEMENT):
                await self._stop_caching()
            raise Unavailable(_AWAY_SENTENCE) from error

    async def fetch(self, query: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        """All rows."""
        rows: Sequence[asyncpg.Record]
        rows = await self._run(PoolConnectionProxy.fetch, query, arguments)
        return rows

    async def fetchrow(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """The first row."""
        row: asyncpg.Record | None
        row = await self._run(PoolConnectionProxy.fetchrow, query, arguments)
        return row

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """The first column of the first row."""
        return await self._run(PoolConnectionProxy.fetchval, query, arguments)

    async def execute(self, query: str, *arguments: Any) -> str:
        """The command tag."""
        tag: str = await self._run(PoolConnectionProxy.execute, query, arguments)
        return tag

    async def _run(
        self, statement: Callable[..., Awaitable[Any]], query: str, arguments: Sequence[Any]
    ) -> Any:
        # As `acquire` does it, without the price of a context manager.
        caching = self._caching
        try:
            connection = await self._take()
            try:
                result = await statement(connection, query, *arguments)
            except BaseException:
                await self._drop(connection)
                raise
            await self._give_back(connection, caching=caching)
        except _UNREACHABLE as error:
            if caching and isinstance(error, LOST_STATEMENT):
                await self._stop_caching()
                return await self._run(statement, query, arguments)
            raise Unavailable(_AWAY_SENTENCE) from error
        return result

    async def _stop_caching(self) -> None:
        """Replace every connection by one that keeps no prepared statements."""
        if not self._caching:
            return
        self._caching = False
        _log.warning(_POOLER_FOUND)
        self._pool.set_connect_args(self._dsn, **_options(caching=False))
        await self._pool.expire_connections()
        kept, self._kept = self._kept, []
        for connection, _ in kept:
            await self._release(connection)

    async def _take(self) -> PoolConnectionProxy:
        now = asyncio.get_running_loop().time()
        while self._kept:
            connection, used_at = self._kept.pop()
            if _is_open(connection):
                if now - used_at < KEEP_S:
                    return connection
                connection.terminate()  # what lies between may have forgotten it by now
            await self._release(connection)
        self._waiting += 1
        try:
            async with asyncio.timeout(ACQUIRE_S):
                return await self._pool.acquire()
        finally:
            self._waiting -= 1

    async def _drop(self, connection: PoolConnectionProxy) -> None:
        """Give back what has failed, and hide nothing of why.

        A statement under way is cancelled first, and the round trip ends what one that was given
        up half-way has left open: a snapshot, and its locks. Where the server does not answer even
        that, its machine is gone, and the kept connections with it.
        """
        try:
            async with asyncio.timeout(CANCEL_S):
                await connection.execute("SELECT 1")
        except (asyncpg.PostgresError, *_UNREACHABLE):
            lost, self._kept = [connection, *(kept for kept, _ in self._kept)], []
            for each in lost:
                if _is_open(each):
                    each.terminate()
                await self._release(each)
        finally:
            await self._release(connection)

    async def _release(self, connection: PoolConnectionProxy) -> None:
        with suppress(*_UNREACHABLE):  # it is closed, then
            await self._pool.release(connection, timeout=CANCEL_S)

    async def _give_back(self, connection: PoolConnectionProxy, *, caching: bool) -> None:
        """`caching` is as it was when the connection was taken: the pool closes an old one."""
        if self._waiting or caching != self._caching:
            await self._release(connection)
        else:
            self._kept.append((connection, asyncio.get_running_loop().time()))


def _options(*, caching: bool) -> dict[str, Any]:
    """Arguments of `asyncpg.connect`."""
    return {
        "timeout": CONNECT_S,
        "command_timeout": STATEMENT_S,
        "statement_cache_size": 200 if caching else 0,
        "server_settings": {"application_name": "chatkit"},
    }


def _is_open(connection: PoolConnectionProxy) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # the server closed it, and the pool has it back
        return False


def _reason(error: Exception) -> str:
    """In words of ours: the driver's may repeat parts of the DSN."""
    match error:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            return "the server refused the user or the password"
        case asyncpg.InvalidCatalogNameError():
            return "the server has no database of that name"
        case asyncpg.TooManyConnectionsError():
            return "the server has no connection left"
        case asyncpg.CannotConnectNowError():
            return "the server is starting or stopping"
        case TimeoutError():
            return f"no answer within {CONNECT_S:.0f} seconds"
        case asyncpg.InterfaceError() | ValueError():
            return "it is not a valid PostgreSQL URL"
        case asyncpg.PostgresError():
            message, _, _ = str(error).partition("\n")  # what follows may quote a row
            return f"the server refused it: {message}"
        case _:
            return "the server cannot be reached under that address"
