"""Port: stores threads and their items."""

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
    """Stores threads and their items.

    A missing thread and another user's thread both raise NotFound("thread"). All methods raise
    Unavailable if the database is unreachable. Pages are in the order of creation or its reverse;
    the cursor decides. An unknown `after` raises BadRequest with code `invalid_cursor`.
    """

    async def list(self, user_id: str, cursor: Cursor) -> Page[Thread]:
        """A page of threads."""
        ...

    async def load(self, user_id: str, thread_id: str, cursor: Cursor) -> LoadedThread:
        """A thread and a page of its visible items."""
        ...

    async def rename(self, user_id: str, thread_id: str, title: str | None) -> Thread:
        """Set or clear the user's title. The server never changes it afterwards."""
        ...

    async def find(self, user_id: str, thread_id: str) -> Thread:
        """A thread without its items."""
        ...

    async def give_title(
        self, user_id: str, thread_id: str, title: str, by: TitleSource
    ) -> Thread | None:
        """Set a title made by the server; return None if nothing changed.

        A user's title is never replaced. A first-line title is replaced only by a model's title.
        Also returns None for a missing thread.
        """
        ...

    async def set_status(self, user_id: str, thread_id: str, status: ThreadStatus) -> Thread:
        """Open, lock or close a thread."""
        ...

    async def judge(self, user_id: str, thread_id: str, item_ids: Sequence[str], kind: str) -> None:
        """Store the user's feedback on items, `positive` or `negative`; the last one counts.

        Ids of hidden and unknown items are ignored.
        """
        ...

    async def delete(self, user_id: str, thread_id: str) -> None:
        """Delete a thread with its items, turns and files."""
        ...
