"""Executes each request of the protocol. Starts turns in `turns.py`; answers all else directly.

Every refusal happens here, before anything is stored and before the status line is sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from chatkit.access.caller import Caller
from chatkit.answer.leases import (
    AcceptedRequest,
    Busy,
    LoadedThread,
    NotPending,
    Repeated,
    RequestKey,
)
from chatkit.answer.unfinished import with_unfinished
from chatkit.engine import faults
from chatkit.engine.acting import Acting
from chatkit.engine.attachments import Attachments
from chatkit.engine.beginning import Beginning, Start
from chatkit.engine.elsewhere import TurnElsewhere
from chatkit.engine.faults import Fault
from chatkit.engine.listening import Listening
from chatkit.engine.offers import Offers
from chatkit.engine.running_turn import RunningTurn
from chatkit.engine.turn_limit import TurnLimit
from chatkit.engine.turns import Turns
from chatkit.ports.requests import RequestStore
from chatkit.ports.threads import ThreadStore
from chatkit.protocol.errors import (
    ChatKitError,
    Conflict,
    Sentence,
    TooLarge,
    Unavailable,
    Unprocessable,
)
from chatkit.protocol.events import Notice
from chatkit.protocol.ids import NewId
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.paging import Cursor
from chatkit.protocol.params import (
    CreateAttachment,
    CreateThread,
    CustomAction,
    DeleteAttachment,
    DeleteThread,
    GetAttachment,
    GetThread,
    ListItems,
    ListThreads,
    MessageParams,
    PlainParams,
    SendFeedback,
    Transcribe,
    TurnParams,
    UpdateThread,
)

#: How long after acceptance an identical request joins a turn that has ended, in seconds.
JOIN_S: Final = 2.0
#: How often a request is tried again after the turn that blocked it has ended.
_MAX_ATTEMPTS: Final = 4

#: Changing requests. With the same Idempotency-Key, a repetition gets the stored first answer.
Changing = UpdateThread | DeleteThread | SendFeedback | CreateAttachment | DeleteAttachment


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Executes the requests of the protocol. Every method acts for one caller."""

    threads: ThreadStore
    requests: RequestStore
    attachments: Attachments
    acting: Acting
    beginning: Beginning
    listening: Listening
    offers: Offers
    running: Turns
    limit: TurnLimit
    new_id: NewId

    async def answer(
        self,
        params: PlainParams | CustomAction,
        caller: Caller,
        key: RequestKey,
    ) -> str:
        """Execute a request that does not stream; return the JSON text of its answer."""
        user_id = caller.user_id
        match params:
            case GetThread(thread_id=thread_id):
                loaded = await self._load(caller, thread_id, Cursor(order="asc"))
                return loaded.thread.encode(loaded.items.encode())
            case ListThreads(cursor=cursor):
                return (await self.threads.list(user_id, cursor)).encode()
            case ListItems(thread_id=thread_id, cursor=cursor):
                return (await self._load(caller, thread_id, cursor)).items.encode()
            case UpdateThread(thread_id=thread_id, title=None):
                return (await self.threads.find(user_id, thread_id)).encode()
            case GetAttachment(attachment_id=attachment_id):
                return dumps(await self.attachments.get(user_id, attachment_id))
            case Transcribe(audio=audio, mime_type=mime_type):
                return dumps({"text": await self.listening.transcribe(audio, mime_type)})
            case CustomAction():
                return await self._once(lambda: self.acting.answer(params, caller), user_id, key)
            case _:
                return await self._once(lambda: self._change(params, user_id), user_id, key)

    async def act(self, params: CustomAction, caller: Caller, key: RequestKey) -> list[str]:
        """Execute a streaming action, once for a key and body; return its encoded events."""
        text = await self._once(lambda: self.acting.stream(params, caller), caller.user_id, key)
        return text.split("\n")

    async def _once(
        self, change: Callable[[], Awaitable[str]], user_id: str, key: RequestKey
    ) -> str:
        """Execute `change`. A repetition of the Idempotency-Key returns the stored answer."""
        if not key.explicit:
            return await change()
        if not await self.requests.claim(user_id, key):
            earlier = await self.requests.find(user_id, key)
            if earlier is not None:
                _require_same_body(earlier, key)
                if earlier.answer is None:
                    raise Conflict(Sentence("request.under_way"))
                return earlier.answer
        try:
            answer = await change()
        except ChatKitError:
            await self.requests.forget(user_id, key, None)
            raise
        await self.requests.answer(user_id, key, answer)
        return answer

    async def _change(self, params: Changing, user_id: str) -> str:
        match params:
            case UpdateThread(thread_id=thread_id, title=title):
                return (await self.threads.rename(user_id, thread_id, title or None)).encode()
            case DeleteThread(thread_id=thread_id):
                await self.running.stop(user_id, thread_id, "user")
                await self.threads.delete(user_id, thread_id)
            case SendFeedback():
                await self.threads.judge(user_id, params.thread_id, params.item_ids, params.kind)
            case DeleteAttachment(attachment_id=attachment_id):
                await self.attachments.delete_unsent(user_id, attachment_id)
            case CreateAttachment():
                attachment = await self.attachments.create(
                    user_id,
                    name=params.name,
                    size=params.size,
                    mime_type=params.mime_type,
                )
                return dumps(attachment)
            case _:
                assert_never(params)
        return "{}"

    async def _load(self, caller: Caller, thread_id: str, cursor: Cursor) -> LoadedThread:
        """A page of a thread. If it reaches the newest item, it includes unfinished items."""
        loaded = await self.threads.load(caller.user_id, thread_id, cursor)
        if not loaded.answering:
            return loaded
        items = await self.running.read_again(caller, thread_id)
        return replace(loaded, items=with_unfinished(loaded.items, items, cursor))

    async def require_thread(self, caller: Caller, thread_id: str) -> None:
        """Raise NotFound unless the thread is the user's. Counts as reading a running turn."""
        await self._load(caller, thread_id, Cursor(limit=1))

    async def begin(
        self,
        params: TurnParams,
        caller: Caller,
        key: RequestKey,
        notices: Sequence[Notice] = (),
    ) -> RunningTurn | TurnElsewhere | Fault | None:
        """Store the request and start its turn, which publishes `notices` first.

        Returns a Fault if the turn must not run now, and None if the pending item was answered
        before. A repeated request joins the turn of the first. Raises Unprocessable if an explicit
        key comes with another body.
        """
        self.running.require_accepting()
        if isinstance(params, MessageParams):
            gone = await self.offers.find_fault(params.input.inference_options)
            if gone is not None:
                return gone
        for _ in range(_MAX_ATTEMPTS):
            if await self.limit.is_reached(params, caller.user_id, key):
                return faults.too_many_turns(self.limit.most)
            try:
                with self.running.about_to_start(caller.user_id, key.key):
                    begun = await self._begin_stored(params, caller, key, notices)
            except TooLarge as error:  # the user's storage is full
                return faults.full(error.message)
            if isinstance(begun, RunningTurn):
                return begun
            if isinstance(begun, Repeated):
                joined = await self._join(params, caller, key)
                if joined is not None:
                    return joined
            elif begun.thread.status.type != "active":
                return faults.shut(begun.thread.status)
            elif isinstance(begun, NotPending):
                return None if begun.answered else faults.NOT_WAITED_FOR
            elif not await self.running.stop(
                caller.user_id, begun.thread.id, "replaced", only_unfollowed=True
            ):
                return faults.BUSY
        return faults.BUSY

    async def _begin_stored(
        self, params: TurnParams, caller: Caller, key: RequestKey, notices: Sequence[Notice]
    ) -> RunningTurn | Busy | Repeated | NotPending:
        turn_id = self.new_id("trn")
        try:
            begun = await self.beginning.begin(params, caller, key, turn_id)
        except Unavailable:
            self.running.abandon(caller.user_id, turn_id)  # it may have been stored
            raise
        if isinstance(begun, Start):
            return self.running.start(begun.turn, [*begun.head, *notices])
        return begun

    async def _join(
        self, params: TurnParams, caller: Caller, key: RequestKey
    ) -> RunningTurn | TurnElsewhere | None:
        """The turn of the same request; None if it cannot be joined. The key is then free."""
        user_id = caller.user_id
        earlier = await self.requests.find(user_id, key)
        if earlier is None:
            return None
        if key.explicit:
            _require_same_body(earlier, key)
        joinable = earlier.state == "running" or (
            earlier.state is not None if key.explicit else _may_be_joined(earlier)
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
        return TurnElsewhere(
            user_id=user_id, turn_id=earlier.turn_id, language=caller.language, created=created
        )


def _may_be_joined(earlier: AcceptedRequest) -> bool:
    """Whether a request with the same body joins this ended turn."""
    return earlier.fresh and earlier.state in ("done", "cancelled")


def _require_same_body(earlier: AcceptedRequest, key: RequestKey) -> None:
    if earlier.body_hash != key.body_hash:
        raise Unprocessable(Sentence("request.other_body"))
