"""Where the logs of running turns are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from chatkit.answer.leases import (
    Followed,
    LogBatch,
    LogEnd,
    LogPart,
    RunningElsewhere,
    StopReason,
    Wish,
)
from chatkit.protocol.items import StoredItem


class LogStore(Protocol):
    """The logs of running turns: written by the process that owns the turn, read by every other.

    All methods raise Unavailable while the database is away.
    """

    async def append(self, batches: Sequence[LogBatch]) -> Mapping[str, LogEnd]:
        """Add events of several turns at once, where they follow on what is stored; how far the
        log of each goes then, by turn. Those that are not ours are left out."""
        ...

    async def read(self, user_id: str, turn_id: str, after: int) -> LogPart:
        """The events after number `after`, as far as they are written without a gap. Raises
        NotFound("turn")."""
        ...

    async def load_items(self, user_id: str, thread_id: str, turn_id: str) -> Sequence[StoredItem]:
        """The visible items of a turn, its message included."""
        ...

    async def wishes(self) -> Sequence[Wish]:
        """What other processes want of this one's running turns: one for each that is ours."""
        ...

    async def find_elsewhere(self, user_id: str, thread_id: str) -> RunningElsewhere | None:
        """The turn that another process runs in a thread."""
        ...

    async def follow(self, user_id: str, turn_id: str, for_s: float) -> None:
        """Tell the owner that a turn has followers here, for some seconds."""
        ...

    async def unfollow(self, user_id: str, turn_id: str) -> None:
        """Tell the owner that it has none here any more."""
        ...

    async def note_read(self, user_id: str, turn_id: str) -> None:
        """Tell the owner that the user has read the thread of a turn here."""
        ...

    async def request_stop(self, user_id: str, turn_id: str, reason: StopReason) -> None:
        """Ask the owner of a turn to stop it."""
        ...

    async def publish_followed(self, news: Sequence[Followed]) -> None:
        """Tell other processes which turns of ours have followers."""
        ...

    async def sweep(self, older_than_s: float) -> None:
        """Delete the logs of turns that ended so many seconds ago, of every user."""
        ...
