"""What each request does. Turns are begun here and run elsewhere; the rest is answered at once.

All that can refuse a request does so here, before anything is stored and before a status line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, assert_never

from chatkit.engine import faults
from chatkit.engine.elsewhere import TurnElsewhere
from chatkit.engine.ports import RequestStore, ThreadStore, TurnStore
from chatkit.engine.runner import RunningTurn
from chatkit.engine.turns import Turns
from chatkit.protocol.calls import Caller
from chatkit.protocol.errors import (
    BadRequest,
    ChatKitError,
    Conflict,
    NotFound,
    Unavailable,
    Unprocessable,
)
from chatkit.protocol.events import ErrorEvent, Event, ItemDone, ThreadCreated
from chatkit.protocol.ids import NewId
from chatkit.protocol.items import (
    InferenceOptions,
    InputText,
    Item,
    StoredItem,
    Thread,
    UserMessage,
    stored_item,
)
from chatkit.protocol.leases import (
    AcceptedRequest,
    Begun,
    Busy,
    LoadedThread,
    NewTurn,
    Repeated,
    RequestKey,
)
from chatkit.protocol.paging import Cursor, Page
from chatkit.protocol.requests import (
    AddUserMessage,
    CreateThread,
    DeleteThread,
    GetThread,
    ListItems,
    ListThreads,
    Params,
    RetryAfterItem,
    StreamingParams,
    UpdateThread,
    UserInput,
)

#: Longest automatic title, in characters.
TITLE_LENGTH: Final = 60
#: How long after its acceptance an identical body joins a request that has ended, in seconds.
JOIN_S: Final = 2.0
#: How often a request is begun again when what stood in its way is gone.
_MOST_ATTEMPTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """The requests of the protocol, for one caller each."""

    threads: ThreadStore
    turns: TurnStore
    requests: RequestStore
    running: Turns
    max_turns_per_user: int
    """In this process, at the same time."""
    model: str
    new_id: NewId
    now: Callable[[], datetime]

    async def answer(self, params: Params, caller: Caller, key: RequestKey) -> str:
        """The JSON text that answers a request which does not stream."""
        user_id = caller.user_id
        match params:
            case GetThread(thread_id=thread_id):
                loaded = await self._load(user_id, thread_id, Cursor(order="asc"))
                return loaded.thread.encode(loaded.items.encode())
            case ListThreads(cursor=cursor):
                return (await self.threads.list(user_id, cursor)).encode()
            case ListItems(thread_id=thread_id, cursor=cursor):
                return (await self._load(user_id, thread_id, cursor)).items.encode()
            case UpdateThread() | DeleteThread():
                return await self._once(params, user_id, key)
            case CreateThread() | AddUserMessage() | RetryAfterItem():
                raise TypeError("this request streams: use begin")
            case _:
                assert_never(params)

    async def _once(
        self, params: UpdateThread | DeleteThread, user_id: str, key: RequestKey
    ) -> str:
        """Change a thread. With an Idempotency-Key the same request is answered as before."""
        if not key.explicit:
            return await self._change(params, user_id)
        if not await self.requests.claim(user_id, key):
            earlier = await self.requests.find(user_id, key)
            if earlier is not None:
                _require_same_body(earlier, key)
                if earlier.answer is None:
                    raise Conflict("the same request is being answered just now")
                return earlier.answer
        try:
            answer = await self._change(params, user_id)
        except ChatKitError:
            await self.requests.forget(user_id, key, None)
            raise
        await self.requests.answer(user_id, key, answer)
        return answer

    async def _change(self, params: UpdateThread | DeleteThread, user_id: str) -> str:
        if isinstance(params, UpdateThread):
            thread = await self.threads.rename(user_id, params.thread_id, params.title or None)
            return thread.encode()
        await self.running.stop(user_id, params.thread_id, "user")
        await self.threads.delete(user_id, params.thread_id)
        return "{}"

    async def _load(self, user_id: str, thread_id: str, cursor: Cursor) -> LoadedThread:
        """A page of a thread; where it ends at the newest item, unfinished ones are in it too."""
        loaded = await self.threads.load(user_id, thread_id, cursor)
        if not loaded.answering:
            return loaded
        items = await self.running.read_again(user_id, thread_id)
        return replace(loaded, items=_with_unfinished(loaded.items, items, cursor))

    async def require_thread(self, user_id: str, thread_id: str) -> None:
        """Raises NotFound unless the thread is the user's; a turn in it goes on unfollowed."""
        loaded = await self.threads.load(user_id, thread_id, Cursor(limit=1))
        if loaded.answering:
            await self.running.read_again(user_id, thread_id)

    async def begin(
        self, params: StreamingParams, caller: Caller, key: RequestKey
    ) -> RunningTurn | TurnElsewhere | ErrorEvent:
        """Store what was asked and start its turn; an ErrorEvent where it must not run now.

        The same request again joins the turn of the first. Raises Unprocessable for the same
        explicit key with another body.
        """
        self.running.require_accepting()
        if isinstance(params, CreateThread | AddUserMessage):
            self._check_input(params.input)
        for _ in range(_MOST_ATTEMPTS):
            if await self._has_too_many(params, caller.user_id, key):
                return faults.too_many_turns(self.max_turns_per_user)
            with self.running.about_to_start(caller.user_id, key.key):
                begun = await self._begin_stored(params, caller, key)
            if isinstance(begun, RunningTurn):
                return begun
            if isinstance(begun, Repeated):
                joined = await self._join(params, caller.user_id, key)
                if joined is not None:
                    return joined
            elif begun.thread.status.type != "active":
                return _refusal(begun.thread)
            elif not await self.running.stop(
                caller.user_id, begun.thread.id, "replaced", only_unfollowed=True
            ):
                return faults.BUSY
        return faults.BUSY

    async def _has_too_many(self, params: StreamingParams, user_id: str, key: RequestKey) -> bool:
        """Whether one more turn is above the limit. What joins a turn, and what finds one in its
        own thread, adds none."""
        if self.running.count(user_id) < self.max_turns_per_user:
            return False
        if self.running.is_about_to_start(user_id, key.key):
            return False
        if not isinstance(params, CreateThread) and self.running.find(user_id, params.thread_id):
            return False
        return await self.requests.find(user_id, key) is None

    async def _begin_stored(
        self, params: StreamingParams, caller: Caller, key: RequestKey
    ) -> RunningTurn | Busy | Repeated:
        now = self.now()
        user_id = caller.user_id
        turn = NewTurn(
            turn_id=self.new_id("trn"),
            item_id=(params.item_id if isinstance(params, RetryAfterItem) else self.new_id("msg")),
            model=self.model,
            key=key,
        )
        begun: Begun | Busy | Repeated
        head: list[Event] = []
        title = None
        try:
            match params:
                case CreateThread(input=given):
                    message = _user_message(given)
                    thread_id = self.new_id("thr")
                    begun = await self.turns.begin_thread(user_id, thread_id, turn, message, now)
                    if isinstance(begun, Begun):
                        head.append(ThreadCreated(begun.thread))
                case AddUserMessage(thread_id=thread_id, input=given):
                    message = _user_message(given)
                    begun = await self.turns.begin_message(user_id, thread_id, turn, message, now)
                case RetryAfterItem(thread_id=thread_id):
                    begun = await self.turns.begin_retry(user_id, thread_id, turn)
        except Unavailable:
            self.running.abandon(user_id, turn.turn_id)  # it may be stored nevertheless
            raise
        if not isinstance(begun, Begun):
            return begun
        if not isinstance(params, RetryAfterItem):
            item = Item(id=turn.item_id, thread_id=thread_id, created_at=now, body=message)
            head.append(ItemDone(item))
            title = _title(message)
        caller = replace(caller, thread_id=thread_id, turn_id=turn.turn_id)
        return self.running.start(begun, caller=caller, model=self.model, title=title, head=head)

    async def _join(
        self, params: StreamingParams, user_id: str, key: RequestKey
    ) -> RunningTurn | TurnElsewhere | None:
        """The turn of the same request; None when that must not be joined, and the key is free."""
        earlier = await self.requests.find(user_id, key)
        if earlier is None:
            return None
        if key.explicit:
            _require_same_body(earlier, key)
        joinable = earlier.state == "running" or (
            earlier.state is not None if key.explicit else _is_recent_success(earlier)
        )
        if not joinable or earlier.turn_id is None or earlier.thread_id is None:
            await self.requests.forget(user_id, key, earlier.turn_id)
            return None
        turn = self.running.find(user_id, earlier.thread_id)
        if turn is not None and turn.lease.turn_id == earlier.turn_id:
            return turn
        created = None
        if isinstance(params, CreateThread):
            first = Cursor(limit=1)
            created = (await self.threads.load(user_id, earlier.thread_id, first)).thread
        return TurnElsewhere(user_id=user_id, turn_id=earlier.turn_id, created=created)

    def _check_input(self, given: UserInput) -> None:
        options = given.inference_options
        if options.model not in (None, self.model):
            raise BadRequest(
                "params.input.inference_options.model: not a model that this server offers"
            )
        if options.tool_choice is not None:
            raise BadRequest(
                "params.input.inference_options.tool_choice.id: not a tool that may be chosen"
            )
        if given.attachments:
            raise NotFound("attachment")


def _user_message(given: UserInput) -> UserMessage:
    return UserMessage(
        content=given.content,
        quoted_text=given.quoted_text,
        inference_options=InferenceOptions(model=given.inference_options.model),
    )


def _is_recent_success(earlier: AcceptedRequest) -> bool:
    return earlier.fresh and earlier.state in ("done", "cancelled")


def _require_same_body(earlier: AcceptedRequest, key: RequestKey) -> None:
    if earlier.body_hash != key.body_hash:
        raise Unprocessable("the Idempotency-Key was used before, with another body")


def _with_unfinished(
    page: Page[StoredItem], unfinished: Sequence[Item], cursor: Cursor
) -> Page[StoredItem]:
    """The page with the newest items in it where it reaches them, cut to its limit again."""
    newest = [stored_item(item) for item in unfinished]
    if cursor.order == "asc":
        data = [*page.data, *([] if page.has_more else newest)]
    else:
        data = [*([] if cursor.after is not None else reversed(newest)), *page.data]
    cut = len(data) > cursor.limit
    return Page(data=data[: cursor.limit], has_more=page.has_more or cut)


def _refusal(thread: Thread) -> ErrorEvent:
    match thread.status.type:
        case "closed":
            default = faults.CLOSED
        case _:
            default = faults.LOCKED
    if thread.status.reason is None:
        return default
    return ErrorEvent(message=thread.status.reason, allow_retry=False)


def _title(message: UserMessage) -> str | None:
    """The first line of a message, cut at a word."""
    text = "".join(
        part.text if isinstance(part, InputText) else f"@{part.text}" for part in message.content
    )
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(line) <= TITLE_LENGTH:
        return line or None
    cut = line[:TITLE_LENGTH]
    head, space, _ = cut.rpartition(" ")
    return (head if space else cut).rstrip(" ,;:.-") + "…"
