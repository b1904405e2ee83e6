"""A process, or its PostgreSQL, that is killed in the middle of an answer."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from chatkit.engine.turns import LEASE_S
from tests.acceptance.conftest import provider
from tests.acceptance.faults.fleet import Fleet, member, new_user, stored_in, until
from tests.acceptance.faults.raw import create, follow
from tests.acceptance.server import SECRET, ServerProcess
from tests.model_server import ModelServer
from tests.model_steps import HANG, Pause

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_a_killed_process_had_written_is_kept_and_its_thread_goes_on_elsewhere(
    fleet: Fleet, shared_database_url: str
) -> None:
    """On a database that other processes serve too; with one alone a restart does it at once."""
    async with (
        ModelServer() as model,
        member(shared_database_url, model, ON_DISCONNECT="continue") as victim,
    ):
        token = new_user(victim.server)
        model.script(*(step for n in range(400) for step in (f"w{n} ", Pause(0.02))))
        stream = await create(victim.server, token, "Count")
        other = await follow(fleet.onward.server, token, stream.thread_id)
        await stream.until_text("w99 ")
        before_s = stream.times[-1] - 1
        await victim.server.kill()
        safe = sum("update" in e for e, at in zip(stream.events, stream.times, strict=True)
                   if at < before_s)  # fmt: skip
    # The user stops what still looks as if it ran; its text is kept, and the thread is free.
    began = time.monotonic()
    path = f"/api/chatkit/threads/{stream.thread_id}/cancel"
    assert (await fleet.onward.server.post(path, token)).status_code == 200
    print(f"a killed process is taken over {time.monotonic() - began:.1f} s after a cancel")
    assert await fleet.stored.states(stream.thread_id) == ["interrupted"]
    (message, text) = await fleet.stored.texts(stream.thread_id)
    assert message == "Count"
    assert stream.streamed.startswith(text)
    kept = len(text.split())
    seen = len(stream.streamed.split())
    print(f"of {seen} words, 20 ms apart, {seen - kept} were lost by kill -9")
    assert kept >= safe - 1
    events = await other.read_to_end()
    assert events[-1]["type"] == "error"
    assert events[-1]["allow_retry"] is True
    fleet.model.script("Whole.")
    again = await fleet.onward.server.chat(
        "threads.retry_after_item",
        {"thread_id": stream.thread_id, "item_id": stream.events[1]["item"]["id"]},
        token,
    )
    assert again.text == "Whole."
    assert await fleet.stored.texts(stream.thread_id) == ["Count", "Whole."]


async def test_a_thread_whose_process_was_killed_on_this_host_takes_the_next_message_at_once(
    shared_database_url: str,
) -> None:
    """With DATABASE_URL, where other processes may run turns: after a restart, and beside it."""
    async with ModelServer() as model, member(shared_database_url, model) as survivor:
        for restarted in (False, True):
            async with member(shared_database_url, model, ON_DISCONNECT="continue") as victim:
                token = new_user(survivor.server)
                model.script("Half", HANG)
                stream = await create(victim.server, token, "Hello")
                await stream.until_text("Half")
                await victim.server.kill()
            async with AsyncExitStack() as stack:
                other = survivor
                if restarted:
                    other = await stack.enter_async_context(member(shared_database_url, model))
                began = time.monotonic()
                followed = await follow(other.server, token, stream.thread_id)
                assert [e["type"] for e in await followed.read_to_end()][-1:] in ([], ["error"])
                model.script("Next.")
                answer = await other.server.say("Go on", token, stream.thread_id)
                assert answer.text == "Next."
                assert time.monotonic() - began < LEASE_S / 2


def embedded(model: ModelServer, data_dir: Path, **environ: str) -> ServerProcess:
    """A server on its own database."""
    secret = {"BETTER_AUTH_SECRET": SECRET}
    return ServerProcess({**provider(model), **secret, **environ}, DATA_DIR=str(data_dir))


async def test_a_killed_postgresql_comes_back_under_a_running_turn(data_dir: Path) -> None:
    async with ModelServer() as model, embedded(model, data_dir) as server:
        token = server.jwt("ada")
        hold = asyncio.Event()
        model.script("Half", hold, " done.")
        stream = await create(server, token, "Hello")
        await stream.until_text("Half")
        model.script("Quick", HANG)
        other = await create(server, token, "Stop me")
        await other.until_text("Quick")
        await asyncio.sleep(0.5)  # so that the text is in the log
        os.kill(postgresql_in(data_dir), signal.SIGKILL)
        hold.set()
        await stream.read_to_end()
        assert [event["type"] for event in stream.events].count("error") == 0

        async def healthy() -> bool:
            return (await server.get("/api/chatkit/health")).status_code == 200

        await until(healthy)
        assert await server.texts(stream.thread_id, token) == ["Hello", "Half done."]
        path = f"/api/chatkit/threads/{other.thread_id}/cancel"
        assert (await server.post(path, token)).json() == {"cancelled": True}
        assert await server.texts(other.thread_id, token) == ["Stop me", "Quick"]
        assert "Traceback" not in server.stderr, server.stderr


async def test_text_is_kept_though_the_database_was_killed_before_the_server_was(
    data_dir: Path,
) -> None:
    """What the database had taken and not yet on its disk is written again when it is back."""
    async with ModelServer() as model:
        async with embedded(model, data_dir, ON_DISCONNECT="continue") as server:
            token = server.jwt("ada")
            model.script(*(step for n in range(1000) for step in (f"w{n} ", Pause(0.01))))
            stream = await create(server, token, "Count")
            await stream.until_text("w99 ")
            os.kill(postgresql_in(data_dir), signal.SIGKILL)
            await stream.until_text(f"w{len(stream.streamed.split()) + 300} ")
            before_s = stream.times[-1] - 1
            await server.kill()
            safe = sum("update" in e for e, at in zip(stream.events, stream.times, strict=True)
                       if at < before_s)  # fmt: skip
        async with embedded(model, data_dir) as server:
            _, text, mark = (
                await server.read("threads.get_by_id", token, thread_id=stream.thread_id)
            )["items"]["data"]
    assert mark["task"]["title"] == "Interrupted"
    kept = text["content"][0]["text"]
    assert stream.streamed.startswith(kept)
    lost = len(stream.streamed.split()) - len(kept.split())
    print(f"of {len(stream.streamed.split())} words, 10 ms apart, {lost} were lost by both kills")
    assert len(kept.split()) >= safe - 1


def postgresql_in(data_dir: Path) -> int:
    """The process id of its first process, which is the first line of its file."""
    return int(next(data_dir.rglob("postmaster.pid")).read_text().split("\n")[0])


async def test_an_owner_that_was_cut_off_and_taken_over_never_writes_again(
    fleet: Fleet, shared_database_url: str
) -> None:
    async with (
        ModelServer() as model,
        stored_in(shared_database_url) as stored,
        member(shared_database_url, model, ON_DISCONNECT="continue") as owner,
    ):
        token = new_user(owner.server)
        hold = asyncio.Event()
        model.script("Half", hold, " and the rest that came too late.")
        stream = await create(owner.server, token, "Hello")
        await stream.until_text("Half")

        async def has_checkpoint() -> bool:
            query = (
                "SELECT turn_id FROM turn_events WHERE array_to_string(frames, '') LIKE '%Half%'"
                " AND turn_id = (SELECT id FROM turns WHERE thread_id = $1)"
            )
            return bool(await stored.rows(query, stream.thread_id))

        await until(has_checkpoint)
        owner.proxy.refuse()
        path = f"/api/chatkit/threads/{stream.thread_id}/cancel"
        assert (await fleet.onward.server.post(path, token)).status_code == 200
        fleet.model.script("New.")
        after = await fleet.onward.server.say("Go on", token, stream.thread_id)
        assert after.text == "New."
        hold.set()
        await stream.until_text("too late.")
        owner.proxy.resume()
        events = await stream.read_to_end()
        assert events[-1]["type"] == "error"
        assert await stored.texts(stream.thread_id) == ["Hello", "Half", "Go on", "New."]
        assert await stored.states(stream.thread_id) == ["interrupted", "done"]
        hidden = "SELECT id FROM items WHERE thread_id = $1 AND body::text LIKE '%too late%'"
        assert await stored.rows(hidden, stream.thread_id) == []
