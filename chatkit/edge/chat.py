"""`POST /api/chatkit`: the ChatKit protocol over HTTP."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from chatkit.edge.asgi import EventStream, Reply, Request, Send, json_reply
from chatkit.edge.auth import Authenticator
from chatkit.edge.limits import OpenStreams
from chatkit.engine import faults
from chatkit.engine.operations import Operations
from chatkit.engine.turn_log import LogFollower, TurnLog
from chatkit.engine.turns import Turns
from chatkit.protocol.audit import Deed
from chatkit.protocol.calls import Caller
from chatkit.protocol.errors import BadRequest, TooLarge, TooMany, Unavailable
from chatkit.protocol.events import ErrorEvent, Event
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.leases import RequestKey
from chatkit.protocol.requests import (
    DeleteThread,
    StreamingParams,
    parse_request,
    time_zone_hint,
)

#: Longest request above a rate limit that is read for a fitting answer, in bytes.
_LONGEST_REFUSED: Final = 2**16
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRoutes:
    """The handlers of the chat URL. `max_body_bytes` is the longest request that is read."""

    authenticator: Authenticator
    operations: Operations
    turns: Turns
    max_body_bytes: int
    streams: OpenStreams

    async def post(self, request: Request, send: Send) -> None:
        """Whether the answer streams is decided by the request's type alone."""
        try:
            user = await self.authenticator.authenticate(request, sessions=("chat",))
        except TooMany as error:
            await self._refuse(request, send, error)
            return
        body = await request.body(most=self.max_body_bytes)
        call = parse_request(body)
        caller = Caller(
            user_id=user.user_id,
            time_zone=time_zone_hint(call.metadata) or "UTC",
        )
        key = request_key(request, body)
        if not isinstance(call.params, StreamingParams):
            text = await self.operations.answer(call.params, caller, key)
            if isinstance(call.params, DeleteThread):
                deed = Deed("thread.delete", "thread", call.params.thread_id)
                request.trail.deeds.append(deed)
            await json_reply(text).send(request, send)
            return
        with ExitStack() as held:
            try:
                held.enter_context(self.streams.one_more(user.user_id))
            except Unavailable:
                request.trail.deeds.append(Deed("limit.hit"))
                await _ended([faults.TOO_MANY_STREAMS]).send(request, send)
                return
            begun = await self.operations.begin(call.params, caller, key)
            if isinstance(begun, ErrorEvent):
                await _ended([begun]).send(request, send)
                return
            with self.turns.following(begun) as follower:
                await EventStream(follower).send(request, send)

    async def _refuse(self, request: Request, send: Send, error: TooMany) -> None:
        """Above a rate limit, a chat gets a sentence that its page can show; 429 all the rest, and
        what is too long to be worth a look."""
        try:
            body = await request.body(most=min(self.max_body_bytes, _LONGEST_REFUSED))
        except TooLarge:
            raise error from None
        if not isinstance(parse_request(body).params, StreamingParams):
            raise error
        request.trail.deeds.append(Deed("limit.hit"))
        await _ended([faults.too_fast(error.retry_after_s)]).send(request, send)

    async def events(self, request: Request, send: Send) -> None:
        """Follow the running turn of a thread, from `?after=` or `Last-Event-ID` on."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        after = _after(request)
        thread_id = request.params["id"]
        await self.operations.require_thread(user.user_id, thread_id)
        turn = await self.turns.find_anywhere(user.user_id, thread_id)
        if turn is None:
            await _ended([]).send(request, send)
            return
        with (
            self.streams.one_more(user.user_id),
            self.turns.following(turn, after=after, numbered=True) as follower,
        ):
            await EventStream(follower).send(request, send)

    async def cancel(self, request: Request) -> Reply:
        """Stop the running turn of a thread; 200 whether or not one ran."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        thread_id = request.params["id"]
        await self.operations.require_thread(user.user_id, thread_id)
        cancelled = await self.turns.stop(user.user_id, thread_id, "user")
        return json_reply(dumps({"cancelled": cancelled}))


def request_key(request: Request, body: bytes) -> RequestKey:
    """By what a request is known when it comes again: its Idempotency-Key, else its body."""
    body_hash = sha256(body).digest()
    given = request.header("idempotency-key")
    if given is None:
        return RequestKey(key=f"body:{body_hash.hex()}", body_hash=body_hash, explicit=False)
    if not _KEY.fullmatch(given):
        raise BadRequest("Idempotency-Key: must be 1 to 255 visible characters")
    return RequestKey(key=f"key:{given}", body_hash=body_hash, explicit=True)


def _after(request: Request) -> int:
    """The number of the last event that the client has, 0 for none."""
    given = request.query().get("after") or request.header("last-event-id") or "0"
    if not re.fullmatch(r"\d{1,9}", given, re.ASCII):
        raise BadRequest("after: must be the number of an event", code="invalid_cursor")
    return int(given)


def _ended(events: list[Event]) -> EventStream:
    """A stream that holds `events` and ends."""
    log = TurnLog()
    log.append(events)
    log.close()
    return EventStream(LogFollower(log))
