"""The numbered, immutable frames of a turn, and the followers that read them.

A frame is encoded once and shared by all followers. A follower is only a position in the log, so a
slow reader uses no memory and blocks nobody. The beginning of a very long log is kept compressed.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable
from math import inf
from typing import Final, Protocol

from chatkit.protocol.events import Event, encode_event
from chatkit.protocol.sse import frame_of, line_of

#: Most frames that one read returns, and how many are compressed together.
MAX_FRAMES_READ: Final = 512
#: Most bytes that one read returns, unless one frame is longer. Each slow reader has that much of
#: its connection's memory.
MAX_BYTES_READ: Final = 128 * 1024
#: How many frames are kept as they are. Few answers have more; a model that never stops can write
#: hundreds of megabytes.
_PLAIN_FRAMES: Final = 4096

_FRAME_END: Final = b"\n\n"


class TurnLog:
    """An append-only list of frames, until `close`.

    The id of a frame is `<turn>.<number>`, from 1; without a turn there are no ids.
    """

    def __init__(self, turn_id: str = "") -> None:
        self._packed: list[bytes] = []  # blocks of MAX_FRAMES_READ frames, before `_frames`
        self._frames: list[bytes] = []
        self._prefix = turn_id.encode()
        self.closed = False
        self._waiting: list[asyncio.Future[None]] = []

    def __len__(self) -> int:
        return len(self._packed) * MAX_FRAMES_READ + len(self._frames)

    def append(self, events: list[Event]) -> None:
        """Append the visible events and wake the followers. After `close`, do nothing."""
        if self.closed:
            return
        before = len(self)
        for event in events:
            text = encode_event(event)
            if text is not None:
                self._append(text)
        if len(self) > before:
            self._wake_all()

    def append_lines(self, lines: Iterable[str]) -> None:
        """Append events that are already encoded, and wake the followers."""
        for line in lines:
            if line:
                self._append(line)
        self._wake_all()

    def _append(self, line: str) -> None:
        frames = self._frames
        if len(frames) == _PLAIN_FRAMES + MAX_FRAMES_READ:
            self._packed.append(zlib.compress(b"".join(frames[:MAX_FRAMES_READ]), level=1))
            del frames[:MAX_FRAMES_READ]
        number = b"%b.%d" % (self._prefix, len(self) + 1) if self._prefix else b""
        frames.append(frame_of(line, number))

    def close(self) -> None:
        """End the log. Followers end once they have read all frames."""
        self.closed = True
        self._wake_all()

    def read(self, after: int) -> list[bytes]:
        """The next frames after number `after`, at most MAX_FRAMES_READ; none at the end."""
        block = after // MAX_FRAMES_READ
        if block < len(self._packed):
            frames = zlib.decompress(self._packed[block]).split(_FRAME_END)[
                after % MAX_FRAMES_READ : -1
            ]
            return [frame + _FRAME_END for frame in frames]
        after -= len(self._packed) * MAX_FRAMES_READ
        return self._frames[after : after + MAX_FRAMES_READ]

    def lines(self, after: int = 0, *, max_bytes: float = inf) -> str:
        """The events after number `after`, one line of JSON each.

        They end with the one that reaches `max_bytes`, if there is one.
        """
        lines: list[bytes] = []
        size = 0
        while size < max_bytes and (frames := self.read(after)):
            after += len(frames)
            for frame in frames:
                lines.append(line_of(frame))
                size += len(frame)
                if size >= max_bytes:
                    break
        return b"\n".join(lines).decode()

    def _wake_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, waiter: asyncio.Future[None]) -> None:
        """Wait until the log changes or the owner of `waiter` sets its result."""
        self._waiting.append(waiter)
        try:
            await waiter
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)


class Follower(Protocol):
    """One reader of a turn's events. Used by one task at a time."""

    async def read(self) -> bytes | None:
        """Return the frames since the last read, joined; b"" after `wake`; None at the end."""
        ...

    def wake(self) -> None:
        """Make a waiting read return b"", so that its task can send a ping."""
        ...

    def leave(self) -> None:
        """The reader has disconnected: all further reads return None."""
        ...


class LogFollower:
    """Reads a log from the event after number `after`.

    A number beyond the end belongs to an earlier turn; the log is then read from its beginning.
    `lag_s`: how long to wait for a log that may be behind the reader's position, in seconds.
    """

    def __init__(self, log: TurnLog, *, after: int = 0, lag_s: float = 0) -> None:
        self._log = log
        self._place = after
        self._lag_s = lag_s
        self._left = False
        self._waiter: asyncio.Future[None] | None = None

    async def read(self) -> bytes | None:
        """See Follower."""
        log = self._log
        if self._place > len(log):
            await self._catch_up()
        if self._place >= len(log) and not (log.closed or self._left):
            await self._wait()
        if self._left:
            return None
        frames = log.read(self._place)
        if not frames:
            return None if log.closed else b""
        if len(frames) > 1:
            frames = _bounded(frames)
        self._place += len(frames)
        return frames[0] if len(frames) == 1 else b"".join(frames)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._log.wait(self._waiter)
        self._waiter = None

    async def _catch_up(self) -> None:
        """Wait up to `lag_s` until the log reaches our position; otherwise restart at 0."""
        log, loop = self._log, asyncio.get_running_loop()
        give_up = loop.time() + self._lag_s
        timer = loop.call_at(give_up, self.wake)
        while self._place > len(log) and not (log.closed or self._left) and loop.time() < give_up:
            await self._wait()
        timer.cancel()
        if self._place > len(log):
            self._place = 0

    def wake(self) -> None:
        """See Follower."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def leave(self) -> None:
        """See Follower."""
        self._left = True
        self.wake()


def _bounded(frames: list[bytes]) -> list[bytes]:
    """The first frames, up to MAX_BYTES_READ; at least one."""
    size = 0
    for count, frame in enumerate(frames):
        size += len(frame)
        if size > MAX_BYTES_READ:
            return frames[: max(count, 1)]
    return frames
