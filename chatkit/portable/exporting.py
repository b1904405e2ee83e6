"""Reads a user's threads and tasks page by page for an export."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chatkit.portable.exports import ExportWriter
from chatkit.ports.exports import ExportStore
from chatkit.protocol.errors import NotFound
from chatkit.protocol.items import Thread

#: Characters in one piece, and items in one page of the database: an item may be a megabyte.
_PIECE_CHARS: Final = 64 * 1024
_ITEMS_AT_ONCE: Final = 20
#: Items from this length on are written in a thread, because that takes milliseconds.
_LONG_CHARS: Final = 32 * 1024
_ROWS_AT_ONCE: Final = 200
#: Below every sequence number.
_START: Final = -(2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """Produces the export as a stream of bytes.

    No database connection is held between two pieces, so an export is not a snapshot: a change
    during the export may or may not be included.
    """

    store: ExportStore
    now: Callable[[], datetime]

    def everything(self, user_id: str, writer: ExportWriter) -> AsyncGenerator[bytes, None]:
        """Export all threads and tasks."""
        return _joined(self._everything(user_id, writer))

    def one_thread(
        self, user_id: str, thread: Thread, writer: ExportWriter
    ) -> AsyncGenerator[bytes, None]:
        """Export one thread, without tasks. Raises NotFound if it was deleted."""
        return _joined(self._one_thread(user_id, thread, writer))

    async def _everything(self, user_id: str, writer: ExportWriter) -> AsyncGenerator[str, None]:
        yield writer.begin(self.now())
        threads = await self.store.threads(user_id, _START, _ROWS_AT_ONCE)
        while threads:
            for _, thread in threads:
                async for text in self._thread(user_id, thread, writer):
                    yield text
            threads = await self.store.threads(user_id, threads[-1][0], _ROWS_AT_ONCE)
        yield writer.begin_tasks()
        tasks = await self.store.tasks(user_id, _START, _ROWS_AT_ONCE)
        while tasks:
            for _, task in tasks:
                yield writer.task(task)
            tasks = await self.store.tasks(user_id, tasks[-1][0], _ROWS_AT_ONCE)
        yield writer.end()

    async def _one_thread(
        self, user_id: str, thread: Thread, writer: ExportWriter
    ) -> AsyncGenerator[str, None]:
        yield writer.begin(self.now())
        gone = True
        async for text in self._thread(user_id, thread, writer):
            gone = False
            yield text
        if gone:
            raise NotFound("thread")
        yield writer.end()

    async def _thread(
        self, user_id: str, thread: Thread, writer: ExportWriter
    ) -> AsyncGenerator[str, None]:
        """Yields nothing for a deleted thread. If it is deleted meanwhile, the items end early."""
        items = await self.store.items(user_id, thread.id, _START, _ITEMS_AT_ONCE)
        if items is None:
            return
        yield writer.begin_thread(thread)
        while items:
            for _, item in items:
                if len(item.body) < _LONG_CHARS:
                    yield writer.item(item)
                else:  # do not block the event loop
                    yield await asyncio.to_thread(writer.item, item)
            if len(items) < _ITEMS_AT_ONCE:
                break
            items = await self.store.items(user_id, thread.id, items[-1][0], _ITEMS_AT_ONCE)
        yield writer.end_thread()


async def _joined(texts: AsyncGenerator[str, None]) -> AsyncGenerator[bytes, None]:
    """Join short texts to larger pieces. Lets the event loop run after each piece."""
    waiting: list[str] = []
    size = 0
    async for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= _PIECE_CHARS:
            yield "".join(waiting).encode()
            waiting, size = [], 0
            await asyncio.sleep(0)
    yield "".join(waiting).encode()
