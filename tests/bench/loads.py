"""The loads, each the same for every server, and what is counted of them."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.client import Answer, Connection, Delta, WrongAnswer
from tests.bench.model import PACE_MS
from tests.bench.servers import Ground, Running

#: A stream whose words come later than this behind the model's, in seconds, has stalled.
STALL_S: Final = 0.25
PATH: Final = "/api/chatkit"

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of each load."""

    short_turns: int
    burst_turns: int
    paced_turns: int
    paced_deltas: int
    tool_turns: int
    reads: int
    low_load_turns: int
    streams: Sequence[int]
    """Numbers of simultaneous paced streams to try, ascending."""
    stream_s: float
    """How long they all run at once."""
    memory_turns: int


FULL: Final = Sizes(
    short_turns=400,
    burst_turns=200,
    paced_turns=64,
    paced_deltas=200,
    tool_turns=200,
    reads=2000,
    low_load_turns=60,
    streams=(25, 50, 100, 200, 400, 500),
    stream_s=5.0,
    memory_turns=2000,
)
SHORT: Final = Sizes(
    short_turns=8,
    burst_turns=4,
    paced_turns=4,
    paced_deltas=25,
    tool_turns=4,
    reads=30,
    low_load_turns=2,
    streams=(),
    stream_s=0.0,
    memory_turns=0,
)


class Client:
    """Connections to one server, and requests of users that it has not seen."""

    def __init__(self, ground: Ground, server: Running) -> None:
        self._ground = ground
        self.server = server
        self._idle: list[Connection] = []

    def new_user(self) -> str:
        """The token of a new user."""
        return self._ground.token(f"user-{next(_numbers)}")

    async def call(self, token: str, kind: str, params: Any) -> Answer:
        """One request of the protocol, on a kept-alive connection."""
        self._idle = [connection for connection in self._idle if not connection.closed]
        connection = self._idle.pop() if self._idle else await Connection.open(self.server.base)
        body = {"type": kind, "params": params}
        answer = await connection.request("POST", PATH, token, body)
        self._idle.append(connection)
        return answer

    async def say(self, token: str, text: str, thread_id: str | None = None) -> Answer:
        """A message, in a new thread unless one is named; no two messages are alike."""
        content = [{"type": "input_text", "text": f"{text} (message {next(_numbers)})"}]
        given = {"content": content, "attachments": [], "inference_options": {}}
        if thread_id is None:
            return await self.call(token, "threads.create", {"input": given})
        return await self.call(
            token, "threads.add_user_message", {"thread_id": thread_id, "input": given}
        )

    def close(self) -> None:
        """Close the connections; the next requests open others."""
        for connection in self._idle:
            connection.close()
        self._idle = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a load cost. Milliseconds."""

    cpu_ms: float
    """CPU of the server process for one turn or read."""
    p50_ms: float
    p99_ms: float


async def measure(
    client: Client, count: int, at_once: int, one: Callable[[str], Awaitable[Answer]]
) -> Measured:
    """Run `one` `count` times, `at_once` at a time, each worker as a user of its own."""
    left = iter(range(count))
    took: list[float] = []

    async def work(token: str) -> None:
        for _ in left:
            answer = await one(token)
            took.append(answer.ended_at - answer.began_at)

    before = client.server.cpu_s()
    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, count)):
            group.create_task(work(client.new_user()))
    cpu_s = client.server.cpu_s() - before
    return Measured(
        cpu_ms=1000 * cpu_s / count,
        p50_ms=1000 * percentile(took, 50),
        p99_ms=1000 * percentile(took, 99),
    )


async def turns(client: Client, count: int, at_once: int, text: str, deltas: int) -> Measured:
    """Turns in new threads, each checked."""

    async def one(token: str) -> Answer:
        answer = await client.say(token, text)
        answer.deltas(deltas)
        return answer

    return await measure(client, count, at_once, one)


async def tool_turns(client: Client, count: int, at_once: int) -> Measured:
    """Turns with a call of `add_task` between the message and ten deltas."""

    async def one(token: str) -> Answer:
        answer = await client.say(token, f"Please add task{next(_numbers)}")
        answer.deltas(10)
        return answer

    return await measure(client, count, at_once, one)


async def first_delta(client: Client, count: int) -> tuple[float, float]:
    """At low load, one turn after the other, the medians in milliseconds: from the request to
    the first delta, and from the model's sending of it to its arrival."""
    after: list[float] = []
    behind: list[float] = []
    token = client.new_user()
    for _ in range(count):
        answer = await client.say(token, "10 words")
        first = answer.deltas(10)[0]
        after.append(first.arrived_at - answer.began_at)
        behind.append(first.arrived_at - first.sent_at)
    return 1000 * percentile(after, 50), 1000 * percentile(behind, 50)


async def reads(client: Client, count: int, at_once: int) -> Measured:
    """Equal parts of the three reads, by a user with 20 threads, of a thread with 20 items."""
    token = client.new_user()
    for _ in range(20):
        thread_id = (await client.say(token, "10 words")).event("thread.created")["thread"]["id"]
    for _ in range(9):
        (await client.say(token, "10 words", thread_id)).deltas(10)
    kinds = itertools.cycle(
        [
            ("threads.list", {"limit": 20}, lambda got: len(got["data"])),
            ("threads.get_by_id", {"thread_id": thread_id}, lambda got: len(got["items"]["data"])),
            ("items.list", {"thread_id": thread_id, "limit": 20}, lambda got: len(got["data"])),
        ]
    )

    async def one(_: str) -> Answer:
        kind, params, size = next(kinds)
        answer = await client.call(token, kind, params)
        if (found := size(answer.json())) != 20:
            raise WrongAnswer(f"{kind} gave {found} of 20")
        return answer

    return await measure(client, count, at_once, one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What so many simultaneous paced streams were like while all of them ran."""

    count: int
    p99_s: float
    """The delay behind the model that 99 of 100 deltas keep."""
    worst_s: float
    cpu_share: float
    """Of one core."""


async def streams(client: Client, count: int, seconds: float) -> Streams:
    """`count` streams of 50 deltas a second, begun over some seconds, each checked."""
    ramp_s = max(2.0, count / 60)
    deltas = int((ramp_s + seconds) * 1000 / PACE_MS)
    answers: list[Answer] = []
    # Answers are checked for seconds between two numbers of streams, in which nobody sees that
    # the server ends connections that have been idle for too long.
    client.close()

    async def one(delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        answers.append(await client.say(client.new_user(), f"{deltas} paced words"))

    async def middle() -> float:
        await asyncio.sleep(ramp_s)
        before = client.server.cpu_s()
        await asyncio.sleep(seconds)
        return (client.server.cpu_s() - before) / seconds

    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        share = group.create_task(middle())
        for place in range(count):
            group.create_task(one(ramp_s * place / count))
    late: list[float] = []
    for answer in answers:
        late += _delays(answer.deltas(deltas), began + ramp_s, began + ramp_s + seconds)
    return Streams(
        count=count, p99_s=percentile(late, 99), worst_s=max(late), cpu_share=share.result()
    )


def _delays(deltas: Sequence[Delta], since: float, until: float) -> list[float]:
    return [d.arrived_at - d.sent_at for d in deltas if since <= d.sent_at <= until]


async def most_streams(
    client: Client, sizes: Sizes, tell: Callable[[Streams], None]
) -> Streams | None:
    """The largest of the numbers at which 99 of 100 deltas are not late; None when none is."""
    best = None
    for count in sizes.streams:
        found = await streams(client, count, sizes.stream_s)
        tell(found)
        if found.p99_s > STALL_S:
            break
        best = found
    return best


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
