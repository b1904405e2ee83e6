"""What the engine needs from outside, as Protocols. The composition root supplies each."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol

from chatkit.protocol.actions import Action, ActionOutcome, Card
from chatkit.protocol.bodies import Body, Note, ToolRound, UserMessage
from chatkit.protocol.calls import Caller, CardOffer, ToolCall, ToolResult, ToolSpec
from chatkit.protocol.deltas import Delta, ImageStep, ModelRequest
from chatkit.protocol.items import Item, StoredItem, Thread, ThreadStatus
from chatkit.protocol.leases import (
    AcceptedRequest,
    Begun,
    Busy,
    Ending,
    Followed,
    Lease,
    LoadedThread,
    LogBatch,
    LogEnd,
    LogPart,
    NewTurn,
    NotPending,
    Repeated,
    RequestKey,
    RunningElsewhere,
    StopReason,
    TitleSource,
    Wish,
)
from chatkit.protocol.paging import Cursor, Page


class Model(Protocol):
    """A language model that streams."""

    async def warm_up(self) -> None:
        """Get ready for the first call; again is harmless."""
        ...

    def context_window(self, model: str) -> int | None:
        """The most input tokens that `model` takes; None where it is not known."""
        ...

    def supports_vision(self, model: str) -> bool | None:
        """Whether `model` sees images; None where it is not known."""
        ...

    def supports_pdf(self, model: str) -> bool | None:
        """Whether `model` reads PDF files; None where it is not known."""
        ...

    async def complete(self, request: ModelRequest) -> str:
        """The whole text of an answer. Raises ModelFault."""
        ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[Sequence[Delta], None]:
        """The answer, in batches: what arrived in one read leaves as one batch, never empty.

        Ends after a StreamEnd. Raises ModelFault. Closing the iterator (`aclose`) or cancelling
        the task that reads it closes the provider's connection.
        """
        ...


class ToolBox(Protocol):
    """Every tool that the model may call: the built-in ones and those of other MCP servers."""

    async def list_tools(self) -> Sequence[ToolSpec]:
        """The tools of all servers that answer now; names are unique."""
        ...

    async def call(
        self, call: ToolCall, caller: Caller, progress: Callable[[str], None]
    ) -> ToolResult:
        """Run one call. Bad arguments, unknown names, dead servers and time-outs are results.

        `progress` is called with a line of text whenever the tool tells how far it is.
        """
        ...


class Cards(Protocol):
    """Cards that tools show in a thread, and what is done with them."""

    async def show(self, offers: Sequence[CardOffer], caller: Caller) -> Sequence[Card]:
        """The cards for what the calls of one round offered; several may become one."""
        ...

    async def act(
        self, action: Action, shown: dict[str, Any] | None, caller: Caller
    ) -> ActionOutcome:
        """Do what the user asked for with a card; `shown` is its widget as it stands in the thread.

        Raises ActionRefused with a sentence for the user.
        """
        ...


class Images(Protocol):
    """A model that makes images."""

    def generate_image(self, prompt: str, size: str | None) -> AsyncGenerator[ImageStep, None]:
        """Sketches, where the provider has them, and the whole image. Raises ModelFault."""
        ...


class Transcriber(Protocol):
    """A model that listens."""

    async def transcribe(self, audio: bytes, mime_type: str) -> str:
        """What was said. Raises ModelFault and UnsupportedMedia."""
        ...


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


class HeldCard(Protocol):
    """A thread, and the widget of it that an action came from, where one did."""

    @property
    def thread(self) -> Thread:
        """As it is while the widget is held."""
        ...

    @property
    def item(self) -> Item | None:
        """The widget."""
        ...

    async def save(
        self, *, widget: Item | None, note: tuple[str, Note] | None, now: datetime
    ) -> None:
        """Exchange the widget, and leave a note (id and body) for the model."""
        ...


class ActionStore(Protocol):
    """What actions of widgets leave in threads."""

    def hold(
        self, user_id: str, thread_id: str, item_id: str | None
    ) -> AbstractAsyncContextManager[HeldCard]:
        """What an action came from, for one action at a time. Raises NotFound, BadRequest."""
        ...


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


class LogStore(Protocol):
    """The logs of running turns, where every process finds them."""

    async def append(self, batches: Sequence[LogBatch]) -> Mapping[str, LogEnd]:
        """Add events of several turns at once, where they follow on what is stored; how far the
        log of each goes then, by turn. Those that are not ours are left out."""
        ...

    async def read(self, user_id: str, turn_id: str, after: int) -> LogPart:
        """The events after number `after`, as far as they are written."""
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

    async def tell_followed(self, news: Sequence[Followed]) -> None:
        """Tell other processes which turns of ours have followers."""
        ...

    async def sweep(self, older_than_s: float) -> None:
        """Delete the logs of turns that ended so many seconds ago."""
        ...


class RequestStore(Protocol):
    """Requests that were accepted."""

    async def find(self, user_id: str, key: RequestKey) -> AcceptedRequest | None:
        """The earlier request of the key."""
        ...

    async def claim(self, user_id: str, key: RequestKey) -> bool:
        """Whether a request without a turn is the first of its key."""
        ...

    async def answer(self, user_id: str, key: RequestKey, answer: str) -> None:
        """Keep what it was answered."""
        ...

    async def forget(self, user_id: str, key: RequestKey, turn_id: str | None) -> None:
        """Free the key, if it still is that turn's."""
        ...

    async def forget_ended(self, user_id: str, key: RequestKey) -> None:
        """Free the key, unless its turn runs."""
        ...

    async def sweep(self) -> None:
        """Delete what has expired."""
        ...
