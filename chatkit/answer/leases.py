"""The hold that one process has on a running turn, and what begins and ends a turn."""

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
#: Why a turn is stopped from outside; `lost` when it is no longer this process's to run.
StopReason = Literal["user", "left", "replaced", "shutdown", "lost"]


#: Whose word a thread's title is; the server never changes a user's.
TitleSource = Literal["first line", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write a turn. Every write names `fence`; one that was raised stops the owner.

    `calls` are those which an owner that is gone had begun, with what is known of their outcome.
    """

    user_id: str
    thread_id: str
    turn_id: str
    fence: int = 1
    calls: ToolRound | None = None


class LeaseLost(Exception):
    """Another process has taken the turn over, or its thread was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """By what a request is known when it comes again: a key, and a hash of its body.

    `explicit`: the client named the key, so that it holds for a day and for one body only;
    otherwise the body is the key, and holds while its turn runs and for two seconds after it was
    accepted.
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
    """What a turn is begun with. `item_id` is the message that it answers."""

    turn_id: str
    item_id: str
    model: str
    key: RequestKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A turn that was begun, and the calls and notes of the answer that it withdrew, oldest first.

    `closed` are questions and calls that waited for an answer and are given up for this turn;
    `answered` is the one that this turn goes on from. `options` are those of a message that is
    answered again. `wants_title`: the thread is called by nothing better than its first line.
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
    """Nothing in the thread waits for the answer. `answered`: it has had one before."""

    thread: Thread
    answered: bool


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same request was accepted before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRequest:
    """An earlier request of the same key.

    `state` is None while there is no such turn (any more), and `running` while it runs; `fresh`
    means accepted within the time in which an identical body joins it.
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

    `keep`: whether a retry's answer stands; otherwise what it withdrew comes back.
    """

    state: TurnState
    items: tuple[Item, ...]
    usage: Usage = field(default_factory=lambda: Usage(input_tokens=0, output_tokens=0))
    keep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBatch:
    """Events of a turn in a row, each a line of `text`, the first of them number `first` (from 1).

    `last`: the log ends with them.
    """

    lease: Lease
    first: int
    text: str
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEnd:
    """How far the stored log of a turn goes: to event number `through`; `last` when it is whole."""

    through: int
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPart:
    """What another process reads of a turn's log: the events after a number, and the state."""

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
    """A turn that another process runs."""

    turn_id: str
    followed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Whether the owner has followers of a turn."""

    lease: Lease
    followed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What other processes want of a running turn; `reads` counts how often it was read there."""

    turn_id: str
    stop_reason: StopReason | None
    followed_elsewhere: bool
    reads: int
