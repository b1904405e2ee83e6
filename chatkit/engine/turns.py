"""Running turns: starting, following, leaving, stopping, adopting, shutting down.

A turn is a task of its own. A response only follows it. Leaving, coming back and stopping are
operations on the turn, and work from every process.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from chatkit.access.caller import Caller
from chatkit.answer.leases import StopReason
from chatkit.answer.leaving import (
    Ended,
    FollowerCame,
    FollowerLeft,
    Leaving,
    OnDisconnect,
    StopRequested,
    ThreadRead,
)
from chatkit.answer.replay import open_items
from chatkit.engine.elsewhere import END_OF_LOG, LAG_S, Mirror, Orphans, TurnElsewhere
from chatkit.engine.journal import Journal
from chatkit.engine.presence import Presence
from chatkit.engine.runner import Runner
from chatkit.engine.running_turn import RunningTurn
from chatkit.engine.turn_log import Follower, LogFollower, TurnLog
from chatkit.ports.requests import RequestStore
from chatkit.ports.turn_log import LogStore
from chatkit.ports.turns import TurnStore
from chatkit.protocol.errors import ChatKitError, NotFound, Sentence, Unavailable
from chatkit.protocol.events import Event
from chatkit.protocol.items import Item
from chatkit.words.catalogue import say_in

_log = logging.getLogger("chatkit.turn")

#: Lifetime of a lease, in seconds. Longer than the database outage that a turn survives.
LEASE_S: Final = 60.0
#: Interval of lease renewal and of the search for orphans, in seconds.
HEARTBEAT_S: Final = 5.0
#: Least remaining lifetime of a lease whose owner is alive, in seconds. It allows for a database
#: outage of ten seconds.
LIVING_S: Final = LEASE_S - 20.0
#: How long a process may take to publish that a turn's last follower left, in seconds.
PUBLISH_S: Final = 0.5
#: At shutdown: how long turns may run on, and how long the interrupted ones may take to be stored,
#: in seconds. The sum is below the 30 after which most supervisors kill a process.
SHUTDOWN_S: Final = 20.0
INTERRUPT_S: Final = 5.0
#: How long the log of an ended turn is kept for its remaining followers, in seconds.
KEEP_LOG_S: Final = 30.0


class Turns:
    """Owns the task of every turn of this process; finds and stops turns of other processes.

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
        self._presence = Presence(logs)
        self._journal = Journal(logs, self._presence, alone=alone)
        #: Running turns, by turn id. A turn stays here until its task has ended. `_running` is the
        #: same, by (user_id, thread_id).
        self._here: dict[str, RunningTurn] = {}
        self._running: dict[tuple[str, str], RunningTurn] = {}
        self._by_user: Counter[str] = Counter()
        self._beginning: Counter[tuple[str, str]] = Counter()
        self._mirrors: dict[tuple[str, str, bool], Mirror] = {}
        self._copying: dict[Mirror, asyncio.Task[None]] = {}
        self._abandoned: deque[tuple[str, str]] = deque()
        self._accepting = True

    def start(self, turn: RunningTurn, head: list[Event]) -> RunningTurn:
        """Start the task of a stored turn. The events in `head` come before its own."""
        turn.leaving = Leaving(self._on_disconnect, alone=self._alone)
        turn.log.append(head)
        self._here[turn.lease.turn_id] = turn
        self._running[turn.lease.user_id, turn.lease.thread_id] = turn
        self._count(turn.lease.user_id, 1)
        self._journal.watch(turn)
        turn.task = asyncio.create_task(self._runner.run(turn), name=turn.lease.turn_id)
        turn.task.add_done_callback(lambda _: self._forget(turn))
        if not self._accepting:  # the shutdown began while the turn was being stored
            self._presence.receive(turn, StopRequested("shutdown"))
        return turn

    def _forget(self, turn: RunningTurn) -> None:
        self._presence.receive(turn, Ended())
        self._count(turn.lease.user_id, -1)
        del self._here[turn.lease.turn_id]
        key = (turn.lease.user_id, turn.lease.thread_id)
        if self._running.get(key) is turn:
            del self._running[key]

    def _count(self, user_id: str, by: int) -> None:
        self._by_user[user_id] += by
        if not self._by_user[user_id]:
            del self._by_user[user_id]

    def count(self, user_id: str) -> int:
        """The user's turns in this process, running or about to start."""
        return self._by_user[user_id]

    @contextmanager
    def about_to_start(self, user_id: str, request: str) -> Iterator[None]:
        """Count a turn while it is being stored, so that concurrent requests see it.

        Copies of one request, identified by its key, count once.
        """
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
        """The running turn of a thread, if it runs in this process."""
        return self._running.get((user_id, thread_id))

    async def find_anywhere(
        self, caller: Caller, thread_id: str
    ) -> RunningTurn | TurnElsewhere | None:
        """The running turn of a thread, in any process."""
        user_id = caller.user_id
        turn = self.find(user_id, thread_id)
        if turn is not None or self._alone:
            return turn
        found = await self._logs.find_elsewhere(user_id, thread_id)
        if found is None:
            return None
        if found.orphaned:
            await self.adopt_orphans()  # so that the follower reads its end
        return TurnElsewhere(user_id=user_id, turn_id=found.turn_id, language=caller.language)

    async def find_turn(self, caller: Caller, turn_id: str) -> RunningTurn | TurnElsewhere | None:
        """A turn of the user by its id, running or ended, in any process."""
        turn = self._here.get(turn_id)
        if turn is not None and turn.lease.user_id == caller.user_id:
            return turn
        try:
            await self._logs.read(caller.user_id, turn_id, END_OF_LOG)
        except NotFound:
            return None
        return TurnElsewhere(user_id=caller.user_id, turn_id=turn_id, language=caller.language)

    @property
    def accepting(self) -> bool:
        """Whether new turns are accepted; False once the server is stopping."""
        return self._accepting

    def require_accepting(self) -> None:
        """Raise Unavailable once the server is stopping."""
        if not self._accepting:
            raise Unavailable(Sentence("server.stopping"))

    @contextmanager
    def following(self, turn: RunningTurn | TurnElsewhere, *, after: int = 0) -> Iterator[Follower]:
        """Follow a turn's events. If its last follower leaves early, ON_DISCONNECT applies."""
        if isinstance(turn, TurnElsewhere):
            with self._mirrored(turn) as log:
                yield LogFollower(log, after=after, lag_s=LAG_S)
            return
        self._presence.receive(turn, FollowerCame())
        try:
            yield LogFollower(turn.log, after=after)
        finally:
            self._presence.receive(turn, FollowerLeft())

    @contextmanager
    def _mirrored(self, turn: TurnElsewhere) -> Iterator[TurnLog]:
        """The copied log of another process's turn. All followers here share one copy."""
        key = (turn.turn_id, turn.language, turn.created is not None)
        mirror = self._mirrors.get(key)
        if mirror is None:
            mirror = self._mirrors[key] = Mirror(self._logs, turn, alone=self._alone)
            copying = asyncio.create_task(mirror.run(), name=f"mirror of {turn.turn_id}")
            self._copying[mirror] = copying
            copying.add_done_callback(lambda _: self._copying.pop(mirror))
        mirror.followers += 1
        try:
            yield mirror.log
        finally:
            mirror.followers -= 1
            if mirror.followers == 0:
                del self._mirrors[key]
                if mirror in self._copying:
                    self._copying[mirror].cancel()

    async def read_again(self, caller: Caller, thread_id: str) -> list[Item]:
        """Record that the user read the thread; return the unfinished items of its turn.

        The turn then runs on without followers.
        """
        user_id, say = caller.user_id, say_in(caller.language)
        turn = self.find(user_id, thread_id)
        if turn is not None:
            self._presence.receive(turn, ThreadRead())
            return open_items(turn.log.lines().split("\n"), say)
        if self._alone:
            return []
        found = await self._logs.find_elsewhere(user_id, thread_id)
        if found is None:
            return []
        await self._logs.note_read(user_id, found.turn_id)
        return open_items((await self._logs.read(user_id, found.turn_id, 0)).lines, say)

    async def stop(
        self, user_id: str, thread_id: str, reason: StopReason, *, only_unfollowed: bool = False
    ) -> bool:
        """Stop the turn of a thread, in any process, and wait until it is stored.

        Returns False if no turn ran, or if it has a follower and `only_unfollowed` is set.
        """
        turn = self.find(user_id, thread_id)
        if turn is not None and turn.task is not None:
            if only_unfollowed and turn.leaving.followers == 0 and turn.leaving.is_followed:
                # Another process may not yet have published that its last follower left.
                await asyncio.sleep(PUBLISH_S)
            if only_unfollowed and turn.leaving.is_followed:
                return False
            self._presence.receive(turn, StopRequested(reason))
            await asyncio.wait([turn.task])
            return True
        if self._alone:
            return False
        found = await self._logs.find_elsewhere(user_id, thread_id)
        if found is not None and found.orphaned:
            await self.adopt_orphans()
            return True
        if found is not None and found.followed and only_unfollowed:
            # The owner may not yet have published that its last follower left.
            await asyncio.sleep(PUBLISH_S)
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
        """End the turns whose process is gone.

        If no other process serves this database, these are all turns without a task here.
        """
        while leases := await self._store.reap(self._known(), everything=self._alone):
            for lease in leases:
                try:
                    await self._orphans.end(lease, self._now())
                except Unavailable:
                    raise
                except Exception:  # the outermost edge: one failure must not block the others
                    _log.exception("turn %s: it could not be ended", lease.turn_id)

    def _known(self) -> list[str]:
        """Ids of the turns that have a task here.

        The database may list other turns under this process's name: a statement that began or
        ended them got no reply. They have no task, so the reaper ends them.
        """
        return list(self._here)

    def abandon(self, user_id: str, turn_id: str) -> None:
        """Queue a turn that failed to start but may have been stored.

        If it was stored, it is ended soon after the database is reachable again.
        """
        self._abandoned.append((user_id, turn_id))

    async def _end_abandoned(self) -> None:
        while self._abandoned:
            abandoned = self._abandoned.popleft()
            try:
                lease = await self._store.take_over(*abandoned)
                if lease is not None:
                    await self._orphans.end(lease, self._now())
            except Unavailable:
                self._abandoned.appendleft(abandoned)
                raise

    async def run(self) -> None:
        """Write logs, renew leases and sweep, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._journal.run())
                # Two tasks: ending many orphans takes long and must not delay the renewal.
                group.create_task(_repeat(self._renew, "renewal of the turns' leases"))
                group.create_task(_repeat(self._tidy, "care of ended turns"))
        finally:
            for copying in self._copying.values():
                copying.cancel()
            await asyncio.gather(*self._copying.values(), return_exceptions=True)

    async def _renew(self) -> None:
        if self._here:
            await self._store.renew_leases(self._known())

    async def _tidy(self) -> None:
        await self._end_abandoned()
        await self.adopt_orphans()
        await self._logs.sweep(KEEP_LOG_S)
        await self._requests.sweep()

    async def shut_down(self) -> None:
        """Refuse new turns, wait up to SHUTDOWN_S for running ones, then interrupt the others."""
        self._accepting = False
        tasks = [turn.task for turn in self._here.values() if turn.task is not None]
        if tasks:
            _log.warning("stopping: %d answers are still being written", len(tasks))
            await asyncio.wait(tasks, timeout=SHUTDOWN_S)
        await self.interrupt_all()

    async def interrupt_all(self) -> None:
        """Stop every running turn now; wait up to INTERRUPT_S until they are stored."""
        self._accepting = False
        turns = list(self._here.values())
        for turn in turns:
            self._presence.receive(turn, StopRequested("shutdown"))
        tasks = [turn.task for turn in turns if turn.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=INTERRUPT_S)
            for task in late:
                task.cancel()
            if late:  # the next start ends them and keeps the text of their logs
                _log.error("%d interrupted answers could not be stored", len(late))
                await asyncio.wait(late)


async def _repeat(work: Callable[[], Awaitable[None]], name: str) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        try:
            await work()
        except ChatKitError as error:
            _log.warning("the %s failed: %s", name, error)
        except Exception:  # the outermost edge: without this loop, every lease expires
            _log.exception("the %s failed", name)
