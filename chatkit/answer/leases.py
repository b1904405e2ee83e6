"""The lease of a process on a running turn, and the values that begin and end a turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from chatkit.models.pure.deltas import Usage
from chatkit.protocol.bodies import ClientToolCall, Note, ToolRound
from chatkit.protocol.content import InferenceOptions
from chatkit.protocol.items import Item, StoredItem, Thread
from chatkit.protocol.paging import Page

TurnState = Literal["done", "failed", "cancelled", "interrupted"]
#: Why a turn is stopped from outside. `lost`: this process no longer holds the lease.
StopReason = Literal["user", "left", "replaced", "shutdown", "lost"]


#: Source of a title that the server made. The server never changes a title from the user.
TitleSource = Literal["first line", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write a turn. Every write names `fence`, and fails once the fence was raised.

    `language` is the user's, a BCP 47 tag. `calls`: the tool calls that a lost owner had begun,
    with their outcomes as far as known.
    """

    user_id: str
    thread_id: str
    turn_id: str
    language: str
    fence: int = 1
    calls: ToolRound | None = None


class LeaseLost(Exception):
    """Another process has taken the turn over, or its thread was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """Identifies a repeated request, by a key and a hash of its body.

    `explicit`: the client sent the key. It is valid for a day and for one body only. Otherwise the
    body is the key: valid while its turn runs, and for two seconds after acceptance.
    """

    key: str
    body_hash: bytes
    explicit: bool

    @property
    def keep_s(self) -> float:
        """How long the key is kept, in seconds."""
        return 24 * 3600.0 if self.explicit else 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTurn:
    """The values that begin a turn. `item_id` is the message that it answers.

    `language` is the user's, a BCP 47 tag.
    """

    turn_id: str
    item_id: str
    model: str
    language: str
    key: RequestKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A turn that was stored and can run.

    `withdrawn`: calls and notes of the answer that a retry replaces, oldest first. `closed`:
    pending questions and calls that this turn cancels. `answered`: the pending item that this turn
    continues from. `options`: those of the message that a retry answers again. `wants_title`: the
    thread has no title, or only its first line.
    """

    thread: Thread
    lease: Lease
    wants_title: bool
    withdrawn: tuple[ToolRound | ClientToolCall | Note, ...] = ()
    closed: tuple[Item, ...] = ()
    answered: Item | None = None
    options: InferenceOptions = field(default_factory=InferenceOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Another turn runs in the thread, or the thread takes no input."""

    thread: Thread


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPending:
    """No item in the thread waits for this reply. `answered`: the item already has a reply."""

    thread: Thread
    answered: bool


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same request was accepted before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRequest:
    """An earlier request with the same key.

    `state` is the state of its turn; None if it has no turn or the turn was deleted. `fresh`: it
    was accepted so recently that an identical body joins it.
    """

    body_hash: bytes
    turn_id: str | None
    thread_id: str | None
    answer: str | None
    state: TurnState | Literal["running"] | None
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a turn ended, with the items not yet stored.

    `model`: the model that answered; None: the one that was asked. `keep`: whether a retry replaces
    the old answer; if not, the old answer is restored.
    """

    state: TurnState
    items: tuple[Item, ...]
    model: str | None = None
    usage: Usage = field(default_factory=lambda: Usage(input_tokens=0, output_tokens=0))
    keep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBatch:
    """Consecutive events of a turn, one per line of `text`. `first`: number of the first, from 1.

    `last`: the log ends with this batch.
    """

    lease: Lease
    first: int
    text: str
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEnd:
    """How far a stored log goes: to event number `through`. `last` means that it is complete."""

    through: int
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPart:
    """The events of a turn's log after a number, and the turn's state, as read by a process."""

    state: TurnState | Literal["running"]
    thread_id: str
    lines: Sequence[str]
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedThread:
    """A thread with a page of its visible items; `answering` while a turn runs in it."""

    thread: Thread
    items: Page[StoredItem]
    answering: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningElsewhere:
    """A turn that another process runs. `orphaned`: that process has ended, as far as known."""

    turn_id: str
    followed: bool
    orphaned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Whether the turn has followers in the process that runs it."""

    lease: Lease
    followed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Requests of other processes for a running turn; `reads` counts reads of its thread there."""

    turn_id: str
    stop_reason: StopReason | None
    followed_elsewhere: bool
    reads: int
