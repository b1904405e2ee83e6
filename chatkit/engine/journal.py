"""Writes the logs of all running turns to the database, a few times a second, never per delta.

What it writes is the checkpoint of a turn: after a crash it holds the text up to a quarter of a
second before. Where one process is alone, turns shorter than that are never written.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from chatkit.engine.ports import LogStore
from chatkit.engine.runner import RunningTurn
from chatkit.protocol.errors import Unavailable
from chatkit.protocol.leases import LogBatch, Wish

_log = logging.getLogger("chatkit.turn")

#: How far apart two writes are, in seconds. The contract allows 250 ms between batches.
WRITE_S: Final = 0.2


class Journal:
    """Follows the turns it is given until their logs are complete.

    `alone`: no other process can want anything of these turns, so nobody is asked.
    """

    def __init__(self, logs: LogStore, *, alone: bool) -> None:
        self._logs = logs
        self._alone = alone
        self._turns: list[RunningTurn] = []
        self._any = asyncio.Event()
        self._away = False

    def watch(self, turn: RunningTurn) -> None:
        """Write this turn's log from now on."""
        self._turns.append(turn)
        self._any.set()

    async def run(self) -> None:
        """Write for as long as the process runs."""
        while True:
            await self._any.wait()
            await asyncio.sleep(WRITE_S)
            try:
                await self.write()
            except Unavailable as error:
                if not self._away:
                    _log.warning("logs of running turns are not written: %s", error)
                self._away = True
            except Exception:  # the outermost edge: the other turns' logs go on
                _log.exception("logs of running turns are not written")
            else:
                self._away = False

    async def write(self) -> None:
        """Write what is new, and learn what other processes want."""
        batches = []
        written: list[tuple[RunningTurn, int, bool]] = []
        for turn in self._turns:
            count, closed = len(turn.log.frames), turn.log.closed
            if (count > turn.written or closed) and (self._is_wanted(turn) or not closed):
                text = turn.log.lines(turn.written)
                batches.append(
                    LogBatch(lease=turn.lease, first=turn.written + 1, text=text, last=closed)
                )
                written.append((turn, count, closed))
        running = [turn for turn in self._turns if not turn.log.closed]
        if batches:
            await self._logs.append(batches)
        for turn, count, closed in written:
            turn.written, turn.complete = count, closed
        if running and not self._alone:
            await self._exchange(running)
        # One that ended during these writes stays for the next, which completes its log.
        self._turns = [
            turn
            for turn in self._turns
            if not turn.log.closed or (self._is_wanted(turn) and not turn.complete)
        ]
        if not self._turns:
            self._any.clear()

    def _is_wanted(self, turn: RunningTurn) -> bool:
        """Whether the log of an ended turn is to be completed: it is begun in the database, or may
        be read there by another process, which must not count its events anew."""
        return turn.written > 0 or not self._alone

    async def _exchange(self, running: list[RunningTurn]) -> None:
        for turn in running:
            followed = turn.followers > 0
            if followed != turn.told_followed:
                await self._logs.set_followed(turn.lease, followed)
                turn.told_followed = followed
        wishes: dict[str, Wish] = {wish.turn_id: wish for wish in await self._logs.wishes()}
        for turn in running:
            wish = wishes.get(turn.lease.turn_id)
            if wish is None:
                turn.stop("lost")
            elif wish.stop_reason is not None:
                turn.stop(wish.stop_reason)
            else:
                turn.followed_elsewhere = wish.followed_elsewhere
                if wish.followed_elsewhere and turn.on_returned is not None:
                    turn.on_returned()
