"""`POST /api/chatkit`: the ChatKit protocol over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from chatkit.access.audit import AuditEvent
from chatkit.access.caller import Caller
from chatkit.answer.leases import RequestKey
from chatkit.edge.asgi import EventStream, HttpRequest, Reply, json_reply
from chatkit.edge.asgi_types import HttpSend
from chatkit.edge.auth import Authenticator
from chatkit.edge.file_links import FileLinks
from chatkit.edge.limits import OpenStreams
from chatkit.edge.router import Handler, Route, answering
from chatkit.engine import faults
from chatkit.engine.elsewhere import TurnElsewhere
from chatkit.engine.faults import Fault
from chatkit.engine.operations import Operations
from chatkit.engine.running_turn import RunningTurn
from chatkit.engine.turn_log import Follower, LogFollower, TurnLog
from chatkit.engine.turns import Turns
from chatkit.protocol.errors import (
    BadRequest,
    NotFound,
    StorageFull,
    TooLarge,
    TooMany,
    Unavailable,
)
from chatkit.protocol.events import Event, Notice
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.links import resolve, resolve_upload
from chatkit.protocol.params import (
    CustomAction,
    DeleteAttachment,
    DeleteThread,
    ResumeThread,
    TurnParams,
    streams,
)
from chatkit.protocol.requests import parse_request, time_zone_hint

#: Longest body that is read to choose the response to a rate-limited request, in bytes.
_MAX_REFUSED_BYTES: Final = 2**16
_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)
#: The id of an event: its turn, and its number in the turn.
_EVENT_ID: Final = re.compile(r"(?P<turn>[\w-]{1,64})\.(?P<number>\d{1,9})", re.ASCII)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


#: A user with fewer requests left than this is warned of the rate limit.
_FEW_LEFT: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRoutes:
    """The handlers of the chat URL. `max_body_bytes` is the longest accepted body.

    `with_audit_origin` wraps a handler: deletions by tools and cards are logged with its origin.
    """

    authenticator: Authenticator
    operations: Operations
    turns: Turns
    links: FileLinks
    with_audit_origin: Callable[[Handler], Handler]
    max_body_bytes: int
    streams: OpenStreams

    def routes(self) -> list[Route]:
        """The routes of the chat."""
        ask = self.with_audit_origin(self.post)
        return [
            Route("/api/chatkit", {"POST": ask}),
            Route("/api/chatkit/", {"POST": ask}),
            Route("/api/chatkit/threads/{id}/events", {"GET": self.events}),
            Route("/api/chatkit/threads/{id}/cancel", {"POST": answering(self.cancel)}),
        ]

    async def post(self, request: HttpRequest, send: HttpSend) -> None:
        """POST one protocol request. Its type decides whether the response is a stream."""
        try:
            user = await self.authenticator.authenticate(request, sessions=("chat",))
        except TooMany as error:
            await self._refuse(request, send, error)
            return
        body = await request.body(max_bytes=self.max_body_bytes)
        call = parse_request(body)
        caller = Caller(
            user_id=user.user_id,
            language=request.language,
            time_zone=time_zone_hint(call.metadata) or "UTC",
        )
        key = request_key(request, body)
        params = call.params
        last_id = request.header("last-event-id")
        if isinstance(params, TurnParams) and last_id is not None:
            await self._rejoin(request, send, caller, last_id)
        elif isinstance(params, TurnParams):
            await self._answer(request, send, params, caller, key)
        elif isinstance(params, ResumeThread):
            await self._follow(request, send, caller, params.thread_id)
        elif isinstance(params, CustomAction) and params.streams:
            log = TurnLog()
            try:
                log.append_lines(await self.operations.act(params, caller, key))
            except StorageFull as error:
                await _refused(request, faults.storage_full(error.message)).send(request, send)
                return
            await self._send(request, send, user.user_id, _closed(log))
        else:
            if isinstance(params, DeleteThread | DeleteAttachment):
                text = await self._delete(request, params, caller, key)
            else:
                text = await self.operations.answer(params, caller, key)
            text = resolve(text, self.links.read_url(request, user.user_id))
            text = resolve_upload(text, self.links.upload_url(request, user.user_id))
            await json_reply(text).send(request, send)

    async def _delete(
        self,
        request: HttpRequest,
        params: DeleteThread | DeleteAttachment,
        caller: Caller,
        key: RequestKey,
    ) -> str:
        """Delete a thread or a file. What is not there is gone, which is what was asked for."""
        if isinstance(params, DeleteThread):
            event = AuditEvent("thread.delete", "thread", params.thread_id)
        else:
            event = AuditEvent("attachment.delete", "attachment", params.attachment_id)
        # Added before the deletion, so that its error is logged as the outcome.
        request.trail.events.append(event)
        try:
            return await self.operations.answer(params, caller, key)
        except NotFound as error:
            request.trail.events[-1] = replace(event, outcome=error.code)
            return "{}"

    async def _answer(
        self,
        request: HttpRequest,
        send: HttpSend,
        params: TurnParams,
        caller: Caller,
        key: RequestKey,
    ) -> None:
        with ExitStack() as held:
            try:
                held.enter_context(self.streams.slot(request, caller.user_id))
            except Unavailable:
                await _refused(request, faults.TOO_MANY_STREAMS).send(request, send)
                return
            try:
                begun = await self.operations.begin(params, caller, key, _notices(request))
            except StorageFull as error:
                await _refused(request, faults.storage_full(error.message)).send(request, send)
                return
            if isinstance(begun, Fault):
                await _refused(request, begun).send(request, send)
                return
            if begun is None:
                await _ended([]).send(request, send)
                return
            with self.turns.following(begun) as follower:
                await self._send(request, send, caller.user_id, follower)

    async def _rejoin(
        self, request: HttpRequest, send: HttpSend, caller: Caller, last_id: str
    ) -> None:
        """Go on with the answer that the client was reading, after its last event.

        The widget's parser sends its request again with the id of that event. It never begins a
        turn: an ended answer is replayed, and one that is unknown is an error event.
        """
        known = _EVENT_ID.fullmatch(last_id)
        turn = await self.turns.find_turn(caller, known["turn"]) if known is not None else None
        if known is None or turn is None:
            await _refused(request, faults.NOT_FOLLOWED).send(request, send)
            return
        await self._stream(request, send, caller, turn, after=int(known["number"]))

    async def _stream(
        self,
        request: HttpRequest,
        send: HttpSend,
        caller: Caller,
        turn: RunningTurn | TurnElsewhere,
        *,
        after: int,
    ) -> None:
        with (
            self.streams.slot(request, caller.user_id),
            self.turns.following(turn, after=after) as follower,
        ):
            await self._send(request, send, caller.user_id, follower)

    async def _send(
        self, request: HttpRequest, send: HttpSend, user_id: str, follower: Follower
    ) -> None:
        await EventStream(follower, self.links.read_url(request, user_id)).send(request, send)

    async def _follow(
        self,
        request: HttpRequest,
        send: HttpSend,
        caller: Caller,
        thread_id: str,
        *,
        after: str = "0",
    ) -> None:
        """Stream the running turn of a thread after an event, named by its id or its number.

        Empty if none is running. After an event of another turn, the whole of it.
        """
        await self.operations.require_thread(caller, thread_id)
        turn = await self.turns.find_anywhere(caller, thread_id)
        if turn is None:
            await _ended([]).send(request, send)
            return
        turn_id = turn.turn_id if isinstance(turn, TurnElsewhere) else turn.lease.turn_id
        number = after.removeprefix(f"{turn_id}.")
        await self._stream(
            request, send, caller, turn, after=int(number) if number.isdigit() else 0
        )

    async def _refuse(self, request: HttpRequest, send: HttpSend, error: TooMany) -> None:
        """Respond to a rate-limited request: 429, or for a chat a stream with a sentence to show.

        A body above `_MAX_REFUSED_BYTES` is not read and gets 429.
        """
        try:
            body = await request.body(max_bytes=min(self.max_body_bytes, _MAX_REFUSED_BYTES))
        except TooLarge:
            raise error from None
        if not streams(parse_request(body).params):
            raise error
        await _refused(request, faults.too_fast(error.retry_after_s)).send(request, send)

    async def events(self, request: HttpRequest, send: HttpSend) -> None:
        """GET the running turn of a thread as a stream, from `?after=` or `Last-Event-ID` on."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        caller = Caller(user_id=user.user_id, language=request.language)
        after = _after(request)
        await self._follow(request, send, caller, request.params["id"], after=after)

    async def cancel(self, request: HttpRequest) -> Reply:
        """POST: stop the running turn of a thread. 200 also if none is running."""
        user = await self.authenticator.authenticate(request, sessions=("chat",))
        thread_id = request.params["id"]
        caller = Caller(user_id=user.user_id, language=request.language)
        await self.operations.require_thread(caller, thread_id)
        cancelled = await self.turns.stop(user.user_id, thread_id, "user")
        return json_reply(dumps({"cancelled": cancelled}))


def request_key(request: HttpRequest, body: bytes) -> RequestKey:
    """The key that identifies repetitions of a request: its Idempotency-Key, else its body."""
    body_hash = sha256(body).digest()
    given = request.header("idempotency-key")
    if given is None:
        return RequestKey(key=f"body:{body_hash.hex()}", body_hash=body_hash, explicit=False)
    if not _KEY.fullmatch(given):
        raise BadRequest("Idempotency-Key: must be 1 to 255 visible characters")
    return RequestKey(key=f"key:{given}", body_hash=body_hash, explicit=True)


def _after(request: HttpRequest) -> str:
    """The id or number of the last event that the client received, 0 for none."""
    given = request.query().get("after") or request.header("last-event-id") or "0"
    if not (_NUMBER.fullmatch(given) or _EVENT_ID.fullmatch(given)):
        raise BadRequest("after: must be the id or number of an event", code="invalid_cursor")
    return given


def _notices(request: HttpRequest) -> list[Notice]:
    """A warning if the rate limit is near, else nothing."""
    left = request.reply_headers.get(b"ratelimit-remaining")
    if left is None or int(left) >= _FEW_LEFT:
        return []
    reset_s = int(request.reply_headers[b"ratelimit-reset"])
    return [faults.nearly_too_fast(int(left), reset_s, request.say)]


def _refused(request: HttpRequest, fault: Fault) -> EventStream:
    if fault.of_limit:
        request.trail.events.append(AuditEvent("limit.hit"))
    return _ended([fault.event(request.say)])


def _ended(events: list[Event]) -> EventStream:
    """A stream that has only `events`."""
    log = TurnLog()
    log.append(events)
    return EventStream(_closed(log))


def _closed(log: TurnLog) -> LogFollower:
    log.close()
    return LogFollower(log)
