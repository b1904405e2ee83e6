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
    """Threads and their items. Every method sees `user_id`'s alone: another user's thread, and one
    that does not exist, raise NotFound("thread"). All raise Unavailable while the database is away.

    A page is in the order in which its rows were created, or the reverse, as the cursor says; an
    unknown `after` raises BadRequest with code `invalid_cursor`.
    """

    async def list(self, user_id: str, cursor: Cursor) -> Page[Thread]:
        """A page of threads."""
        ...

    async def load(self, user_id: str, thread_id: str, cursor: Cursor) -> LoadedThread:
        """A thread and a page of its visible items."""
        ...

    async def rename(self, user_id: str, thread_id: str, title: str | None) -> Thread:
        """Set the title that the user wants, or take it away; the server never changes it then."""
        ...

    async def find(self, user_id: str, thread_id: str) -> Thread:
        """A thread without its items."""
        ...

    async def give_title(
        self, user_id: str, thread_id: str, title: str, by: TitleSource
    ) -> Thread | None:
        """Set a title of the server's own; None where nothing is changed.

        Nothing replaces a title of the user's, and only a model's replaces that of the first line.
        A missing thread is None too.
        """
        ...

    async def set_status(self, user_id: str, thread_id: str, status: ThreadStatus) -> Thread:
        """Open, lock or close a thread."""
        ...

    async def judge(self, user_id: str, thread_id: str, item_ids: Sequence[str], kind: str) -> None:
        """Keep what the user thinks of items, `positive` or `negative`; the last click counts.

        Ids of hidden and unknown items are ignored.
        """
        ...

    async def delete(self, user_id: str, thread_id: str) -> None:
        """Delete a thread with its items, turns and files."""
        ...
