"""The server as a process behind a real PgBouncer, whose URL does not say that it is one."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import aclosing

import asyncpg
import httpx
import pytest

from tests.acceptance.server import SECRET, ServerProcess
from tests.pooler import PgBouncer, PoolMode

AT_ONCE = 30
#: Requests that `use` sends.
REQUESTS = 13
FOUND = "the statement cache is off"


def statuses_of(server: ServerProcess) -> Counter[int]:
    """How often each status was answered, from now on."""
    statuses: Counter[int] = Counter()

    async def count(response: httpx.Response) -> None:
        statuses[response.status_code] += 1

    server.http.event_hooks = {"response": [count]}
    return statuses


async def use(server: ServerProcess, user_id: str) -> None:
    """Tasks and a thread of one user: made, read, changed and deleted, and right every time."""
    token = server.jwt(user_id)
    tea, milk = f"Tea of {user_id}", f"Milk of {user_id}"
    created = (await server.post("/api/tasks", token, json={"title": tea})).json()
    added = await server.say(f"Add a new task: {milk}", token)
    thread_id = added.thread_id
    shown = await server.say("Show me my tasks", token, thread_id)
    card = json.dumps(shown.done)
    assert tea in card
    assert milk in card
    assert await server.tasks(token) == [(milk, False), (tea, False)]

    address = f"/api/tasks/{created['id']}"
    renamed = await server.request("PATCH", address, token, json={"title": f"Hot {tea}"})
    assert renamed.json()["title"] == f"Hot {tea}"
    await server.request("PATCH", f"{address}/complete", token, json={"completed": True})
    assert (await server.get(address, token)).json()["completed"] is True
    assert await server.tasks(token) == [(milk, False), (f"Hot {tea}", True)]

    threads = await server.read("threads.list", token)
    assert [thread["id"] for thread in threads["data"]] == [thread_id]
    texts = [f"Add a new task: {milk}", added.text, "Show me my tasks", shown.text]
    assert await server.texts(thread_id, token) == texts
    await server.read("threads.delete", token, thread_id=thread_id)
    assert (await server.request("DELETE", address, token)).is_success
    assert await server.tasks(token) == [(milk, False)]


async def use_at_once(server: ServerProcess, *, rounds: int) -> None:
    async def one(number: int) -> None:
        for place in range(rounds):
            await use(server, f"user{number}-{place}")

    async with asyncio.TaskGroup() as group:
        for number in range(AT_ONCE):
            group.create_task(one(number))


async def read_on(server: ServerProcess) -> None:
    token = server.jwt("ada")
    while True:
        await server.get("/api/tasks", token)


async def test_two_thousand_requests_behind_a_plain_url_are_answered_right(
    database_url: str,
) -> None:
    with PgBouncer(database_url, size=6) as pooler:
        async with ServerProcess(DATABASE_URL=pooler.url, BETTER_AUTH_SECRET=SECRET) as server:
            statuses = statuses_of(server)
            await use_at_once(server, rounds=6)
            assert sum(statuses.values()) == REQUESTS * 6 * AT_ONCE
            assert {status for status in statuses if status >= 300} == set()
            assert server.stderr.count(FOUND) == 1
            assert "Traceback" not in server.stderr


async def test_a_pooler_that_is_restarted_is_away_for_that_time_only(database_url: str) -> None:
    with PgBouncer(database_url) as pooler:
        async with ServerProcess(DATABASE_URL=pooler.url, BETTER_AUTH_SECRET=SECRET) as server:
            statuses = statuses_of(server)
            async with asyncio.timeout(60), asyncio.TaskGroup() as group:
                reading = [group.create_task(read_on(server)) for _ in range(10)]
                await use(server, "bob")
                await asyncio.to_thread(pooler.restart)
                while (await server.get("/api/chatkit/health")).status_code != 200:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                for task in reading:
                    task.cancel()
            assert statuses.keys() <= {200, 201, 204, 503}
            statuses = statuses_of(server)
            await use_at_once(server, rounds=1)
            assert {status for status in statuses if status >= 300} == set()
            assert server.stderr.count(FOUND) == 1
            assert "Traceback" not in server.stderr


@pytest.mark.parametrize(
    ("mode", "parameters", "reason"),
    [
        ("transaction", "?statement_timeout=5000", "statement_timeout"),
        ("statement", "", "statement pooling mode"),
    ],
)
async def test_what_a_pooler_refuses_stops_the_start_with_one_sentence(
    mode: PoolMode, parameters: str, reason: str, database_url: str
) -> None:
    with PgBouncer(database_url, mode) as pooler:
        await assert_refused(f"{pooler.url}{parameters}", reason)


async def test_a_database_that_refuses_a_statement_stops_the_start_with_one_sentence(
    database_url: str,
) -> None:
    admin = await asyncpg.connect(database_url)
    try:
        await admin.execute("ALTER TABLE server_secrets RENAME COLUMN name TO label")
    finally:
        await admin.close()
    await assert_refused(database_url, 'column "name" does not exist')


async def assert_refused(database_url: str, reason: str) -> None:
    async with aclosing(ServerProcess(DATABASE_URL=database_url)) as server:
        assert await server.wait() == 1
        (sentence,) = server.stderr.splitlines()
        assert "DATABASE_URL: cannot " in sentence
        assert reason in sentence
        assert sentence.endswith(".")
