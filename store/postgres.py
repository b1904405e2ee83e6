"""The connection pool; it maps failures of the database to our errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from chatkit.protocol.errors import Sentence, StorageFull, Unavailable
from store.poolers import LOST_STATEMENT, DatabaseConnection, finds_transaction_pooler
from store.slots import Slots

#: Timeouts for a free connection, for opening one, and for one statement, in seconds.
ACQUIRE_S: Final = 10.0
CONNECT_S: Final = 10.0
STATEMENT_S: Final = 10.0
#: Timeout for the server to confirm a cancelled statement, in seconds.
CANCEL_S: Final = 1.0
#: Longest pause between two statements of a transaction, in seconds; the server then ends it. Below
#: STATEMENT_S, so that a statement that waits for its locks succeeds.
TRANSACTION_IDLE_S: Final = 5
#: Idle time after which a kept connection is replaced by a new one, in seconds.
KEEP_S: Final = 240.0

_log = logging.getLogger(__name__)

_UNAVAILABLE_SENTENCE: Final = Sentence("database.away")

_POOLER_FOUND: Final = "DATABASE_URL leads to a transaction pooler: the statement cache is off."

#: DSN parameters of drivers for other languages, which PostgreSQL refuses.
_FOREIGN_PARAMETERS: Final = frozenset(
    {"channel_binding", "pgbouncer", "connection_limit", "pool_timeout", "connect_timeout",
     "schema", "supa", "sslaccept", "statement_cache_size"}
)  # fmt: skip

#: Errors that mean: unreachable or overloaded. Worth a retry; a rejected statement is not.
_UNAVAILABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # raised if a connection is lost between two protocol states
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InsufficientResourcesError,  # disk or memory is full
    asyncpg.ReadOnlySQLTransactionError,  # a standby that is not promoted yet
    asyncpg.QueryCanceledError,  # a statement timeout of the server
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,  # a deadlock
    *LOST_STATEMENT,  # the statement is on another server connection of a pooler
)


class _Full(asyncpg.PostgresError):
    """Raised by `add_amounts`. The message is the kind, the detail is how much is allowed.

    The driver finds the class by its SQLSTATE.
    """

    sqlstate = "CK413"
    detail: str


class ConnectError(Exception):
    """The database cannot be used as configured; the message is one sentence for the operator."""


def clean_dsn(dsn: str) -> tuple[str, bool]:
    """The DSN for asyncpg, and whether it names a transaction pooler.

    These do: Neon's `-pooler` hosts, Supabase's port 6543, `pgbouncer=true` and
    `statement_cache_size=0`.
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
    # Not with `urlunsplit`, which drops the slashes of a DSN without a host.
    query = f"?{urlencode(kept, quote_via=quote)}" if kept else ""
    return f"postgresql://{parts.netloc}{parts.path}{query}", pooled


@contextmanager
def refusals_stop_the_start() -> Iterator[None]:
    """Raise ConnectError for a statement that the database refuses during the start."""
    try:
        yield
    except asyncpg.PostgresError as error:
        raise ConnectError(f"DATABASE_URL: cannot be used: {_reason(error)}.") from error


class Database:
    """A pool of connections. Raises Unavailable if the database is unreachable or overloaded.

    Acquiring from the pool costs twice as much as a short statement. Therefore a connection is kept
    for the next statement. A failed connection goes back at once.

    A statement waits for a connection in use if there are `max_connections` or if the database
    refuses another one. An urgent statement passes those that wait and has one connection more:
    without it health and the ends of answers would wait for everybody's searches.
    """

    def __init__(self, pool: asyncpg.Pool, dsn: str, slots: Slots, *, caching: bool) -> None:
        self._pool = pool
        self._slots = slots
        self._dsn = dsn
        #: Whether connections cache prepared statements. Once off, it stays off.
        self._caching = caching
        #: Kept connections with the loop time of their last use, the most recent last.
        self._kept: list[tuple[PoolConnectionProxy, float]] = []
        self._closing = False

    @classmethod
    async def connect(cls, dsn: str, *, max_connections: int = 16) -> Database:
        """Open the pool. Raises ConnectError."""
        try:
            cleaned, pooled = clean_dsn(dsn)
            if not pooled and await finds_transaction_pooler(cleaned, _options(caching=False)):
                _log.warning(_POOLER_FOUND)
                pooled = True
            pool = await asyncpg.create_pool(
                cleaned,
                min_size=1,
                max_size=max_connections + 1,
                connection_class=DatabaseConnection,
                init=None if pooled else _end_when_lost,
                **_options(caching=not pooled),
            )
        except (asyncpg.PostgresError, ValueError, *_UNAVAILABLE) as error:
            raise ConnectError(f"DATABASE_URL: cannot connect: {_reason(error)}.") from error
        return cls(pool, cleaned, Slots(max_connections), caching=not pooled)

    @property
    def refuses_connections(self) -> bool:
        """Whether the database has refused a further connection a moment ago."""
        return self._slots.refused

    async def close(self) -> None:
        """Close every connection; running statements get 5 seconds."""
        self._closing = True
        while self._kept:
            connection, _ = self._kept.pop()
            await self._release(connection)
        try:
            await asyncio.wait_for(self._pool.close(), 5)
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[PoolConnectionProxy]:
        """One connection for several statements. They must not leave session state behind."""
        caching = self._caching
        try:
            connection = await self._take()
            try:
                yield connection
            except BaseException:
                await self._drop(connection)
                raise
            await self._give_back(connection, caching=caching)
        except _Full as error:
            raise _full(error) from error
        except _UNAVAILABLE as error:
            if isinstance(error, LOST_STATEMENT):
                await self._stop_caching()
            raise Unavailable(_UNAVAILABLE_SENTENCE) from error

    async def fetch(self, query: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        """All rows."""
        rows: Sequence[asyncpg.Record]
        rows = await self._run(PoolConnectionProxy.fetch, query, arguments)
        return rows

    async def fetchrow(
        self, query: str, *arguments: Any, urgent: bool = False
    ) -> asyncpg.Record | None:
        """The first row."""
        row: asyncpg.Record | None
        row = await self._run(PoolConnectionProxy.fetchrow, query, arguments, urgent=urgent)
        return row

    async def fetchval(self, query: str, *arguments: Any, urgent: bool = False) -> Any:
        """The first column of the first row."""
        return await self._run(PoolConnectionProxy.fetchval, query, arguments, urgent=urgent)

    async def execute(self, query: str, *arguments: Any, urgent: bool = False) -> str:
        """The command tag."""
        tag: str = await self._run(PoolConnectionProxy.execute, query, arguments, urgent=urgent)
        return tag

    async def _run(
        self,
        statement: Callable[..., Awaitable[Any]],
        query: str,
        arguments: Sequence[Any],
        *,
        urgent: bool = False,
    ) -> Any:
        # The same as `acquire`, without the cost of a context manager.
        caching = self._caching
        try:
            connection = await self._take(urgent=urgent)
            try:
                result = await statement(connection, query, *arguments)
            except BaseException:
                await self._drop(connection)
                raise
            await self._give_back(connection, caching=caching)
        except _Full as error:
            raise _full(error) from error
        except _UNAVAILABLE as error:
            if caching and isinstance(error, LOST_STATEMENT):
                await self._stop_caching()
                return await self._run(statement, query, arguments, urgent=urgent)
            raise Unavailable(_UNAVAILABLE_SENTENCE) from error
        return result

    async def _stop_caching(self) -> None:
        """Replace every connection by one that caches no prepared statements."""
        if not self._caching:
            return
        self._caching = False
        _log.warning(_POOLER_FOUND)
        self._pool.set_connect_args(self._dsn, **_options(caching=False))
        await self._pool.expire_connections()
        kept, self._kept = self._kept, []
        for connection, _ in kept:
            await self._release(connection)

    async def _take(self, *, urgent: bool = False) -> PoolConnectionProxy:
        has_slot = self._slots.take_now(urgent=urgent)
        if has_slot and (kept := self._pop_kept()) is not None:
            return kept
        async with asyncio.timeout(ACQUIRE_S):
            while True:
                if not has_slot:
                    await self._slots.wait(urgent=urgent)
                try:
                    return self._pop_kept() or await self._pool.acquire()
                except _UNAVAILABLE:
                    has_slot = False
                    if not self._slots.refuse():
                        raise
                except BaseException:
                    self._slots.give_back()
                    raise

    def _pop_kept(self) -> PoolConnectionProxy | None:
        now = asyncio.get_running_loop().time()
        while self._kept:
            connection, used_at = self._kept.pop()
            if _is_open(connection) and now - used_at < KEEP_S:
                return connection
            # Closed, or a firewall or proxy may have dropped it by now. The pool takes it back.
            with suppress(asyncpg.InterfaceError):  # it has already
                connection.terminate()
        return None

    async def _drop(self, connection: PoolConnectionProxy) -> None:
        """Release a connection after a failure, without hiding the original error.

        The driver cancels a running statement first. The round trip then ends the snapshot and the
        locks of an abandoned statement. If the server does not answer, it is unreachable, so the
        kept connections are closed too.
        """
        try:
            async with asyncio.timeout(CANCEL_S):
                await connection.execute("SELECT 1")
        except (asyncpg.PostgresError, *_UNAVAILABLE):
            lost, self._kept = [connection, *(kept for kept, _ in self._kept)], []
            for each in lost:
                if _is_open(each):
                    each.terminate()
                await self._release(each)
        finally:
            try:
                await self._release(connection)
            finally:
                self._slots.give_back()

    async def _release(self, connection: PoolConnectionProxy) -> None:
        with suppress(*_UNAVAILABLE):  # the pool has closed it then
            await self._pool.release(connection, timeout=CANCEL_S)

    async def _give_back(self, connection: PoolConnectionProxy, *, caching: bool) -> None:
        """Keep or release a connection. `caching` is the mode when it was taken: the pool closes
        connections of an old mode."""
        try:
            if self._closing or caching != self._caching:
                await self._release(connection)
            else:
                self._kept.append((connection, asyncio.get_running_loop().time()))
        finally:
            self._slots.give_back()


async def _end_when_lost(connection: asyncpg.Connection) -> None:
    """Let the server end what this connection holds if our machine is lost and nobody says so.

    By default it would keep the locks of an open transaction for two hours. Not sent to a pooler,
    which would lend the session to other programs.
    """
    await connection.execute(
        f"SET idle_in_transaction_session_timeout = '{TRANSACTION_IDLE_S}s';"
        "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10;"
        "SET tcp_keepalives_count = 3; SET tcp_user_timeout = '60s'"
    )


def _options(*, caching: bool) -> dict[str, Any]:
    """Options for `asyncpg.connect`."""
    return {
        "timeout": CONNECT_S,
        "command_timeout": STATEMENT_S,
        "statement_cache_size": 200 if caching else 0,
        "server_settings": {"application_name": "chatkit"},
    }


def _full(error: _Full) -> StorageFull:
    most = int(error.detail)
    match error.args[0]:
        case "text_bytes":
            sentence = Sentence("storage.text_bytes", count=most)
        case "file_bytes":
            sentence = Sentence("storage.file_bytes", count=most)
        case "tasks":
            sentence = Sentence("storage.tasks", count=most)
        case "threads":
            sentence = Sentence("storage.threads", count=most)
        case _:
            sentence = Sentence("storage.sessions", count=most)
    return StorageFull(sentence)


def _is_open(connection: PoolConnectionProxy) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # the server closed it, so the pool has taken it back
        return False


def _reason(error: Exception) -> str:
    """The reason in our own words, since the driver's message may contain parts of the DSN."""
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
            message, _, _ = str(error).partition("\n")  # the next lines may quote a row
            return f"the server refused it: {message}"
        case _:
            return "the server cannot be reached under that address"
