"""A user's threads and tasks, read page by page while they leave."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from chatkit.engine.ports import ThreadStore
from chatkit.protocol.errors import NotFound
from chatkit.protocol.exports import ExportWriter
from chatkit.protocol.items import Thread
from chatkit.protocol.paging import MAX_LIMIT, Cursor
from chatkit.protocol.tasks import MAX_PAGE, TaskQuery, TaskStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """No connection to the database is held between two pieces, so an export is no snapshot: what
    changes meanwhile is in it as it was or as it is."""

    threads: ThreadStore
    tasks: TaskStore
    now: Callable[[], datetime]

    async def everything(self, user_id: str, writer: ExportWriter) -> AsyncGenerator[bytes, None]:
        """All threads and tasks, oldest first."""
        cursor = Cursor(limit=MAX_LIMIT, order="asc")
        page = await self.threads.list(user_id, cursor)
        yield writer.begin(self.now()).encode()
        while True:
            for thread in page.data:
                async for piece in self._thread(user_id, thread, writer):
                    yield piece
            if not page.has_more:
                break
            cursor = replace(cursor, after=page.data[-1].id)
            page = await self.threads.list(user_id, cursor)
        async for piece in self._tasks(user_id, writer):
            yield piece
        yield writer.end().encode()

    async def one_thread(
        self, user_id: str, thread: Thread, writer: ExportWriter
    ) -> AsyncGenerator[bytes, None]:
        """A thread alone, without tasks."""
        yield writer.begin(self.now()).encode()
        async for piece in self._thread(user_id, thread, writer):
            yield piece
        yield writer.end().encode()

    async def _thread(
        self, user_id: str, thread: Thread, writer: ExportWriter
    ) -> AsyncGenerator[bytes, None]:
        head = writer.begin_thread(thread)
        cursor = Cursor(limit=MAX_LIMIT, order="asc")
        while True:
            try:
                page = (await self.threads.load(user_id, thread.id, cursor)).items
            except NotFound:  # deleted under us
                break
            yield (head + writer.items(page.data)).encode()
            head = ""
            if not page.has_more:
                break
            cursor = replace(cursor, after=page.data[-1].id)
        yield (head + writer.end_thread()).encode()

    async def _tasks(self, user_id: str, writer: ExportWriter) -> AsyncGenerator[bytes, None]:
        after: str | None = None
        while True:
            # No status is asked for, so that it does not matter which day it is.
            query = TaskQuery(today=date.min, sort="oldest", limit=MAX_PAGE, after=after)
            tasks = (await self.tasks.list(user_id, query)).tasks
            yield writer.tasks(tasks).encode()
            if len(tasks) < MAX_PAGE:
                break
            after = tasks[-1].id
