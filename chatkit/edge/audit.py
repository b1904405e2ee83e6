"""Writes the audit log in the background: no request waits for it.

Events that anyone can cause in large numbers (failed sign-ins, refusals, exceeded limits, new
guests) are counted: the first of a caller is written like any other event, and its repetitions as
one row per minute. A caller is a user and a network (for IPv6 a /64); above `MAX_CALLERS` one row
counts all others, so that a flood cannot fill the disk. If the process is killed, at most one
second of events and one minute of counted repetitions are lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from chatkit.access.audit import AuditAction, AuditEntry, AuditEvent
from chatkit.access.networks import network_of
from chatkit.edge.asgi import HttpRequest
from chatkit.edge.asgi_types import HttpSend
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.router import Handler
from chatkit.ports.audit import AuditStore
from chatkit.protocol.errors import ChatKitError, Forbidden, TooMany, Unauthorized
from chatkit.protocol.fields import MAX_ID
from chatkit.protocol.jsontext import dumps
from chatkit.todo.changes import TaskChange

_log = logging.getLogger("chatkit.audit")

#: How often events and counts are written, and old rows are deleted, in seconds.
WRITE_S: Final = 1.0
COUNT_S: Final = 60.0
SWEEP_S: Final = 3600.0
#: Most entries in the queue. Further entries are dropped, and their number is logged.
MAX_WAITING: Final = 10_000
#: Most callers per action and minute that get a row of their own.
MAX_CALLERS: Final = 100
#: How long the shutdown may wait for the last write, in seconds.
_CLOSE_TIMEOUT_S: Final = 5.0

_COUNTED: Final[frozenset[AuditAction]] = frozenset(
    {"access.refuse", "guest.issue", "limit.hit", "sign_in.fail"}
)
_CREDENTIALS: Final = (b"authorization", b"x-chatkit-signature")

_Caller = tuple[str | None, str | None, str]  # user, network, outcome
_ALL_OTHERS: Final[_Caller] = (None, None, "several")


@dataclass(frozen=True, slots=True)
class _Origin:
    """The client address and the request id of an event."""

    client_ip: str | None
    request_id: str | None


_NO_ORIGIN: Final = _Origin(None, None)
#: The origin of the request for which a tool or a card acts. It holds just these two values and not
#: the request, because a turn copies the context and may outlive the request.
_origin: ContextVar[_Origin] = ContextVar("origin", default=_NO_ORIGIN)


class Auditor:
    """Call `note` once for each request and run `run` as a task. `now` returns aware times."""

    def __init__(
        self,
        store: AuditStore,
        *,
        proxies: TrustedProxies,
        keep_days: int,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._proxies = proxies
        self._keep_days = keep_days
        self._now = now
        self._waiting: list[AuditEntry] = []
        #: The repetitions of the current minute; None for a caller that repeated nothing yet.
        self._counts: dict[AuditAction, dict[_Caller, AuditEntry | None]] = {}
        self._lost = 0

    def note(self, request: HttpRequest, error: ChatKitError | None) -> None:
        """Record the events of a finished request. `error` is the error of its response, if any."""
        events = request.trail.events
        if isinstance(error, TooMany) or (error is not None and error.code == "storage_full"):
            events = [*events, AuditEvent("limit.hit")]
        elif isinstance(error, Unauthorized) and _tried_to_sign_in(request):
            events = [*events, AuditEvent("sign_in.fail")]
        elif isinstance(error, Forbidden) and not events:
            events = [AuditEvent("access.refuse", "path", request.path)]
        for event in events:
            entry = AuditEntry(
                at=self._now(),
                user_id=request.trail.user_id,
                event=replace(event, target_id=event.target_id and event.target_id[:MAX_ID]),
                client_ip=self._proxies.resolve(request).ip,
                request_id=request.id,
                outcome=_outcome(event, error),
            )
            if event.action in _COUNTED or entry.outcome != "ok":
                self._count(entry)
            else:
                self._enqueue(entry)

    def with_audit_origin(self, handler: Handler) -> Handler:
        """Wrap a handler so that changes by its tools and cards are logged with its origin."""

        async def handle(request: HttpRequest, send: HttpSend) -> None:
            bound = _origin.set(_Origin(self._proxies.resolve(request).ip, request.id))
            try:
                await handler(request, send)
            finally:
                _origin.reset(bound)

        return handle

    def note_change(self, user_id: str, change: TaskChange) -> None:
        """Record what a tool or a card did to a task, whatever the outcome of the request.

        Of what users do themselves, only deletions are recorded. If a model did it, its turn id is
        logged in place of the request id.
        """
        by, deletes = change.author, change.after is None
        if by.kind == "user" and not deletes:
            return
        origin = _origin.get()
        detail = {"by": by.kind, "before": change.before, "after": change.after}
        event = AuditEvent(
            "task.delete" if deletes else "task.change",
            "task",
            change.task_id,
            detail=dumps(detail),
        )
        self._enqueue(
            AuditEntry(
                at=self._now(),
                user_id=user_id,
                event=event,
                client_ip=origin.client_ip,
                request_id=(by.turn_id if by.kind == "model" else None) or origin.request_id,
                outcome="ok",
            )
        )

    def _count(self, entry: AuditEntry) -> None:
        callers = self._counts.setdefault(entry.event.action, {})
        network = None if entry.client_ip is None else network_of(entry.client_ip)
        caller: _Caller = (entry.user_id, network, entry.outcome)
        if caller not in callers and len(callers) >= MAX_CALLERS:
            caller = _ALL_OTHERS
            entry = replace(entry, user_id=None, client_ip=None, request_id=None, outcome=caller[2])
        if caller not in callers:
            callers[caller] = None
            self._enqueue(entry)
            return
        earlier = callers[caller]
        callers[caller] = entry if earlier is None else replace(earlier, times=earlier.times + 1)

    def _enqueue(self, entry: AuditEntry) -> None:
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(entry)
        else:
            self._lost += 1

    async def run(self) -> None:
        """Write and sweep until cancelled."""
        clock = asyncio.get_running_loop().time
        counted_at, sweep_at = clock(), clock()
        while True:
            if clock() >= sweep_at:
                sweep_at = clock() + SWEEP_S
                await self._sweep()
            await asyncio.sleep(WRITE_S)
            if clock() - counted_at >= COUNT_S:
                counted_at = clock()
                self._close_counts()
            await self._write()

    async def close(self) -> None:
        """Write the remaining entries. Call it when no request runs any more."""
        self._close_counts()
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._write()
        except TimeoutError:
            self._lost += len(self._waiting)
        lost = self._lost + len(self._waiting)
        if lost:
            _log.error("%d entries of the audit log could not be written", lost)

    def _close_counts(self) -> None:
        counts, self._counts = self._counts, {}
        for callers in counts.values():
            for entry in callers.values():
                if entry is not None:
                    self._enqueue(entry)

    async def _write(self) -> None:
        if self._lost:
            _log.error("%d entries of the audit log were lost", self._lost)
            self._lost = 0
        entries = self._waiting.copy()
        if not entries:
            return
        try:
            await self._store.append(entries)
        except ChatKitError as error:  # keep the entries until the database is reachable again
            _log.warning("the audit log cannot be written: %s", error)
        else:
            del self._waiting[: len(entries)]

    async def _sweep(self) -> None:
        try:
            await self._store.sweep(self._keep_days)
        except ChatKitError as error:
            _log.warning("the audit log cannot be swept: %s", error)


def _outcome(event: AuditEvent, error: ChatKitError | None) -> str:
    if error is not None:
        return error.code
    # A chat request gets this error as an event of its stream, with HTTP status 200.
    return "rate_limited" if event.action == "limit.hit" else event.outcome


def _tried_to_sign_in(request: HttpRequest) -> bool:
    """Whether the request had a credential. A visitor without one did not fail to sign in."""
    return any(name in request.headers for name in _CREDENTIALS) or "auth_token=" in (
        request.header("cookie") or ""
    )
