"""PostgreSQL goes away under running turns, in each of the ways in which a network does that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.acceptance.faults.fleet import Fleet, Member, new_user, until
from tests.acceptance.faults.raw import RawStream, add, create, follow
from tests.acceptance.proxy import Proxy, postgres_proxy
from tests.acceptance.server import SECRET, ServerProcess, body_of, said
from tests.model_steps import HANG, Step, call

pytestmark = pytest.mark.asyncio(loop_scope="session")

AWAY_S = 10.0

#: The state of a turn as the statement that ends it binds it: a length of four bytes, the text.
ENDS_DONE = b"\0\0\0\x04done"


def lose(proxy: Proxy, how: str) -> None:
    match how:
        case "refuses":
            proxy.refuse()
        case "stalls":
            proxy.stall()
        case "is lost":
            proxy.freeze()


@pytest.mark.parametrize("how", ["refuses", "stalls", "is lost"])
async def test_turns_go_on_while_the_database_is_away_for_ten_seconds(
    fleet: Fleet, how: str
) -> None:
    """One ends in that time, one begins a tool call, one goes on past it; each is stored once."""
    owner = fleet.onward
    token = new_user(owner.server)
    ends, calls, goes_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    scripts: list[tuple[str, list[Step]]] = [
        ("Ends", ["Half", ends, " done."]),
        ("Calls", ["Half", calls, " then ", call("slow_now", "{}")]),
        ("Goes on", ["Half", goes_on, " done."]),
    ]
    streams = []
    for text, script in scripts:
        fleet.model.script(*script)
        streams.append(await create(owner.server, token, text))
        await streams[-1].until_text("Half")
    fleet.model.script("After the call.")
    lose(owner.proxy, how)
    began = time.monotonic()
    ends.set()
    calls.set()
    if how != "is lost":  # there a new connection answers
        await unready(owner)
    await asyncio.sleep(AWAY_S - (time.monotonic() - began))
    goes_on.set()
    owner.proxy.resume()
    async with asyncio.timeout(20):
        await asyncio.gather(*(stream.read_to_end() for stream in streams))
    print(f"{how}: stored {time.monotonic() - began - AWAY_S:.1f} s after the database was back")
    expected = [["Half done."], ["Half then ", "After the call."], ["Half done."]]
    for stream, (text, _), texts in zip(streams, scripts, expected, strict=True):
        assert "error" not in [event["type"] for event in stream.events]
        assert await fleet.stored.ended(stream.thread_id) == ["done"]
        assert await fleet.stored.texts(stream.thread_id) == [text, *texts]
    await ready(owner)


async def unready(member: Member) -> None:
    async def unhealthy() -> bool:
        answer = await member.server.get("/api/chatkit/health", timeout=8)
        return answer.status_code == 503

    await until(unhealthy, 5)


async def ready(member: Member) -> None:
    async def healthy() -> bool:
        answer = await member.server.get("/api/chatkit/health", timeout=8)
        return answer.status_code == 200

    await until(healthy)


async def test_an_end_whose_confirmation_was_lost_is_told_as_the_end(fleet: Fleet) -> None:
    proxy = fleet.onward.proxy
    hold = asyncio.Event()
    fleet.model.script("Half", hold, " done.")
    stream = await create(fleet.onward.server, new_user(fleet.onward.server), "Hello")
    await stream.until_text("Half")
    with sent(proxy, ENDS_DONE, lambda: proxy.stall(up=False)):
        hold.set()
        assert await fleet.stored.ended(stream.thread_id) == ["done"]
    proxy.cut()
    proxy.resume()
    events = await stream.read_to_end()
    assert [event["type"] for event in events][-2:] == ["thread.item.done", "thread.updated"]
    assert await fleet.stored.texts(stream.thread_id) == ["Hello", "Half done."]


class sent:  # noqa: N801 - reads as a statement
    """While it lasts, `then` is called when a piece with `marker` goes to the database."""

    def __init__(self, proxy: Proxy, marker: bytes, then: Callable[[], None]) -> None:
        self._proxy = proxy
        self._marker = marker
        self._then = then

    def __enter__(self) -> None:
        self._proxy.on_sent = lambda data: self._then() if self._marker in data else None

    def __exit__(self, *_: object) -> None:
        self._proxy.on_sent = None


async def test_a_message_whose_confirmation_was_lost_does_not_block_its_thread(
    fleet: Fleet,
) -> None:
    owner = fleet.onward
    token = new_user(owner.server)
    fleet.model.script("Hi.")
    first = await create(owner.server, token, "Hello")
    await first.read_to_end()
    proxy = owner.proxy
    with sent(proxy, b"Was this lost?", lambda: proxy.stall(up=False)):
        adding = asyncio.create_task(add(owner.server, token, first.thread_id, "Was this lost?"))
        query = "SELECT id FROM turns WHERE thread_id = $1 AND state = 'running'"

        async def begun() -> bool:
            return bool(await fleet.stored.rows(query, first.thread_id))

        await until(begun)
    proxy.cut()
    proxy.resume()
    assert (await adding).status == 503
    fleet.model.script("Now.")
    again = await add(owner.server, token, first.thread_id, "Was this lost?")
    began = time.monotonic()
    events = await again.read_to_end()
    print(f"a message whose confirmation was lost is free after {time.monotonic() - began:.1f} s")
    # Either it is answered, or it ends in an error that says that it can be asked again.
    if events[-1]["type"] == "error":
        assert events[-1]["allow_retry"] is True
        events = await (
            await add(owner.server, token, first.thread_id, "Was this lost?")
        ).read_to_end()
    assert any(
        event["type"] == "thread.item.done" and event["item"]["content"][0]["text"] == "Now."
        for event in events
    )


async def test_a_follower_elsewhere_sees_no_gap_when_its_database_was_away(fleet: Fleet) -> None:
    hold, more = asyncio.Event(), asyncio.Event()
    fleet.model.script("One ", hold, "two ", more, "three.")
    token = new_user(fleet.onward.server)
    owner = await create(fleet.onward.server, token, "Hello")
    await owner.until_text("One ")
    other = await follow(fleet.cancel.server, token, owner.thread_id)
    await other.until_text("One ")
    fleet.cancel.proxy.refuse()
    hold.set()
    await owner.until_text("two ")
    await asyncio.sleep(1)
    fleet.cancel.proxy.resume()
    more.set()
    assert await other.read_to_end() == await owner.read_to_end()


async def test_leaving_while_a_write_hangs_stops_the_model_and_is_stored_later(
    fleet: Fleet,
) -> None:
    owner = fleet.cancel
    fleet.model.script("Half", HANG)
    stream = await create(owner.server, new_user(owner.server), "Hello")
    await stream.until_text("Half")
    owner.proxy.stall()
    stream.reset()
    async with asyncio.timeout(1):
        await fleet.model.requests[0].closed.wait()
    await asyncio.sleep(2)
    owner.proxy.resume()
    assert await fleet.stored.ended(stream.thread_id) == ["cancelled"]
    assert await fleet.stored.texts(stream.thread_id) == ["Hello", "Half"]


async def test_a_locked_table_and_an_exhausted_pool_hold_up_and_are_survived(
    fleet: Fleet, shared_database_url: str
) -> None:
    owner = fleet.onward
    tokens = [new_user(owner.server) for _ in range(40)]
    locker = await asyncpg.connect(shared_database_url)
    try:
        async with locker.transaction():
            await locker.execute("LOCK TABLE threads IN SHARE MODE")
            begun = [
                asyncio.create_task(create(owner.server, token, f"No. {place}"))
                for place, token in enumerate(tokens)
            ]
            await asyncio.sleep(3)
            health = await owner.server.get("/api/chatkit/health", timeout=8)
            assert health.status_code in (200, 503)
    finally:
        await locker.close()
    streams: list[RawStream] = await asyncio.gather(*begun)
    await asyncio.gather(*(stream.read_to_end() for stream in streams))
    for stream in streams:
        assert await fleet.stored.ended(stream.thread_id) == ["done"]


async def test_a_database_that_stays_away_ends_the_turn_with_one_error(fleet: Fleet) -> None:
    owner = fleet.onward
    hold = asyncio.Event()
    fleet.model.script("Half", hold, " done.")
    stream = await create(owner.server, new_user(owner.server), "Hello")
    await stream.until_text("Half")
    written = "SELECT turn_id FROM turn_events JOIN turns ON turns.id = turn_id"

    async def has_checkpoint() -> bool:
        return bool(await fleet.stored.rows(f"{written} WHERE state = 'running'"))

    await until(has_checkpoint)
    owner.proxy.refuse()
    hold.set()
    began = time.monotonic()
    events = await stream.read_to_end()
    print(f"the database stayed away: told after {time.monotonic() - began:.1f} s")
    assert [event["type"] for event in events].count("error") == 1
    assert events[-1]["type"] == "error"
    assert events[-1]["allow_retry"] is True
    body = body_of("threads.create", {"input": said("Another")})
    refused = await owner.server.post("/api/chatkit", new_user(owner.server), json=body, timeout=15)
    assert refused.status_code == 503
    owner.proxy.resume()
    # Its end is stored after all, by whoever finds it: this process, by its own next heartbeats.
    assert await fleet.stored.ended(stream.thread_id, within_s=75) == ["interrupted"]
    assert await fleet.stored.texts(stream.thread_id) == ["Hello", "Half done."]


async def test_a_server_whose_database_hangs_at_the_start_says_so_and_ends(
    shared_database_url: str,
) -> None:
    async with postgres_proxy(shared_database_url) as (proxy, dsn):
        proxy.stall()
        async with aclosing(ServerProcess(DATABASE_URL=dsn, BETTER_AUTH_SECRET=SECRET)) as server:
            assert await server.wait() == 1
            (sentence,) = server.stderr.splitlines()
            assert "DATABASE_URL" in sentence
            assert str(urlsplit(dsn).password) not in sentence
