"""Port: stores the logs of running turns."""

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
    """Stores turn logs. The process that runs a turn writes its log; other processes read it.

    All methods raise Unavailable if the database is unreachable.
    """

    async def append(self, batches: Sequence[LogBatch]) -> Mapping[str, LogEnd]:
        """Append events of several turns; return the end of each log, by turn id.

        A batch is appended only if it continues the stored log. Turns whose lease is lost are left
        out of the result.
        """
        ...

    async def read(self, user_id: str, turn_id: str, after: int) -> LogPart:
        """The events after number `after`, up to the first gap. Raises NotFound("turn")."""
        ...

    async def load_items(self, user_id: str, thread_id: str, turn_id: str) -> Sequence[StoredItem]:
        """The visible items of a turn, its message included."""
        ...

    async def wishes(self) -> Sequence[Wish]:
        """Requests of other processes for this process's turns, one for each turn we own."""
        ...

    async def find_elsewhere(self, user_id: str, thread_id: str) -> RunningElsewhere | None:
        """The turn of a thread that runs in another process, or None."""
        ...

    async def follow(self, user_id: str, turn_id: str, for_s: float) -> None:
        """Publish that a turn has followers in this process; expires after `for_s` seconds."""
        ...

    async def unfollow(self, user_id: str, turn_id: str) -> None:
        """Publish that a turn has no more followers in this process."""
        ...

    async def note_read(self, user_id: str, turn_id: str) -> None:
        """Publish that the user has read the turn's thread in this process."""
        ...

    async def request_stop(self, user_id: str, turn_id: str, reason: StopReason) -> None:
        """Ask the owner of a turn to stop it."""
        ...

    async def publish_followed(self, news: Sequence[Followed]) -> None:
        """Publish which turns of this process have followers here."""
        ...

    async def sweep(self, older_than_s: float) -> None:
        """For all users: delete the logs of turns that ended over `older_than_s` seconds ago."""
        ...
