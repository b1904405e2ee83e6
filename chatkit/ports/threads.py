"""Where threads and their items are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatkit.answer.leases import (
    LoadedThread,
    TitleSource,
)
from chatkit.protocol.items import Thread, ThreadStatus
from chatkit.protocol.paging import Cursor, Page


class ThreadStore(Protocol):
    """Threads and their items. Every method sees `user_id`'s alone; others raise NotFound."""

    async def list(self, user_id: str, cursor: Cursor) -> Page[Thread]:
        """A page of threads."""
        ...

    async def load(self, user_id: str, thread_id: str, cursor: Cursor) -> LoadedThread:
        """A thread and a page of its visible items."""
        ...

    async def rename(self, user_id: str, thread_id: str, title: str | None) -> Thread:
        """Set the title, or take it away."""
        ...

    async def find(self, user_id: str, thread_id: str) -> Thread:
        """A thread without its items."""
        ...

    async def give_title(
        self, user_id: str, thread_id: str, title: str, by: TitleSource
    ) -> Thread | None:
        """Set a title of the server's own, unless there is one that is as good; None then."""
        ...

    async def set_status(self, user_id: str, thread_id: str, status: ThreadStatus) -> Thread:
        """Open, lock or close a thread."""
        ...

    async def judge(self, user_id: str, thread_id: str, item_ids: Sequence[str], kind: str) -> None:
        """Keep what the user thinks of items; unknown ids are ignored."""
        ...

    async def delete(self, user_id: str, thread_id: str) -> None:
        """Delete it with all that it holds."""
        ...
