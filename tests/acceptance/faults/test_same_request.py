"""The same request again: copies at one time, repeats after the end, after a failure, after a
restart; in one process and in two."""

from __future__ import annotations

import asyncio
import time
from itertools import cycle

import pytest

from tests.acceptance.faults.fleet import Fleet, member, new_user
from tests.acceptance.faults.raw import RawStream, add, create
from tests.acceptance.server import Event, body_of, said
from tests.model_server import ModelServer
from tests.model_steps import Status

pytestmark = pytest.mark.asyncio(loop_scope="session")


def texts(events: list[Event]) -> list[str]:
    """The text of every finished item."""
    return [
        event["item"]["content"][0]["text"]
        for event in events
        if event["type"] == "thread.item.done"
    ]


@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "abc"}], ids=["body", "key"])
async def test_fifty_copies_over_two_processes_run_once(
    fleet: Fleet, headers: dict[str, str]
) -> None:
    fleet.model.pace_s = 0.01
    fleet.model.script(*(f"word{place} " for place in range(40)))
    servers = cycle((fleet.onward.server, fleet.cancel.server))
    token = new_user(fleet.onward.server)
    try:
        copies: list[RawStream] = await asyncio.gather(
            *(create(next(servers), token, "Once, please", headers) for _ in range(50))
        )
        await asyncio.gather(*(copy.read_to_end() for copy in copies))
    finally:
        fleet.model.pace_s = 0
    assert [copy.events[0] for copy in copies if copy.events[0]["type"] == "error"] == []
    assert len({copy.thread_id for copy in copies}) == 1
    assert len(fleet.model.requests) == 1
    # Every copy gets the whole answer; one that came when it was over, without its deltas.
    answer = "".join(f"word{place} " for place in range(40))
    for copy in copies:
        assert texts(copy.events) == ["Once, please", answer]
        assert copy.streamed in (answer, "")
    whole = [copy.streamed == answer for copy in copies]
    print(f"{sum(whole)} of 50 copies streamed")
    assert await fleet.stored.texts(copies[0].thread_id) == ["Once, please", answer]
    threads = await fleet.stored.rows(
        "SELECT id FROM threads WHERE user_id = (SELECT user_id FROM threads WHERE id = $1)",
        copies[0].thread_id,
    )
    assert len(threads) == 1


async def test_fifty_copies_of_a_message_over_two_processes_run_once(fleet: Fleet) -> None:
    token = new_user(fleet.onward.server)
    fleet.model.script("Hi.")
    first = await create(fleet.onward.server, token, "Hello")
    await first.read_to_end()
    servers = cycle((fleet.onward.server, fleet.cancel.server))
    fleet.model.script("Sure.")
    copies = await asyncio.gather(
        *(add(next(servers), token, first.thread_id, "yes") for _ in range(50))
    )
    events = await asyncio.gather(*(copy.read_to_end() for copy in copies))
    assert [texts(each) for each in events] == [["yes", "Sure."]] * 50
    assert await fleet.stored.texts(first.thread_id) == ["Hello", "Hi.", "yes", "Sure."]


async def test_a_second_yes_two_seconds_later_is_a_second_message(fleet: Fleet) -> None:
    token = new_user(fleet.onward.server)
    fleet.model.script("Hi.")
    first = await create(fleet.onward.server, token, "Hello")
    await first.read_to_end()
    for place, server in enumerate((fleet.onward.server, fleet.cancel.server, fleet.auto.server)):
        fleet.model.script(f"Answer {place}.")
        accepted_at = time.monotonic()
        stream = await add(server, token, first.thread_id, "yes")
        assert texts(await stream.read_to_end()) == ["yes", f"Answer {place}."]
        again = await add(server, token, first.thread_id, "yes")  # a double click joins
        assert texts(await again.read_to_end()) == ["yes", f"Answer {place}."]
        assert time.monotonic() - accepted_at < 1.9, "too slow a machine to tell"
        await asyncio.sleep(2.1 - (time.monotonic() - accepted_at))
    stored = await fleet.stored.texts(first.thread_id)
    assert stored == ["Hello", "Hi.", *(x for n in range(3) for x in ("yes", f"Answer {n}."))]


async def test_the_same_body_after_a_failure_runs_anew_at_once(fleet: Fleet) -> None:
    token = new_user(fleet.onward.server)
    fleet.model.script(Status(400))
    failed = await create(fleet.onward.server, token, "Hello")
    assert (await failed.read_to_end())[-1]["type"] == "error"
    fleet.model.script("Now.")
    again = await create(fleet.cancel.server, token, "Hello")
    assert texts(await again.read_to_end()) == ["Hello", "Now."]
    assert again.thread_id != failed.thread_id


async def test_a_key_holds_for_one_body_in_every_process_and_after_a_restart(
    shared_database_url: str,
) -> None:
    body = body_of("threads.create", {"input": said("Hello")})
    other = body_of("threads.create", {"input": said("Other")})
    headers = {"idempotency-key": "k-1"}
    async with ModelServer() as model:
        async with member(shared_database_url, model) as one:
            token = new_user(one.server)
            model.script("Once.")
            first = await RawStream.open(one.server, "POST", "/api/chatkit", token, body, headers)
            done = texts(await first.read_to_end())
            await one.server.kill()
        async with member(shared_database_url, model) as two:
            again = await RawStream.open(two.server, "POST", "/api/chatkit", token, body, headers)
            assert texts(await again.read_to_end()) == done == ["Hello", "Once."]
            assert again.thread_id == first.thread_id
            assert len(model.requests) == 1
            refused = await two.server.post(
                "/api/chatkit", token, json=other, headers={"idempotency-key": "k-1"}
            )
            assert refused.status_code == 422
            assert refused.json()["error"]["code"] == "idempotency_mismatch"
            stranger = new_user(two.server)  # another user's key is another key
            theirs = await RawStream.open(
                two.server, "POST", "/api/chatkit", stranger, other, headers
            )
            assert texts(await theirs.read_to_end())[0] == "Other"


async def test_a_change_with_a_key_is_answered_again_from_any_process(fleet: Fleet) -> None:
    token = new_user(fleet.onward.server)
    fleet.model.script("Hi.")
    thread = await create(fleet.onward.server, token, "Hello")
    await thread.read_to_end()
    body = body_of("threads.delete", {"thread_id": thread.thread_id})
    answers = [
        await each.server.post(
            "/api/chatkit", token, json=body, headers={"idempotency-key": "delete-1"}
        )
        for each in (fleet.onward, fleet.cancel, fleet.onward)
    ]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "{}")] * 3
