"""Port: stores turns and their leases."""

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
    """Stores turns. Every method raises Unavailable if the database is unreachable.

    The `begin_…` methods store the whole turn or nothing. They raise NotFound("thread") for a
    missing thread and for another user's. They return Repeated if the same request was accepted
    before, or if a file of the message is no longer available. They return Busy if another turn
    runs in the thread, or if the thread is locked or closed.
    """

    async def begin_thread(
        self, user_id: str, thread_id: str, turn: NewTurn, message: UserMessage, now: datetime
    ) -> Begun | Repeated:
        """Create a thread with its first message."""
        ...

    async def begin_message(
        self, user_id: str, thread_id: str, turn: NewTurn, message: UserMessage, now: datetime
    ) -> Begun | Busy | Repeated:
        """Add a message to a thread. Closes its pending items; `Begun.closed` lists them."""
        ...

    async def begin_retry(
        self, user_id: str, thread_id: str, turn: NewTurn
    ) -> Begun | Busy | Repeated:
        """Withdraw all items after a user message, to answer it again.

        Raises NotFound("item") for a missing item, BadRequest for one of another type.
        """
        ...

    async def begin_reply(
        self,
        user_id: str,
        thread_id: str,
        turn: NewTurn,
        kind: str,
        answer: Callable[[Body], Body],
    ) -> Begun | Busy | Repeated | NotPending:
        """Answer a pending item; the new turn continues from it (`Begun.answered`).

        The item is `turn.item_id` of type `kind`; with an empty id, the newest of that type.
        Returns NotPending if it is not pending. Raises NotFound("item") for an unknown id, and any
        error of `answer`.
        """
        ...

    async def count_running(self, user_id: str) -> int:
        """The number of the user's running turns, in all processes."""
        ...

    async def load_history(self, user_id: str, thread_id: str, limit: int) -> Sequence[Item]:
        """The newest `limit` items of a thread for the model, oldest first.

        Includes hidden items; leaves out items that are only for the user.
        """
        ...

    async def add_items(
        self, lease: Lease, items: Sequence[Item], calls: ToolRound | None = None
    ) -> None:
        """Store final items of a running turn, and its tool calls that are about to run.

        May be repeated. Raises LeaseLost if this process no longer holds the lease.
        """
        ...

    async def finish(self, lease: Lease, ending: Ending) -> None:
        """End a turn and store its last items.

        May be repeated. Raises LeaseLost if this process no longer holds the lease.
        """
        ...

    async def renew_leases(self, turn_ids: Sequence[str]) -> None:
        """Extend the leases of these turns, if they still run in this process."""
        ...

    async def reap(self, known: Sequence[str], *, everything: bool) -> Sequence[Lease]:
        """Take over up to 100 orphaned turns of any user, and return their leases.

        A turn is orphaned if its lease has expired or its process is known to have ended; with
        `everything`, also if another process owns it. The `known` turns of this process are never
        orphaned.
        """
        ...

    async def take_over(self, user_id: str, turn_id: str) -> Lease | None:
        """Take the lease of a running turn whose owner does not respond; None if it has ended."""
        ...
