"""Opens the database: that of DATABASE_URL, or the embedded one."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from chatkit.wiring.settings import Settings
from store.embedded import DirectoryInUse, attach_embedded, start_embedded
from store.migrate import SchemaError, apply_schema, missing_migrations
from store.postgres import Database

_log = logging.getLogger("chatkit")


async def open_database(settings: Settings, stack: AsyncExitStack) -> tuple[Database, Path | None]:
    """Connect and apply the schema. Also return the directory of the embedded database, if used.

    Raises EmbeddedError, ConnectError and SchemaError. `stack` closes it.
    """
    dsn, place = settings.database_url, None
    if dsn is None:
        embedded = await start_embedded(settings.data_dir, note=_log.warning)
        stack.push_async_callback(embedded.stop)
        dsn, place = embedded.dsn, embedded.place
    database = await Database.connect(dsn, max_connections=settings.database_pool)
    stack.push_async_callback(database.close)
    await apply_schema(database)
    return database, place


@asynccontextmanager
async def attached_database(
    settings: Settings, *, may_be_empty: bool = False
) -> AsyncIterator[Database]:
    """A connection for a command, also while a server runs. The schema is left as it is.

    The embedded database is started if no server runs on it. Raises EmbeddedError, ConnectError,
    and SchemaError for a database of another schema, unless it may be.
    """
    async with AsyncExitStack() as stack:
        dsn = settings.database_url
        if dsn is None:
            try:
                embedded = await start_embedded(settings.data_dir, note=_log.warning)
            except DirectoryInUse as error:
                dsn = stack.enter_context(attach_embedded(error.path))
            else:
                stack.push_async_callback(embedded.stop)
                dsn = embedded.dsn
        database = await Database.connect(dsn, max_connections=2)
        stack.push_async_callback(database.close)
        if not may_be_empty and await missing_migrations(database):
            raise SchemaError(
                "the database does not have the schema of this release: start the server, or run "
                "python app.py migrate"
            )
        yield database
