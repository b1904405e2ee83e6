"""Two processes on one PostgreSQL: following, stopping, refusing and giving way across them."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.acceptance.faults.fleet import Fleet, Member, new_user
from tests.acceptance.faults.raw import RawStream, add, create, follow, retry
from tests.acceptance.server import Event
from tests.model_steps import HANG

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBERS = [f"n{number} " for number in range(60)]


async def refused(stream: RawStream) -> None:
    """The stream holds the one error of a thread that is busy."""
    events = await stream.read_to_end()
    assert [(event["type"], event["code"]) for event in events] == [("error", "custom")]
    assert events[0]["allow_retry"] is False
    assert events[0]["message"]


async def test_followers_get_every_event_once_from_any_point_in_any_process(fleet: Fleet) -> None:
    hold = asyncio.Event()
    fleet.model.script(*NUMBERS[:30], hold, *NUMBERS[30:])
    server = fleet.onward.server
    token = new_user(server)
    owner = await create(server, token, "Count")
    await owner.until_text("n29 ")
    seen = len(owner.events)
    followers = [
        (place, await follow(member.server, token, owner.thread_id, **options))
        for member in fleet.members
        for place, options in (
            (0, {}),
            (1, {"after": 1}),
            (seen - 1, {"headers": {"last-event-id": str(seen - 1)}}),
            (seen, {"after": seen}),
        )
    ]
    hold.set()
    whole = await owner.read_to_end()
    for place, stream in followers:
        events = await stream.read_to_end()
        assert events == whole[place:]
        assert stream.ids == list(range(place + 1, len(whole) + 1))
    assert "".join(NUMBERS) == owner.streamed
    assert await (await follow(server, token, owner.thread_id)).read_to_end() == []


async def test_following_from_a_second_process_lags_the_owner_by_less_than_a_second(
    fleet: Fleet,
) -> None:
    fleet.model.pace_s = 0.02
    fleet.model.script(*NUMBERS)
    token = new_user(fleet.onward.server)
    owner = await create(fleet.onward.server, token, "Count")
    other = await follow(fleet.cancel.server, token, owner.thread_id)
    try:
        await asyncio.gather(owner.read_to_end(), other.read_to_end())
    finally:
        fleet.model.pace_s = 0
    assert other.events == owner.events
    lags = [there - here for here, there in zip(owner.times, other.times, strict=True)][3:]
    print(f"behind the owner: {sorted(lags)[len(lags) // 2]:.3f} s, at most {max(lags):.3f} s")
    assert max(lags) < 1


async def stop(member: Member, token: str, thread_id: str) -> tuple[bool, float]:
    """POST cancel: what it says, and when it was sent."""
    sent_at = time.monotonic()
    path = f"/api/chatkit/threads/{thread_id}/cancel"
    answer = await member.server.post(path, token)
    assert answer.status_code == 200, answer.text
    return answer.json()["cancelled"], sent_at


@pytest.mark.parametrize("through", ["onward", "cancel"], ids=["the owner", "another process"])
async def test_a_cancel_stores_the_text_and_closes_the_provider(fleet: Fleet, through: str) -> None:
    fleet.model.script("Half", HANG)
    member: Member = getattr(fleet, through)
    token = new_user(member.server)
    owner = await create(fleet.onward.server, token, "Hello")
    await owner.until_text("Half")
    closing = asyncio.create_task(closed_at(fleet))
    cancelled, sent_at = await stop(member, token, owner.thread_id)
    assert cancelled is True
    # It is stored when the answer to the cancel has come, not some time later.
    assert await fleet.stored.states(owner.thread_id) == ["cancelled"]
    assert await fleet.stored.texts(owner.thread_id) == ["Hello", "Half"]
    took_s = await closing - sent_at
    print(f"cancel -> provider's socket closed, {through}: {took_s:.3f} s")
    assert took_s < 1
    events = await owner.read_to_end()
    assert done_texts(events) == ["Hello", "Half"]
    assert "error" not in [event["type"] for event in events]
    assert (await stop(member, token, owner.thread_id))[0] is False


async def closed_at(fleet: Fleet) -> float:
    await fleet.model.requests[0].closed.wait()
    return time.monotonic()


async def test_a_different_message_is_refused_while_the_turn_is_followed(fleet: Fleet) -> None:
    hold = asyncio.Event()
    fleet.model.script("Half", hold, " done.")
    token = new_user(fleet.onward.server)
    owner = await create(fleet.onward.server, token, "Hello")
    await owner.until_text("Half")
    message_id = owner.events[1]["item"]["id"]
    for member in fleet.members:
        began = time.monotonic()
        await refused(await add(member.server, token, owner.thread_id, "Another"))
        assert time.monotonic() - began < 1
        await refused(await retry(member.server, token, owner.thread_id, message_id))
    hold.set()
    await owner.read_to_end()
    assert await fleet.stored.ended(owner.thread_id) == ["done"]
    assert await fleet.stored.texts(owner.thread_id) == ["Hello", "Half done."]


async def test_a_turn_that_is_followed_in_another_process_alone_is_not_given_up(
    fleet: Fleet,
) -> None:
    hold = asyncio.Event()
    fleet.model.script("Half", hold, " done.")
    token = new_user(fleet.onward.server)
    owner = await create(fleet.onward.server, token, "Hello")
    await owner.until_text("Half")
    other = await follow(fleet.cancel.server, token, owner.thread_id)
    await other.until_text("Half")
    owner.reset()
    await unfollowed_by_owner(fleet, owner.thread_id)
    for member in fleet.members:
        await refused(await add(member.server, token, owner.thread_id, "Another"))
    hold.set()
    await other.read_to_end()
    assert await fleet.stored.texts(owner.thread_id) == ["Hello", "Half done."]


async def unfollowed_by_owner(fleet: Fleet, thread_id: str) -> None:
    query = "SELECT id FROM turns WHERE thread_id = $1 AND NOT followed"
    async with asyncio.timeout(30):
        while not await fleet.stored.rows(query, thread_id):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("through", ["onward", "cancel"], ids=["the owner", "another process"])
async def test_a_turn_that_nobody_follows_gives_way(fleet: Fleet, through: str) -> None:
    fleet.model.script("Half", HANG)
    token = new_user(fleet.onward.server)
    owner = await create(fleet.onward.server, token, "Hello")
    await owner.until_text("Half")
    owner.reset()
    await unfollowed_by_owner(fleet, owner.thread_id)
    fleet.model.script("New.")
    member: Member = getattr(fleet, through)
    began = time.monotonic()
    events = await (await add(member.server, token, owner.thread_id, "Other")).read_to_end()
    assert time.monotonic() - began < 2
    assert done_texts(events) == ["Other", "New."]
    assert fleet.model.requests[0].closed.is_set()
    assert await fleet.stored.states(owner.thread_id) == ["cancelled", "done"]
    assert await fleet.stored.texts(owner.thread_id) == ["Hello", "Half", "Other", "New."]


@pytest.mark.parametrize("through", ["onward", "cancel"], ids=["the owner", "another process"])
async def test_a_message_right_after_leaving_is_taken(fleet: Fleet, through: str) -> None:
    """A client that stops by dropping the connection, and goes on at once."""
    fleet.model.script("Half", HANG)
    token = new_user(fleet.onward.server)
    owner = await create(fleet.onward.server, token, "Hello")
    await owner.until_text("Half")
    fleet.model.script("New.")
    owner.reset()
    member: Member = getattr(fleet, through)
    events = await (await add(member.server, token, owner.thread_id, "Other")).read_to_end()
    assert done_texts(events) == ["Other", "New."]


def done_texts(events: list[Event]) -> list[str]:
    return [
        event["item"]["content"][0]["text"]
        for event in events
        if event["type"] == "thread.item.done" and "content" in event["item"]
    ]


async def test_a_thread_that_is_deleted_elsewhere_ends_its_followers(fleet: Fleet) -> None:
    fleet.model.script("Half", HANG)
    token = new_user(fleet.onward.server)
    owner = await create(fleet.onward.server, token, "Hello")
    await owner.until_text("Half")
    other = await follow(fleet.cancel.server, token, owner.thread_id)
    await other.until_text("Half")
    await fleet.auto.server.read("threads.delete", token, thread_id=owner.thread_id)
    async with asyncio.timeout(30):
        await asyncio.gather(owner.read_to_end(), other.read_to_end())
        await fleet.model.requests[0].closed.wait()
    assert (
        await fleet.stored.rows("SELECT id FROM items WHERE thread_id = $1", owner.thread_id) == []
    )
