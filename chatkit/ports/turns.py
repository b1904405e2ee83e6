"""Where turns are kept, and the right to write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from chatkit.answer.leases import (
    Begun,
    Busy,
    Ending,
    Lease,
    NewTurn,
    NotPending,
    Repeated,
)
from chatkit.protocol.bodies import Body, ToolRound, UserMessage
from chatkit.protocol.items import Item


class TurnStore(Protocol):
    """Turns of this process. Writes of a turn raise LeaseLost when it is no longer ours.

    Every method raises Unavailable while the database is away.
    """

    async def begin_thread(
        self, user_id: str, thread_id: str, turn: NewTurn, message: UserMessage, now: datetime
    ) -> Begun | Repeated:
        """Create a thread with its first message."""
        ...

    async def begin_message(
        self, user_id: str, thread_id: str, turn: NewTurn, message: UserMessage, now: datetime
    ) -> Begun | Busy | Repeated:
        """Add a message to a thread, unless another turn runs there or it takes no input."""
        ...

    async def begin_retry(
        self, user_id: str, thread_id: str, turn: NewTurn
    ) -> Begun | Busy | Repeated:
        """Withdraw what is newer than a user message, to answer it again."""
        ...

    async def begin_reply(
        self,
        user_id: str,
        thread_id: str,
        turn: NewTurn,
        kind: str,
        answer: Callable[[Body], Body],
    ) -> Begun | Busy | Repeated | NotPending:
        """Answer the item of a kind that waits, and go on; see `Begun.answered`."""
        ...

    async def count_running(self, user_id: str) -> int:
        """How many turns of the user run, in whichever process."""
        ...

    async def load_history(self, user_id: str, thread_id: str, limit: int) -> Sequence[Body]:
        """The newest `limit` items, hidden ones included, oldest first."""
        ...

    async def add_items(
        self, lease: Lease, items: Sequence[Item], calls: ToolRound | None = None
    ) -> None:
        """Store finished items of a running turn, and the calls that it begins; again is
        harmless."""
        ...

    async def finish(self, lease: Lease, ending: Ending) -> None:
        """End a turn and store its last items."""
        ...

    async def renew_leases(self, turn_ids: Sequence[str]) -> None:
        """Keep these running turns of this process."""
        ...

    async def reap(self, known: Sequence[str], *, everything: bool) -> Sequence[Lease]:
        """Take over some turns of owners that are gone, and of this one but those it knows."""
        ...

    async def take_over(self, user_id: str, turn_id: str) -> Lease | None:
        """The lease of a running turn whose owner does not answer; None when it has ended."""
        ...
