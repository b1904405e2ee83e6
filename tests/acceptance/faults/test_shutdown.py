"""SIGTERM and SIGINT with answers under way."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest

from tests.acceptance.faults.fleet import Member, member, new_user, stored_in, until
from tests.acceptance.faults.raw import RawStream, create, follow
from tests.acceptance.server import ServerProcess, body_of, said
from tests.model_server import ModelServer
from tests.model_steps import HANG, Pause

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def is_draining(server: ServerProcess) -> None:
    """Until health says so, over a listener that still answers."""

    async def gone() -> bool:
        return (await server.get("/api/chatkit/health")).status_code == 503

    await until(gone)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_answer_that_does_not_end_is_stored_as_interrupted_after_twenty_seconds(
    shared_database_url: str, number: signal.Signals
) -> None:
    if number is signal.SIGINT:
        pytest.skip("the same twenty seconds again; the end by SIGINT is tested below")
    async with (
        ModelServer() as model,
        stored_in(shared_database_url) as stored,
        member(shared_database_url, model) as one,
        member(shared_database_url, model, ON_DISCONNECT="continue") as two,
    ):
        token = new_user(one.server)
        model.script("Half", HANG)
        stream = await create(one.server, token, "Hello")
        await stream.until_text("Half")
        paced = [step for place in range(60) for step in (f"w{place} ", Pause(0.1))]
        model.script(*paced)
        ends = await create(one.server, token, "Count")
        # One follows a turn of another process, which says nothing of stopping.
        model.script("Elsewhere", HANG)
        elsewhere = await create(two.server, token, "Elsewhere")
        await elsewhere.until_text("Elsewhere")
        reader = await follow(one.server, token, elsewhere.thread_id)
        await reader.until_text("Elsewhere")
        signalled_at = time.monotonic()
        stopping = asyncio.create_task(one.server.stop(number))
        await is_draining(one.server)
        refused = await one.server.post(
            "/api/chatkit", token, json=body_of("threads.create", {"input": said("Late")})
        )
        assert refused.status_code == 503
        await ends.read_to_end()
        assert ends.streamed == "".join(f"w{place} " for place in range(60))
        events = await stream.read_to_end()
        assert 19 < stream.times[-1] - signalled_at < 22
        assert events[-1]["type"] == "error"
        assert "restarting" in events[-1]["message"]
        assert events[-1]["allow_retry"] is True
        assert await stopping == 0
        print(f"ended {time.monotonic() - signalled_at:.1f} s after the signal")
        assert await stored.states(stream.thread_id) == ["interrupted"]
        assert await stored.texts(stream.thread_id) == ["Hello", "Half"]
        assert await stored.states(ends.thread_id) == ["done"]
        assert "Traceback" not in one.server.stderr, one.server.stderr
        # The next process can go on with it at once.
        model.script("Whole.")
        message_id = stream.events[1]["item"]["id"]
        again = await two.server.chat(
            "threads.retry_after_item",
            {"thread_id": stream.thread_id, "item_id": message_id},
            token,
        )
        assert again.text == "Whole."
        assert await stored.texts(stream.thread_id) == ["Hello", "Whole."]


async def test_a_client_that_does_not_read_does_not_hold_the_process(
    shared_database_url: str,
) -> None:
    async with ModelServer() as model, member(shared_database_url, model) as one:
        token = new_user(one.server)
        await one.server.say("Warm up", token)
        model.script(*(f"{place:04d}" + "x" * 996 for place in range(1900)))
        body = body_of("threads.create", {"input": said("Hello")})
        await RawStream.send(one.server, "POST", "/api/chatkit", token, body, receive_bytes=4096)
        async with stored_in(shared_database_url) as stored:

            async def done() -> bool:
                query = "SELECT id FROM items WHERE length(body::text) > 1800000"
                return bool(await stored.rows(query))

            await until(done)
        began = time.monotonic()
        assert await one.server.stop(signal.SIGINT) == 0
        assert time.monotonic() - began < 20


async def test_a_second_signal_ends_it_at_once(database_url: str) -> None:
    """On a database of its own, where its turn stays as one that runs."""
    async with ModelServer() as model, member(database_url, model) as one:
        await hold_it(one, model)
        began = time.monotonic()
        stopping = asyncio.create_task(one.server.stop(signal.SIGTERM))
        await is_draining(one.server)
        assert await one.server.stop(signal.SIGTERM) == 128 + signal.SIGTERM
        await stopping
        assert time.monotonic() - began < 3


async def hold_it(one: Member, model: ModelServer) -> RawStream:
    """A turn that does not end by itself."""
    model.script("Half", HANG)
    stream = await create(one.server, new_user(one.server), "Hello")
    await stream.until_text("Half")
    return stream
