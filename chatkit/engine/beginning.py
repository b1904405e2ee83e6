"""Stores the requests that begin turns: messages, retries, and answers to pending items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from chatkit.access.caller import Caller
from chatkit.answer.leases import Begun, Busy, NewTurn, NotPending, Repeated, RequestKey
from chatkit.engine.offers import Offers
from chatkit.engine.replies import answered_with, completed_with
from chatkit.engine.running_turn import RunningTurn
from chatkit.ports.files import FileStore
from chatkit.ports.requests import RequestStore
from chatkit.ports.turns import TurnStore
from chatkit.protocol.attachments import Attachment
from chatkit.protocol.bodies import ClientToolCall, StructuredInput, UserMessage
from chatkit.protocol.content import InferenceOptions
from chatkit.protocol.errors import NotFound
from chatkit.protocol.events import Event, ItemDone, ItemReplaced, ThreadCreated
from chatkit.protocol.ids import NewId
from chatkit.protocol.items import Item
from chatkit.protocol.params import (
    AddClientToolOutput,
    AddStructuredInput,
    AddUserMessage,
    CreateThread,
    MessageParams,
    ReplyParams,
    RetryAfterItem,
    TurnParams,
    UserInput,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A stored turn that can be started. The events in `head` come before its own."""

    turn: RunningTurn
    head: list[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Stores a request together with the turn that it begins, or neither."""

    turns: TurnStore
    requests: RequestStore
    files: FileStore
    offers: Offers
    new_id: NewId
    now: Callable[[], datetime]

    async def begin(
        self, params: TurnParams, caller: Caller, key: RequestKey, turn_id: str
    ) -> Start | Busy | Repeated | NotPending:
        """Store the request. If Unavailable is raised, it may have been stored."""
        if isinstance(params, MessageParams):
            return await self._begin_message(params, caller, key, turn_id)
        return await self._begin_other(params, caller, key, turn_id)

    async def _begin_message(
        self, params: MessageParams, caller: Caller, key: RequestKey, turn_id: str
    ) -> Start | Busy | Repeated:
        now = self.now()
        user_id, given = caller.user_id, params.input
        options = given.inference_options
        model = self.offers.model_for(options)
        turn = NewTurn(
            turn_id=turn_id,
            item_id=self.new_id("msg"),
            model=model,
            language=caller.language,
            key=key,
        )
        creates = isinstance(params, CreateThread)
        thread_id = self.new_id("thr") if creates else cast(AddUserMessage, params).thread_id
        # The first copy of this request has used the files already.
        if given.attachments and await self.requests.find(user_id, key) is not None:
            return Repeated()
        message = await self._user_message(user_id, thread_id, given)
        begun: Begun | Busy | Repeated
        if creates:
            begun = await self.turns.begin_thread(user_id, thread_id, turn, message, now)
        else:
            begun = await self.turns.begin_message(user_id, thread_id, turn, message, now)
        if (
            isinstance(begun, Repeated)
            and given.attachments
            and await self.requests.find(user_id, key) is None
        ):
            raise NotFound("attachment")  # another message used them meanwhile
        if not isinstance(begun, Begun):
            return begun
        item = Item(id=turn.item_id, thread_id=thread_id, created_at=now, body=message)
        head: list[Event] = [ThreadCreated(begun.thread)] if creates else []
        head += [
            ItemReplaced(closed)
            for closed in begun.closed
            if isinstance(closed.body, StructuredInput)
        ]
        head.append(ItemDone(item))
        return Start(turn=_running(begun, caller, model, message, options), head=head)

    async def _user_message(self, user_id: str, thread_id: str, given: UserInput) -> UserMessage:
        attachments: tuple[Attachment, ...] = ()
        if given.attachments:
            ready = await self.files.load_ready(user_id, given.attachments, self.new_id)
            attachments = tuple(replace(each, thread_id=thread_id) for each in ready)
        return UserMessage(
            content=given.content,
            attachments=attachments,
            quoted_text=given.quoted_text,
            inference_options=given.inference_options,
        )

    async def _begin_other(
        self, params: RetryAfterItem | ReplyParams, caller: Caller, key: RequestKey, turn_id: str
    ) -> Start | Busy | Repeated | NotPending:
        user_id, thread_id = caller.user_id, params.thread_id
        model = self.offers.model_for(InferenceOptions())
        item_id = params.item_id or ""
        turn = NewTurn(
            turn_id=turn_id, item_id=item_id, model=model, language=caller.language, key=key
        )
        begun: Begun | Busy | Repeated | NotPending
        match params:
            case RetryAfterItem():
                begun = await self.turns.begin_retry(user_id, thread_id, turn)
            case AddClientToolOutput(result=result, call_id=call_id):
                begun = await self.turns.begin_reply(
                    user_id, thread_id, turn, ClientToolCall.type, completed_with(result, call_id)
                )
            case AddStructuredInput(submission=submission):
                begun = await self.turns.begin_reply(
                    user_id, thread_id, turn, StructuredInput.type, answered_with(submission)
                )
        if not isinstance(begun, Begun):
            return begun
        model = self.offers.model_for(begun.options)
        running = _running(begun, caller, model, None, begun.options)
        # Only a form is published: the page itself sent the output of a client tool call.
        if begun.answered is not None and isinstance(begun.answered.body, StructuredInput):
            running.opening = [ItemReplaced(begun.answered)]
        return Start(turn=running, head=[])


def _running(
    begun: Begun,
    caller: Caller,
    model: str,
    message: UserMessage | None,
    options: InferenceOptions,
) -> RunningTurn:
    lease = begun.lease
    return RunningTurn(
        begun=begun,
        caller=replace(caller, thread_id=lease.thread_id, turn_id=lease.turn_id, shows_cards=True),
        model=model,
        message=message,
        options=options,
    )
