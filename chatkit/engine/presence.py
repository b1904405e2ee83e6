"""Tracks the followers and readers of running turns, here and in other processes.

Reports changes to each turn's leaving machine (`answer/leaving.py`), and executes its outputs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from chatkit.answer.leases import Followed
from chatkit.answer.leaving import (
    Asked,
    AskOthers,
    DropTimer,
    Input,
    Polled,
    StartTimer,
    Stop,
    StopRequested,
    TimeOver,
)
from chatkit.engine.running_turn import RunningTurn
from chatkit.ports.turn_log import LogStore


class Presence:
    """Drives the leaving machines of all turns of this process."""

    def __init__(self, logs: LogStore) -> None:
        self._logs = logs
        #: Running timers, by turn id.
        self._timers: dict[str, asyncio.TimerHandle] = {}
        #: Ids of turns whose machine returned AskOthers.
        self._questions: set[str] = set()
        #: Ids of turns whose database row says: no followers in this process. The row of a new
        #: turn says that it has followers.
        self._unfollowed: set[str] = set()

    def receive(self, turn: RunningTurn, happened: Input) -> None:
        """Pass an input to the turn's machine, and execute the outputs."""
        turn_id = turn.lease.turn_id
        for output in turn.leaving.receive(happened):
            match output:
                case StartTimer(seconds):
                    self._timers[turn_id] = asyncio.get_running_loop().call_later(
                        seconds, self._time_over, turn
                    )
                case DropTimer():
                    self._timers.pop(turn_id).cancel()
                case AskOthers():
                    self._questions.add(turn_id)
                case Stop(reason):
                    turn.stop(reason)

    def _time_over(self, turn: RunningTurn) -> None:
        del self._timers[turn.lease.turn_id]
        self.receive(turn, TimeOver())

    async def exchange(self, running: Sequence[RunningTurn]) -> None:
        """Publish which turns have followers here, then read the requests of other processes.

        `running` holds all running turns of this process. Raises Unavailable.
        """
        await self._publish(running)
        for turn in running:
            if turn.lease.turn_id in self._questions:
                self.receive(turn, Asked())
        self._questions.clear()
        wishes = {wish.turn_id: wish for wish in await self._logs.wishes()}
        for turn in running:
            wish = wishes.get(turn.lease.turn_id)
            if wish is None:
                self.receive(turn, StopRequested("lost"))
            elif wish.stop_reason is not None:
                self.receive(turn, StopRequested(wish.stop_reason))
            else:
                self.receive(turn, Polled(wish.followed_elsewhere, wish.reads))

    async def _publish(self, running: Sequence[RunningTurn]) -> None:
        news = [
            Followed(lease=turn.lease, followed=turn.leaving.followers > 0)
            for turn in running
            if (turn.leaving.followers > 0) == (turn.lease.turn_id in self._unfollowed)
        ]
        if news:
            await self._logs.publish_followed(news)
        self._unfollowed &= {turn.lease.turn_id for turn in running}
        for each in news:
            if each.followed:
                self._unfollowed.discard(each.lease.turn_id)
            else:
                self._unfollowed.add(each.lease.turn_id)
