"""Leaving and coming back, at the socket: what the provider, the database and the server keep."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.acceptance.faults.fleet import Fleet, Member, new_user, until
from tests.acceptance.faults.raw import RawStream, create, follow
from tests.acceptance.server import body_of, said
from tests.model_steps import HANG, call

pytestmark = pytest.mark.asyncio(loop_scope="session")

#: How soon the provider's connection must be closed, in seconds.
CLOSED_S = 1.0


async def provider_closed(fleet: Fleet, request: int = 0) -> float:
    """Wait until the provider's connection is closed; how long that took, in seconds."""
    began = time.monotonic()
    async with asyncio.timeout(CLOSED_S):
        await fleet.model.requests[request].closed.wait()
    return time.monotonic() - began


def leave(stream: RawStream, how: str) -> None:
    stream.reset() if how == "RST" else stream.close()


@pytest.mark.parametrize("how", ["RST", "FIN"])
async def test_leaving_before_the_first_delta_closes_the_provider(fleet: Fleet, how: str) -> None:
    fleet.model.script(HANG)
    stream = await create(fleet.cancel.server, new_user(fleet.cancel.server), "Hello")
    await until(lambda: len(fleet.model.requests) == 1)
    leave(stream, how)
    await provider_closed(fleet)
    assert await fleet.stored.ended(stream.thread_id) == ["cancelled"]
    assert await fleet.stored.texts(stream.thread_id) == ["Hello"]


@pytest.mark.parametrize("how", ["RST", "FIN"])
async def test_leaving_in_the_middle_keeps_the_text_once(fleet: Fleet, how: str) -> None:
    fleet.model.script("Half", HANG)
    stream = await create(fleet.cancel.server, new_user(fleet.cancel.server), "Hello")
    await stream.until_text("Half")
    leave(stream, how)
    await provider_closed(fleet)
    assert await fleet.stored.ended(stream.thread_id) == ["cancelled"]
    assert await fleet.stored.texts(stream.thread_id) == ["Hello", "Half"]


async def test_leaving_in_a_tool_call_ends_it_and_records_an_unknown_outcome(fleet: Fleet) -> None:
    server = fleet.cancel.server
    token = new_user(server)
    fleet.model.script("Let me see. ", call("slow_hang", "{}"))
    stream = await create(server, token, "Hello")
    await stream.until_text("see. ")

    async def in_the_call() -> bool:
        return await fleet.stored.texts(stream.thread_id) == ["Hello", "Let me see. "]

    await until(in_the_call)  # what came before a call is stored before the call is made
    stream.reset()
    assert await fleet.stored.ended(stream.thread_id) == ["cancelled"]
    fleet.model.script("Fine.")
    await server.say("And now?", token, stream.thread_id)
    told = fleet.model.requests[-1].body["messages"]
    outcome = next(message for message in told if message["role"] == "tool")
    assert "not known" in outcome["content"]
    assert await fleet.stored.texts(stream.thread_id) == [
        "Hello", "Let me see. ", "And now?", "Fine."
    ]  # fmt: skip


async def test_leaving_without_having_read_stops_a_model_that_sends_two_megabytes(
    fleet: Fleet,
) -> None:
    server = fleet.cancel.server
    # 1.9 MB of text, a little below the longest answer that is taken, then silence.
    fleet.model.script(*(f"{place:04d}" + "x" * 996 for place in range(1900)), HANG)
    body = body_of("threads.create", {"input": said("Hello")})
    stream = await RawStream.send(
        server, "POST", "/api/chatkit", new_user(server), body, receive_bytes=4096
    )

    async def all_of_it_arrived() -> bool:
        query = (
            "SELECT sum(octet_length(array_to_string(frames, ''))) AS size FROM turn_events"
            " JOIN turns ON turns.id = turn_id WHERE state = 'running'"
        )
        return ((await fleet.stored.rows(query))[0]["size"] or 0) > 1_900_000

    # The unread client holds nobody up: the whole text is in the log.
    await until(all_of_it_arrived)
    running = await fleet.stored.rows("SELECT thread_id FROM turns WHERE state = 'running'")
    stream.reset()
    await provider_closed(fleet)
    thread_id = running[0]["thread_id"]
    assert await fleet.stored.ended(thread_id) == ["cancelled"]
    assert [len(text) for text in await fleet.stored.texts(thread_id)] == [5, 1_900_000]


async def test_continue_answers_a_client_that_left(fleet: Fleet) -> None:
    hold = asyncio.Event()
    fleet.model.script("Half", hold, " done.")
    stream = await create(fleet.onward.server, new_user(fleet.onward.server), "Hello")
    await stream.until_text("Half")
    stream.reset()
    await follow_is_gone(fleet, stream.thread_id)
    hold.set()
    assert await fleet.stored.ended(stream.thread_id) == ["done"]
    assert await fleet.stored.texts(stream.thread_id) == ["Hello", "Half done."]


async def follow_is_gone(fleet: Fleet, thread_id: str) -> None:
    """Until the owner has told the database that nobody follows the turn any more."""

    async def gone() -> bool:
        query = "SELECT followed FROM turns WHERE thread_id = $1 AND state = 'running'"
        return (await fleet.stored.rows(query, thread_id))[0]["followed"] is False

    await until(gone)


async def test_auto_stops_five_seconds_after_the_last_reader_left(fleet: Fleet) -> None:
    fleet.model.script("Half", HANG)
    stream = await create(fleet.auto.server, new_user(fleet.auto.server), "Hello")
    await stream.until_text("Half")
    left_at = time.monotonic()
    stream.reset()
    await fleet.model.requests[0].closed.wait()
    assert 4.8 < time.monotonic() - left_at < 6
    assert await fleet.stored.ended(stream.thread_id) == ["cancelled"]
    assert await fleet.stored.texts(stream.thread_id) == ["Hello", "Half"]


async def test_auto_goes_on_when_the_same_user_reads_the_thread(fleet: Fleet) -> None:
    """In each of the three ways, through the owner and through another process."""
    hold = asyncio.Event()

    async def survives(member: Member, way: str) -> list[str]:
        fleet.model.script("Half", hold, " done.")
        token = new_user(fleet.auto.server)
        stream = await create(fleet.auto.server, token, "Hello")
        await stream.until_text("Half")
        thread_id = stream.thread_id
        stream.reset()
        left_at = time.monotonic()
        await follow_is_gone(fleet, thread_id)
        if way == "events":
            back = await follow(member.server, token, thread_id)
            await back.next()
        else:
            await member.server.read(way, token, thread_id=thread_id)
        await asyncio.sleep(5.8 - (time.monotonic() - left_at))
        hold.set()
        assert await fleet.stored.ended(thread_id) == ["done"]
        return await fleet.stored.texts(thread_id)

    ways = ("threads.get_by_id", "items.list", "events")
    through = (fleet.auto, fleet.cancel)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(survives(each, way)) for each in through for way in ways]
    assert [task.result() for task in tasks] == [["Hello", "Half done."]] * 6


async def test_auto_is_not_held_by_another_users_reading(fleet: Fleet) -> None:
    fleet.model.script("Half", HANG)
    stream = await create(fleet.auto.server, new_user(fleet.auto.server), "Hello")
    await stream.until_text("Half")
    stream.reset()
    stranger = new_user(fleet.auto.server)
    answer = await fleet.auto.server.ask(
        "threads.get_by_id", {"thread_id": stream.thread_id}, stranger
    )
    assert answer.status_code == 404
    path = f"/api/chatkit/threads/{stream.thread_id}"
    for method, end in (("GET", "/events"), ("POST", "/cancel")):
        assert (await fleet.auto.server.request(method, path + end, stranger)).status_code == 404
    assert await fleet.stored.ended(stream.thread_id) == ["cancelled"]


async def test_thirty_departures_leak_neither_files_nor_connections(fleet: Fleet) -> None:
    async def depart(place: int) -> None:
        how = place % 3
        fleet.model.script(*([] if how == 0 else ["Half"]), HANG)
        asked = len(fleet.model.requests)
        stream = await create(fleet.cancel.server, new_user(fleet.cancel.server), f"No. {place}")
        await until(lambda: len(fleet.model.requests) > asked)
        if how:
            await stream.until_text("Half")
        stream.reset() if place % 2 else stream.close()
        assert await fleet.stored.ended(stream.thread_id) == ["cancelled"]

    await depart(0)
    before = fleet.cancel.open_files
    for place in range(30):
        await depart(place)
    await until(lambda: fleet.cancel.open_files <= before + 1)
    async with asyncio.timeout(CLOSED_S):
        for request in fleet.model.requests:
            await request.closed.wait()
