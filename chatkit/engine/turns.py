"""Running turns: starting, following, leaving, stopping, adopting, shutting down.

A turn is a task of its own. A response only follows it, so leaving, coming back and stopping are
operations on the turn, whichever process runs it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, Literal

from chatkit.engine.elsewhere import Orphans, StoredFollower, TurnElsewhere
from chatkit.engine.journal import Journal
from chatkit.engine.ports import LogStore, RequestStore, TurnStore
from chatkit.engine.runner import Runner, RunningTurn
from chatkit.engine.turn_log import Follower, LogFollower
from chatkit.protocol.errors import ChatKitError, Unavailable
from chatkit.protocol.events import Event
from chatkit.protocol.items import Item
from chatkit.protocol.leases import StopReason
from chatkit.protocol.replay import open_items

_log = logging.getLogger("chatkit.turn")

#: How long a lease lasts, in seconds: longer than the database outage that a turn survives.
LEASE_S: Final = 60.0
#: How often leases are renewed and orphans looked for, in seconds.
HEARTBEAT_S: Final = 5.0
#: What is left of a lease whose owner renews it, in seconds, a database outage of ten allowed for.
LIVING_S: Final = LEASE_S - 20.0
#: With `auto`, how long a turn without followers waits for its user to come back, in seconds.
RETURN_S: Final = 5.0
#: How long reading a thread counts as following its turn in another process, in seconds: until the
#: owner has surely seen it, and no longer, for nobody is there.
READ_FOR_S: Final = 1.0
#: How long an owner may take to tell that its last follower has left, in seconds.
TOLD_S: Final = 0.5
#: How long running turns may take to end by themselves at shutdown, in seconds.
SHUTDOWN_S: Final = 20.0
#: How long the log of an ended turn is kept for those who still read it, in seconds.
KEEP_LOG_S: Final = 30.0

OnDisconnect = Literal["auto", "cancel", "continue"]


class Turns:
    """Owns the task of every turn that runs in this process, and reaches those of others.

    `alone`: no other process serves this database.
    """

    def __init__(
        self,
        *,
        runner: Runner,
        store: TurnStore,
        logs: LogStore,
        requests: RequestStore,
        orphans: Orphans,
        on_disconnect: OnDisconnect,
        alone: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._runner = runner
        self._store = store
        self._logs = logs
        self._requests = requests
        self._orphans = orphans
        self._on_disconnect = on_disconnect
        self._alone = alone
        self._now = now
        self._journal = Journal(logs, alone=alone)
        self._running: dict[tuple[str, str], RunningTurn] = {}
        self._by_user: Counter[str] = Counter()
        self._beginning: Counter[tuple[str, str]] = Counter()
        self._returns: dict[str, asyncio.TimerHandle] = {}
        self._abandoned: deque[tuple[str, str]] = deque()
        self._accepting = True

    def start(self, turn: RunningTurn, head: list[Event]) -> RunningTurn:
        """Run a turn that was begun; `head` are the events that come before its own."""
        turn.on_returned = lambda: self._forget_return(turn)
        turn.log.append(head)
        self._running[turn.lease.user_id, turn.lease.thread_id] = turn
        self._count(turn.lease.user_id, 1)
        self._journal.watch(turn)
        turn.task = asyncio.create_task(self._runner.run(turn), name=turn.lease.turn_id)
        turn.task.add_done_callback(lambda _: self._forget(turn))
        if not self._accepting:  # its beginning was under way when the server began to stop
            turn.stop("shutdown")
        return turn

    def _forget(self, turn: RunningTurn) -> None:
        self._forget_return(turn)
        self._count(turn.lease.user_id, -1)
        key = (turn.lease.user_id, turn.lease.thread_id)
        if self._running.get(key) is turn:
            del self._running[key]

    def _count(self, user_id: str, by: int) -> None:
        self._by_user[user_id] += by
        if not self._by_user[user_id]:
            del self._by_user[user_id]

    def count(self, user_id: str) -> int:
        """How many turns of the user run in this process, or are about to."""
        return self._by_user[user_id]

    @contextmanager
    def about_to_start(self, user_id: str, request: str) -> Iterator[None]:
        """Counts a turn that is being stored, so that many begun at once are seen; copies of one
        request, known by its key, are one."""
        key = (user_id, request)
        self._beginning[key] += 1
        if self._beginning[key] == 1:
            self._count(user_id, 1)
        try:
            yield
        finally:
            self._beginning[key] -= 1
            if not self._beginning[key]:
                del self._beginning[key]
                self._count(user_id, -1)

    def is_about_to_start(self, user_id: str, request: str) -> bool:
        """Whether a copy of the request is being stored."""
        return (user_id, request) in self._beginning

    def find(self, user_id: str, thread_id: str) -> RunningTurn | None:
        """The turn that runs in a thread of the user, in this process."""
        return self._running.get((user_id, thread_id))

    async def find_anywhere(
        self, user_id: str, thread_id: str
    ) -> RunningTurn | TurnElsewhere | None:
        """The turn that runs in a thread of the user, to be followed."""
        turn = self.find(user_id, thread_id)
        if turn is not None or self._alone:
            return turn
        found = await self._logs.find_elsewhere(user_id, thread_id)
        return None if found is None else TurnElsewhere(user_id=user_id, turn_id=found.turn_id)

    @property
    def accepting(self) -> bool:
        """Whether new turns are taken."""
        return self._accepting

    def require_accepting(self) -> None:
        """Raises Unavailable once the server is stopping."""
        if not self._accepting:
            raise Unavailable("the server is stopping")

    @contextmanager
    def following(
        self, turn: RunningTurn | TurnElsewhere, *, after: int = 0, numbered: bool = False
    ) -> Iterator[Follower]:
        """Read a turn's events. When its last follower goes early, ON_DISCONNECT decides."""
        if isinstance(turn, TurnElsewhere):
            yield StoredFollower(
                self._logs, turn, after=after, numbered=numbered, alone=self._alone
            )
            return
        turn.followers += 1
        self._forget_return(turn)
        try:
            yield LogFollower(turn.log, after=after, numbered=numbered)
        finally:
            turn.followers -= 1
            if turn.followers == 0 and not turn.log.closed:
                self._all_left(turn)

    def _all_left(self, turn: RunningTurn) -> None:
        if self._on_disconnect == "cancel":
            turn.stop("left")
        elif self._on_disconnect == "auto":
            loop = asyncio.get_running_loop()
            timer = loop.call_later(RETURN_S, self._not_returned, turn)
            self._returns[turn.lease.turn_id] = timer

    def _not_returned(self, turn: RunningTurn) -> None:
        self._forget_return(turn)
        if turn.followers == 0:
            turn.stop("left")

    def _forget_return(self, turn: RunningTurn) -> None:
        timer = self._returns.pop(turn.lease.turn_id, None)
        if timer is not None:
            timer.cancel()

    async def read_again(self, user_id: str, thread_id: str) -> list[Item]:
        """The user reads a thread that is being answered: the turn goes on though nobody follows
        it, and what it has written so far is given, as unfinished items."""
        turn = self.find(user_id, thread_id)
        if turn is not None:
            self._forget_return(turn)
            return open_items(turn.log.lines().split("\n"))
        if self._alone:
            return []
        found = await self._logs.find_elsewhere(user_id, thread_id)
        if found is None:
            return []
        await self._logs.follow(user_id, found.turn_id, READ_FOR_S)
        return open_items((await self._logs.read(user_id, found.turn_id, 0)).lines)

    async def stop(
        self, user_id: str, thread_id: str, reason: StopReason, *, only_unfollowed: bool = False
    ) -> bool:
        """Stop the turn of a thread, wherever it runs, and wait until it is stored.

        False when none ran, or when it has a follower and `only_unfollowed` is set.
        """
        turn = self.find(user_id, thread_id)
        if turn is not None and turn.task is not None:
            if only_unfollowed and (turn.followers > 0 or turn.followed_elsewhere):
                return False
            turn.stop(reason)
            await asyncio.wait([turn.task])
            return True
        if self._alone:
            return False
        found = await self._logs.find_elsewhere(user_id, thread_id)
        if found is not None and found.followed and only_unfollowed:
            # Who has just left is gone for the owner first, and for the database a moment later.
            await asyncio.sleep(TOLD_S)
            found = await self._logs.find_elsewhere(user_id, thread_id)
            if found is None:
                return True
            if found.followed:
                return False
        if found is None:
            return False
        await self._orphans.stop(user_id, found.turn_id, reason, self._now())
        return True

    async def adopt_orphans(self) -> None:
        """End the turns whose process is gone. Where no other process serves this database, that
        is every turn that is not ours."""
        while leases := await self._store.reap(self._known(), everything=self._alone):
            for lease in leases:
                await self._orphans.end(lease, self._now())

    def _known(self) -> list[str]:
        """The turns that have a task here. A turn that is ours in the database alone, because the
        answer to its beginning or its end was lost, is nobody's and is left to the reaper."""
        return [turn.lease.turn_id for turn in self._running.values()]

    def abandon(self, user_id: str, turn_id: str) -> None:
        """A turn whose beginning failed though it may be stored: it is ended, should it be there,
        soon after the database is back."""
        self._abandoned.append((user_id, turn_id))

    async def _end_abandoned(self) -> None:
        while self._abandoned:
            lease = await self._store.take_over(*self._abandoned[0])
            if lease is not None:
                await self._orphans.end(lease, self._now())
            self._abandoned.popleft()

    async def run(self) -> None:
        """Write logs, renew leases and sweep, for as long as the process runs."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._journal.run())
            group.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            try:
                if self._running:
                    await self._store.renew_leases(self._known())
                await self._end_abandoned()
                await self.adopt_orphans()
                await self._logs.sweep(KEEP_LOG_S)
                await self._requests.sweep()
            except ChatKitError as error:
                _log.warning("the heartbeat of the turns failed: %s", error)
            except Exception:  # the outermost edge: a heart that stops loses every turn
                _log.exception("the heartbeat of the turns failed")

    async def shut_down(self) -> None:
        """Take no new turns, let running ones end by themselves for a while, then interrupt."""
        self._accepting = False
        tasks = [turn.task for turn in self._running.values() if turn.task is not None]
        if tasks:
            _log.warning("stopping: %d answers are still being written", len(tasks))
            await asyncio.wait(tasks, timeout=SHUTDOWN_S)
        await self.interrupt_all()

    async def interrupt_all(self) -> None:
        """Stop every running turn now, and wait until they are stored."""
        self._accepting = False
        turns = list(self._running.values())
        for turn in turns:
            turn.stop("shutdown")
        tasks = [turn.task for turn in turns if turn.task is not None]
        if tasks:
            await asyncio.wait(tasks)
