"""The numbered, immutable frames of a turn, and the followers that read them.

A frame is encoded once and shared by all followers; each follower is only a place in the log, so
one that reads slowly costs nothing and holds nobody up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final, Protocol

from chatkit.protocol.events import Event, encode_event
from chatkit.protocol.sse import frame_of, joined, line_of

#: Most frames that one read gives, so that a late follower does not take the whole log at once.
MAX_FRAMES_READ: Final = 512


class TurnLog:
    """Grows at its end until it is closed."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed = False
        self._waiting: list[asyncio.Future[None]] = []

    def append(self, events: list[Event]) -> None:
        """Add what is visible of `events` and wake the followers."""
        before = len(self.frames)
        for event in events:
            text = encode_event(event)
            if text is not None:
                self.frames.append(frame_of(text))
        if len(self.frames) > before:
            self._wake_all()

    def append_lines(self, lines: Iterable[str]) -> None:
        """Add events that are encoded already."""
        self.frames += [frame_of(line) for line in lines if line]
        self._wake_all()

    def close(self) -> None:
        """Nothing more will come; followers end when they have read all."""
        self.closed = True
        self._wake_all()

    def lines(self, after: int = 0) -> str:
        """The events after number `after`, each a line of JSON."""
        return b"\n".join(map(line_of, self.frames[after:])).decode()

    def _wake_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, waiter: asyncio.Future[None]) -> None:
        """Until the log changes or `waiter` is set by its owner."""
        self._waiting.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)


class Follower(Protocol):
    """One reader of a turn's events. Used by one task at a time."""

    async def read(self) -> bytes | None:
        """What has come since the last read, joined; b"" after `wake`; None at the end."""
        ...

    def wake(self) -> None:
        """Let a read that waits return b"", so that its task can send a ping."""
        ...

    def leave(self) -> None:
        """The reader is gone: reads give None from now on."""
        ...


class LogFollower:
    """Follows a log from the event `after` on.

    A number beyond the end belongs to an earlier turn: this one is read from its beginning then.
    `lag_s` is for how many seconds the log may be behind what the reader has.
    """

    def __init__(
        self, log: TurnLog, *, after: int = 0, numbered: bool = False, lag_s: float = 0
    ) -> None:
        self._log = log
        self._place = after
        self._lag_s = lag_s
        self._numbered = numbered
        self._left = False
        self._waiter: asyncio.Future[None] | None = None

    async def read(self) -> bytes | None:
        """See Follower."""
        log = self._log
        if self._place > len(log.frames):
            await self._catch_up()
        if self._place >= len(log.frames) and not (log.closed or self._left):
            await self._wait()
        if self._left:
            return None
        if self._place >= len(log.frames):
            return None if log.closed else b""
        after = self._place
        frames = log.frames[after : after + MAX_FRAMES_READ]
        self._place += len(frames)
        return joined(frames, after=after, numbered=self._numbered)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._log.wait(self._waiter)
        self._waiter = None

    async def _catch_up(self) -> None:
        """Wait until a log that is behind reaches our place; the beginning where it does not."""
        log, loop = self._log, asyncio.get_running_loop()
        give_up = loop.time() + self._lag_s
        timer = loop.call_at(give_up, self.wake)
        while (
            self._place > len(log.frames)
            and not (log.closed or self._left)
            and loop.time() < give_up
        ):
            await self._wait()
        timer.cancel()
        if self._place > len(log.frames):
            self._place = 0

    def wake(self) -> None:
        """See Follower."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def leave(self) -> None:
        """See Follower."""
        self._left = True
        self.wake()
