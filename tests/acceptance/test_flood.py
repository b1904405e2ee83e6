"""What floods meet, on the server itself: limits, and other users who notice nothing."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import time
from collections import Counter
from typing import Any, Final

from chatkit.engine import faults
from chatkit.protocol.events import encode_event
from tests.acceptance.server import SECRET, ServerProcess, body_of, said
from tests.wording import SAY

#: How long each flood lasts, in seconds.
_FLOOD_S: Final = 2.0
#: What a request of the other user may take meanwhile, with the flooder on the same machine.
_MOST_MEDIAN_S: Final = 0.1


def limited(database_url: str, **environ: str) -> ServerProcess:
    """A server with the limits of somebody who has set nothing."""
    variables: dict[str, Any] = {"RATE_LIMIT_USER": "", "RATE_LIMIT_IP": "", **environ}
    return ServerProcess(DATABASE_URL=database_url, BETTER_AUTH_SECRET=SECRET, **variables)


async def flood(server: ServerProcess, path: str, token: str, **options: Any) -> Counter[int]:
    """Ask eight at a time without a pause; how many answers had which status."""
    statuses: Counter[int] = Counter()
    method = "POST" if "json" in options else "GET"
    give_up = time.monotonic() + _FLOOD_S

    async def ask() -> None:
        while time.monotonic() < give_up:
            answer = await server.request(method, path, token, **options)
            statuses[answer.status_code] += 1

    await asyncio.gather(*(ask() for _ in range(8)))
    return statuses


async def measured(server: ServerProcess, token: str, **headers: str) -> list[float]:
    """How long each of some requests of a quiet user takes, in seconds; all must succeed."""
    times = []
    for _ in range(20):
        began = time.monotonic()
        answer = await server.get("/api/tasks", token, headers=headers)
        times.append(time.monotonic() - began)
        assert answer.status_code == 200, answer.text
        await asyncio.sleep(0.05)
    return times


async def test_a_users_flood_leaves_another_alone_even_at_the_same_address(
    database_url: str,
) -> None:
    """As long as the address has something left: what is refused counts for it as well."""
    limits = {"RATE_LIMIT_USER": "30/minute", "RATE_LIMIT_IP": "100000/minute"}
    async with limited(database_url, **limits) as server:
        quiet, loud = server.jwt("quiet"), server.jwt("loud")
        chat = body_of("threads.list", {})
        read, wrote, times = await asyncio.gather(
            flood(server, "/api/tasks", loud),
            flood(server, "/api/chatkit", loud, json=chat),
            measured(server, quiet),
        )
        assert set(read) | set(wrote) == {200, 429}
        assert read[200] + wrote[200] <= 30 + 30
        assert statistics.median(times) < _MOST_MEDIAN_S
        print(f"\nflood: {read} {wrote}; the other's median {statistics.median(times):.4f} s")


async def test_a_users_flood_is_refused_by_address_when_it_goes_on(database_url: str) -> None:
    limits = {"RATE_LIMIT_USER": "10/hour", "RATE_LIMIT_IP": "20/hour"}
    async with limited(database_url, **limits) as server:
        loud = server.jwt("loud")
        statuses = [(await server.get("/api/tasks", loud)).status_code for _ in range(20)]
        assert statuses == [200] * 10 + [429] * 10
        assert (await server.get("/api/tasks", server.jwt("quiet"))).status_code == 429
        elsewhere = {"x-forwarded-for": "203.0.113.7"}
        answer = await server.get("/api/tasks", server.jwt("quiet"), headers=elsewhere)
        assert answer.status_code == 200


async def test_a_strangers_flood_is_refused_by_address_and_health_goes_on(
    database_url: str,
) -> None:
    async with limited(database_url, RATE_LIMIT_IP="30/hour") as server:
        token = server.jwt("quiet")
        statuses, times = await asyncio.gather(
            flood(server, "/api/tasks", "forged", headers={"x-forwarded-for": "203.0.113.66"}),
            measured(server, token, **{"x-forwarded-for": "203.0.113.7"}),
        )
        assert set(statuses) == {401, 429}
        assert statuses[401] == 30
        assert statistics.median(times) < _MOST_MEDIAN_S
        refused = await server.get("/api/tasks", token, headers={"x-forwarded-for": "203.0.113.66"})
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["ratelimit-limit"] == "30"
        assert refused.headers["ratelimit-remaining"] == "0"
        assert refused.json()["error"]["code"] == "rate_limited"
        for path in ("/api/chatkit/health", "/"):
            answer = await server.get(path, headers={"x-forwarded-for": "203.0.113.66"})
            assert answer.status_code == 200


async def test_a_chat_above_the_limit_is_told_so_in_its_stream(database_url: str) -> None:
    async with limited(database_url, RATE_LIMIT_USER="2/hour") as server:
        token = server.jwt("ada")
        assert (await server.say("Hello", token)).text
        await server.read("threads.list", token)
        answer = await server.say("Hello again", token)
        [event] = answer.events
        assert (event["type"], event["code"], event["allow_retry"]) == ("error", "custom", True)
        assert re.fullmatch(r"You are sending .* try again in (2\d|30) minutes\.", event["message"])
        for refused in (
            await server.ask("threads.list", {}, token),
            await server.post("/api/chatkit", token, content=b"x" * 100_000),
            await server.get("/api/tasks", token),
        ):
            assert refused.status_code == 429
            assert 1200 < int(refused.headers["retry-after"]) <= 1800
        assert (await server.post("/api/chatkit", token, content=b"{")).status_code == 400


async def test_processes_share_their_limits_when_asked_to(database_url: str) -> None:
    shared = {"SHARED_LIMITS": "on", "RATE_LIMIT_USER": "6/hour"}
    async with limited(database_url, **shared) as one, limited(database_url, **shared) as two:
        token = one.jwt("ada")
        statuses = [
            (await server.get("/api/tasks", token)).status_code for server in (one, two) * 5
        ]
        assert statuses == [200] * 6 + [429] * 4


async def test_streams_above_the_cap_are_refused(database_url: str) -> None:
    async with limited(database_url, MAX_STREAMS="1", RATE_LIMIT_USER="off") as server:
        ada, bob = server.jwt("ada"), server.jwt("bob")
        params = {"input": said("Write me a long story")}
        async with server.stream("threads.create", params, ada) as events:
            created = await anext(events)
            answer = await server.say("Hello", bob)
            assert answer.events == [
                json.loads(encode_event(faults.TOO_MANY_STREAMS.event(SAY)) or "")
            ]
            path = f"/api/chatkit/threads/{created['thread']['id']}/events"
            refused = await server.get(path, ada)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        async with asyncio.timeout(60):  # until the server has noticed that ada has left
            while not (await server.say("Hello", bob)).text:
                pass
