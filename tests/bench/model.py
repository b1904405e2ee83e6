"""The scripted model of the benchmarks: the answers of `tests/model_server.py`, made for load.

That one encodes each chunk anew and sleeps for each stream, some 60 µs a delta: two hundred paced
streams fill it. Here frames are put together from prepared bytes, and all paced streams hang on one
clock of a millisecond, each in the phase in which it began: some 10 µs a delta.

The last message decides: `N words` is an answer of N deltas in one write, `N paced words` gives one
every 20 ms, `add X` is a call of `add_task` and, after its result, an answer of ten. Each delta is
its place and the moment at which it was sent, `17:812345678 `, in microseconds of the system's
monotonic clock, which every process of the machine shares.

Alone: python -m tests.bench.model PORT
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any, Final

import uvloop

#: Time between two deltas of a paced stream, in milliseconds.
PACE_MS: Final = 20

_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_BEFORE: Final = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1,'
    b'"model":"scripted","choices":[{"index":0,"delta":'
)
_AFTER: Final = b',"finish_reason":null}]}\n\n'
_WORDS: Final = re.compile(r"(\d+) (paced )?words")
_ADD: Final = re.compile(r"\badd (\w+)")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _delta(place: int) -> bytes:
    stamp = time.monotonic_ns() // 1000
    return _chunk(b'%b{"content":"%d:%d "}%b' % (_BEFORE, place, stamp, _AFTER))


def _end(reason: str, count: int) -> bytes:
    finish = _BEFORE + b'{},"finish_reason":"%b"}]}\n\n' % reason.encode()
    usage = {"prompt_tokens": 10, "completion_tokens": count, "total_tokens": 10 + count}
    last: dict[str, Any] = {"id": "chatcmpl-bench", "object": "chat.completion.chunk"}
    last |= {"created": 1, "model": "scripted", "choices": [], "usage": usage}
    data = b"data: " + json.dumps(last).encode() + b"\n\n"
    return _chunk(finish) + _chunk(data) + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


def _call(title: str) -> bytes:
    arguments = json.dumps({"title": title})
    function = {"name": "add_task", "arguments": arguments}
    call = {"index": 0, "id": f"call_{title}", "type": "function", "function": function}
    delta = json.dumps({"role": "assistant", "content": None, "tool_calls": [call]}).encode()
    return _chunk(_BEFORE + delta + _AFTER) + _end("tool_calls", 1)


class _Clock:
    """Wakes paced streams, each every PACE_MS in its own phase."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._phases: list[set[_Connection]] = [set() for _ in range(PACE_MS)]
        self._next = 0
        self._began = loop.time()
        loop.call_later(0.001, self._tick)

    def add(self, connection: _Connection) -> None:
        """From the present phase on: its first delta comes at once."""
        self._phases[self._next % PACE_MS].add(connection)

    def _tick(self) -> None:
        now = self._loop.time()
        while self._began + self._next / 1000 <= now:
            phase = self._phases[self._next % PACE_MS]
            for connection in [c for c in phase if not c.write_next()]:
                phase.discard(connection)
            self._next += 1
        self._loop.call_later(0.001, self._tick)


class _Connection(asyncio.Protocol):
    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self._buffer = b""
        self._place = self._count = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._count = 0

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if not blank or len(rest) < int(length[1] if length else 0):
            return
        self._buffer = b""
        self._answer(json.loads(rest or b"{}"))

    def _answer(self, body: dict[str, Any]) -> None:
        last = body["messages"][-1]
        content = last.get("content") or ""
        text = content if isinstance(content, str) else content[0]["text"]
        words = _WORDS.search(text)
        add = _ADD.search(text)
        if last["role"] == "tool":
            self._burst(10)
        elif words is not None and words[2]:
            self._place, self._count = 0, int(words[1])
            self._transport.write(_HEAD)
            self._clock.add(self)
        elif words is not None:
            self._burst(int(words[1]))
        elif add is not None:
            self._transport.write(_HEAD + _call(add[1]))
        else:
            raise ValueError(f"no answer to {text!r}")

    def _burst(self, count: int) -> None:
        deltas = b"".join([_delta(place) for place in range(count)])
        self._transport.write(_HEAD + deltas + _end("stop", count))

    def write_next(self) -> bool:
        """The next delta; False when it was the last, or nobody reads."""
        if self._place >= self._count:
            return False
        self._transport.write(_delta(self._place))
        self._place += 1
        if self._place == self._count:
            self._transport.write(_end("stop", self._count))
        return self._place < self._count


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    clock = _Clock(loop)
    await loop.create_server(lambda: _Connection(clock), "127.0.0.1", port, backlog=2048)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
