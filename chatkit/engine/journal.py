"""Writes the logs of all running turns to the database, in batches, a few times a second.

The stored log is the checkpoint of a turn: after a crash, at most the last quarter of a second of
text is lost. If no other process serves the database, a turn shorter than that is never written.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from chatkit.answer.leases import LogBatch
from chatkit.answer.leaving import StopRequested
from chatkit.engine.presence import Presence
from chatkit.engine.running_turn import RunningTurn
from chatkit.ports.turn_log import LogStore
from chatkit.protocol.errors import Unavailable

_log = logging.getLogger("chatkit.turn")

#: Interval between writes, in seconds. The contract allows 250 ms between batches.
WRITE_S: Final = 0.2
#: About how much of one log, and of all logs, one write takes, in bytes. More has to wait only
#: after the database was away; the next writes then take the rest, one turn after the other.
MAX_TURN_BYTES: Final = 2**20
MAX_WRITE_BYTES: Final = 8 * 2**20


class Journal:
    """Writes the log of each watched turn until it is complete.

    `alone`: no other process serves the database, so other processes are not polled.
    """

    def __init__(self, logs: LogStore, presence: Presence, *, alone: bool) -> None:
        self._logs = logs
        self._presence = presence
        self._alone = alone
        self._turns: list[RunningTurn] = []
        self._any = asyncio.Event()
        self._unreachable = False

    def watch(self, turn: RunningTurn) -> None:
        """Write this turn's log until it is complete."""
        self._turns.append(turn)
        self._any.set()

    async def run(self) -> None:
        """Write until cancelled."""
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        while True:
            await self._any.wait()
            await asyncio.sleep(WRITE_S - min(loop.time() - began_at, WRITE_S))
            began_at = loop.time()
            try:
                await self.write()
            except Unavailable as error:
                if not self._unreachable:
                    _log.warning("logs of running turns are not written: %s", error)
                self._unreachable = True
            except Exception:  # the outermost edge: keep writing the other turns' logs
                _log.exception("logs of running turns are not written")
            else:
                self._unreachable = False

    async def write(self) -> None:
        """Write new events, then read the requests of other processes. Raises Unavailable."""
        batches = []
        behind: list[RunningTurn] = []
        size = 0
        for place, turn in enumerate(self._turns, 1):
            closed = turn.log.closed
            if (len(turn.log) > turn.written or closed) and (self._is_wanted(turn) or not closed):
                text = turn.log.lines(turn.written, max_bytes=MAX_TURN_BYTES)
                through = turn.written + (text.count("\n") + 1 if text else 0)
                batches.append(
                    LogBatch(
                        lease=turn.lease,
                        first=turn.written + 1,
                        text=text,
                        last=closed and through == len(turn.log),
                    )
                )
                behind.append(turn)
                size += len(text)
                if size >= MAX_WRITE_BYTES:
                    self._turns = self._turns[place:] + self._turns[:place]
                    break
        running = [turn for turn in self._turns if not turn.log.closed]
        ends = await self._logs.append(batches) if batches else {}
        for turn in behind:
            end = ends.get(turn.lease.turn_id)
            if end is None:  # taken over, or its thread was deleted
                turn.complete = True
                self._presence.receive(turn, StopRequested("lost"))
            else:
                turn.written, turn.complete = end.through, end.last
        if running and not self._alone:
            await self._presence.exchange(running)
        # A turn that ended during these writes stays until the next write completes its log.
        self._turns = [
            turn
            for turn in self._turns
            if not turn.log.closed or (self._is_wanted(turn) and not turn.complete)
        ]
        if not self._turns:
            self._any.clear()

    def _is_wanted(self, turn: RunningTurn) -> bool:
        """Whether the log of an ended turn must be completed.

        It must if part of it is already stored. It also must if another process may read it: the
        event numbers there have to match ours.
        """
        return turn.written > 0 or not self._alone
