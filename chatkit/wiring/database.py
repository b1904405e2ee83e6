"""Opens the database: that of DATABASE_URL, or the embedded one."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from pathlib import Path

from chatkit.wiring.settings import Settings
from store.embedded import start_embedded
from store.migrate import apply_schema
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
    database = await Database.connect(dsn)
    stack.push_async_callback(database.close)
    await apply_schema(database)
    return database, place
