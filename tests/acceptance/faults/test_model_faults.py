"""A model or a tool server that misbehaves: what the user gets, and what is stored."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import pytest

from tests.acceptance.faults.fleet import Fleet, member, new_user, until
from tests.acceptance.faults.raw import create
from tests.acceptance.proxy import Proxy
from tests.model_server import ModelServer
from tests.model_steps import CUT, EOF, HANG, Chunk, Pause, Raw, call

pytestmark = pytest.mark.asyncio(loop_scope="session")

BIG = [f"{place:04d}" + "x" * 996 for place in range(10_000)]


@pytest.mark.parametrize(
    ("script", "text", "message"),
    [
        (["Half", CUT], "Half", "broke off"),
        (["Half", EOF], "Half", "broke off"),
        (["Half", Raw(b"data: {\xff\xfe not json\n\n"), HANG], "Half", "could not be read"),
        (["Half", Raw(b"x" * 9_000_000), HANG], "Half", "could not be read"),
        (
            ["Half ", Pause(0.1), *("same " for _ in range(1500)), HANG],
            "Half ",
            "could not be read",
        ),
        ([*BIG, HANG], "0000xxx", "could not be read"),
        ([Chunk({"tool_calls": [{"index": 0, "function": {}}]})], None, None),
    ],
    ids=["cut", "ended early", "rubbish", "no line end", "one chunk", "10 MB", "nameless call"],
)
async def test_what_came_is_kept_and_one_error_says_what_happened(
    fleet: Fleet, script: list[Any], text: str | None, message: str | None
) -> None:
    server = fleet.onward.server
    token = new_user(server)
    fleet.model.script(*script)
    stream = await create(server, token, "Hello")
    events = await stream.read_to_end()
    stored = await fleet.stored.texts(stream.thread_id)
    if message is None:
        # The call is answered with a failure, and the model goes on from there.
        assert await fleet.stored.ended(stream.thread_id) == ["done"]
        return
    assert [event["type"] for event in events].count("error") == 1
    assert message in events[-1]["message"]
    assert events[-1]["allow_retry"] is True
    assert await fleet.stored.ended(stream.thread_id) == ["failed"]
    assert len(stored) == 2
    assert text is not None
    assert stored[1].startswith(text)
    assert stored[1] == stream.streamed
    if script[-1] is not EOF:  # that one was complete, as HTTP goes, and is used again
        await until(fleet.model.requests[0].closed.is_set, 1)
    # The thread goes on as if nothing had been.
    fleet.model.script("Fine.")
    after = await server.say("And now?", token, stream.thread_id)
    assert after.text == "Fine."


async def test_characters_that_postgresql_cannot_hold_are_left_out(fleet: Fleet) -> None:
    server = fleet.onward.server
    odd = Raw(b'data: {"choices":[{"index":0,"delta":{"content":"a\\u0000b\\ud800c"}}]}\n\n')
    fleet.model.script(odd)
    stream = await create(server, new_user(server), "Hello")
    await stream.read_to_end()
    assert await fleet.stored.ended(stream.thread_id) == ["done"]
    assert await fleet.stored.texts(stream.thread_id) == ["Hello", "ab\ufffdc"]


async def test_a_hanging_and_a_trickling_model(shared_database_url: str) -> None:
    """With MODEL_TIMEOUT_S=1: silence is given up, a trickle that never pauses so long is not."""
    async with (
        ModelServer() as model,
        member(shared_database_url, model, MODEL_TIMEOUT_S="1", ON_DISCONNECT="continue") as one,
    ):
        token = new_user(one.server)
        model.script("Warm.")
        await one.server.say("Warm up", token)
        model.script("Half", HANG)
        stream = await create(one.server, token, "Hangs")
        events = await stream.read_to_end()
        assert events[-1]["type"] == "error"
        assert "too long" in events[-1]["message"]
        assert 0.9 < stream.times[-1] - stream.times[0] < 4
        model.script(*(step for place in range(8) for step in (f"w{place} ", Pause(0.4))))
        trickle = await create(one.server, token, "Trickles")
        await trickle.read_to_end()
        assert trickle.events[-2]["type"] == "thread.item.done"
        assert trickle.streamed == "".join(f"w{place} " for place in range(8))


async def test_a_model_behind_a_line_that_breaks_before_the_answer_is_asked_again(
    fleet: Fleet, shared_database_url: str
) -> None:
    """Nothing had come yet, so that asking again is safe; the line is refused twice."""
    async with Proxy(("127.0.0.1", fleet.model.port)) as line, ModelServer() as unused:
        variables = {"MODEL_API_BASE": f"http://127.0.0.1:{line.port}/v1"}
        async with member(shared_database_url, unused, **variables) as one:
            token = new_user(one.server)
            await one.server.say("Warm up", token)
            fleet.model.forget()
            line.refuse()
            fleet.model.script("Here.")
            stream = await create(one.server, token, "Hello")
            await asyncio.sleep(0.3)
            line.resume()
            await stream.read_to_end()
            assert stream.streamed == "Here."
            assert len(fleet.model.requests) == 1
            # A line that dies in the middle of an answer is not: the text is there already.
            fleet.model.script("Half", HANG)
            stream = await create(one.server, token, "Again")
            await stream.until_text("Half")
            line.cut()
            assert (await stream.read_to_end())[-1]["type"] == "error"
            assert await fleet.stored.texts(stream.thread_id) == ["Again", "Half"]


async def test_a_tool_server_that_dies_in_a_call_is_a_failed_result(fleet: Fleet) -> None:
    server = fleet.onward.server
    token = new_user(server)
    fleet.model.script("I try. ", call("slow_die", "{}"))
    fleet.model.script("It failed.")
    stream = await create(server, token, "Hello")
    await stream.read_to_end()
    assert await fleet.stored.ended(stream.thread_id) == ["done"]
    assert await fleet.stored.texts(stream.thread_id) == ["Hello", "I try. ", "It failed."]
    told = fleet.model.requests[1].body["messages"][-1]
    assert told["role"] == "tool"
    assert "not available" in told["content"]

    # The server is started again, and its tools work.
    attempts = count(1)

    async def listed() -> bool:
        fleet.model.script("Yes.")
        await server.say(f"Are the tools back? ({next(attempts)})", token)
        tools = fleet.model.requests[-1].body["tools"]
        return "slow_now" in [tool["function"]["name"] for tool in tools]

    await until(listed)
    fleet.model.script(call("slow_now", "{}"))
    fleet.model.script("Done.")
    again = await server.say("Now", token)
    assert again.text == "Done."
    assert fleet.model.requests[-1].body["messages"][-1]["content"].endswith("\nDone now.")
