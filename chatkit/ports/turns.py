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
    """Turns of this process. Every method raises Unavailable while the database is away.

    The methods that begin a turn store all of it or nothing. They raise NotFound("thread") for a
    thread that is missing or another user's, give Repeated when the same request was accepted
    before (or a file of the message cannot be taken any more), and Busy when another turn runs in
    the thread or the thread takes no input.
    """

    async def begin_thread(
        self, user_id: str, thread_id: str, turn: NewTurn, message: UserMessage, now: datetime
    ) -> Begun | Repeated:
        """Create a thread with its first message."""
        ...

    async def begin_message(
        self, user_id: str, thread_id: str, turn: NewTurn, message: UserMessage, now: datetime
    ) -> Begun | Busy | Repeated:
        """Add a message to a thread. What waited there for an answer of the user or the page is
        closed: `Begun.closed`."""
        ...

    async def begin_retry(
        self, user_id: str, thread_id: str, turn: NewTurn
    ) -> Begun | Busy | Repeated:
        """Withdraw what is newer than a user message, to answer it again.

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
        """Answer what waits, and go on with the answered item as `Begun.answered`.

        That is the item `turn.item_id` of type `kind`, or with an empty id the newest of that type.
        NotPending when it does not wait. Raises NotFound("item") for a missing item that was named,
        and what `answer` raises.
        """
        ...

    async def count_running(self, user_id: str) -> int:
        """How many turns of the user run, in whichever process."""
        ...

    async def load_history(self, user_id: str, thread_id: str, limit: int) -> Sequence[Body]:
        """The newest `limit` items of a thread, hidden ones included, oldest first; without those
        that only the user is shown."""
        ...

    async def add_items(
        self, lease: Lease, items: Sequence[Item], calls: ToolRound | None = None
    ) -> None:
        """Store finished items of a running turn, and the calls that it begins. A repetition is
        harmless. Raises LeaseLost when the turn is no longer this process's."""
        ...

    async def finish(self, lease: Lease, ending: Ending) -> None:
        """End a turn and store its last items. A repetition is harmless. Raises LeaseLost when the
        turn is no longer this process's."""
        ...

    async def renew_leases(self, turn_ids: Sequence[str]) -> None:
        """Extend the leases of these turns of this process, as far as they run."""
        ...

    async def reap(self, known: Sequence[str], *, everything: bool) -> Sequence[Lease]:
        """Take over up to 100 running turns of any user that no process runs.

        Those are turns whose lease is over, or with `everything` all turns of other processes, and
        turns of this process that are not among the `known`.
        """
        ...

    async def take_over(self, user_id: str, turn_id: str) -> Lease | None:
        """The lease of a running turn whose owner does not answer; None when it has ended."""
        ...
