"""Ids of another user, of every kind, at every route and in every operation of the protocol.

The answers must be those for ids of nothing, to the last header. Tables name every route and every
operation there is, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import pytest
import pytest_asyncio

from app import Services
from chatkit.protocol import requests
from store.embedded import EmbeddedPostgres
from tests.acceptance.foreign_ways import (
    FORM,
    NOTHING,
    SECRET,
    Ids,
    Way,
    chat,
    operations,
    routes,
    tools,
    ways_to,
)
from tests.acceptance.server import said
from tests.conftest import fresh_database
from tests.edge.application import running
from tests.edge.calls import Answer
from tests.model_server import ModelServer
from tests.model_steps import HANG, Step

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: How often each way is gone for the time that it takes, and how far the two may be apart.
FEWEST_TRIES: Final = 100
MOST_TRIES: Final = 1000
MOST_APART: Final = 1.15


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The application, what ada has there, and what bob has."""

    services: Services
    ada: Ids
    bob: Ids


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(postgres_server: EmbeddedPostgres) -> AsyncIterator[World]:
    async with (
        fresh_database(postgres_server) as database_url,
        ModelServer(answer=hello_or_never) as model,
        running(
            database_url,
            BETTER_AUTH_SECRET=SECRET,
            MODEL="openai/scripted",
            TITLE_MODEL="demo/tasks",
            MODEL_API_BASE=model.api_base,
            MODEL_API_KEY="x",
            ON_DISCONNECT="continue",
        ) as services,
    ):
        ada = await furnish(services, "ada")
        bob = await furnish(services, "bob")
        yield World(services=services, ada=ada, bob=bob)


def hello_or_never(body: dict[str, Any]) -> list[Step]:
    """What the model says: it never comes to the end of a riddle."""
    riddle = "riddle" in str(body["messages"][-1]["content"])
    return ["I am still thinking", HANG] if riddle else ["Hello."]


async def furnish(services: Services, user_id: str) -> Ids:
    """A user with one of everything."""
    thread = await new_thread(services, user_id, "hello")
    await until_done(services, user_id, thread)
    busy = await new_thread(services, user_id, "a riddle")
    items = await chat("items.list", thread_id=thread, order="asc").go(services, user_id)
    task = await Way(method="POST", path="/api/tasks", body={"title": "tea"}).go(services, user_id)
    opened = await Way(method="POST", path="/api/chatkit/session").go(services, user_id)
    file = await Way(method="POST", path="/api/chatkit/upload", body=FORM).go(services, user_id)
    return Ids(
        thread=thread,
        running=busy,
        item=items.json()["data"][0]["id"],
        task=task.json()["id"],
        session=opened.json()["id"],
        client_secret=opened.json()["client_secret"],
        attachment=file.json()["id"],
    )


async def new_thread(services: Services, user_id: str, text: str) -> str:
    answer = await chat("threads.create", input=said(text)).go(services, user_id)
    listed = await chat("threads.list", limit=1).go(services, user_id)
    assert answer.status == 200
    return str(listed.json()["data"][0]["id"])


async def until_done(services: Services, user_id: str, thread: str) -> None:
    async with asyncio.timeout(20):
        while services.parts.operations.running.find(user_id, thread) is not None:  # noqa: ASYNC110 - gives no sign
            await asyncio.sleep(0.01)


def shown(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """All that a caller can tell an answer by."""
    passing = ("x-request-id", "ratelimit-remaining", "ratelimit-reset")
    headers = {name: text for name, text in answer.headers.items() if name not in passing}
    return answer.status, headers, answer.body


async def everything(services: Services) -> list[str]:
    """Every row that holds something of ada's."""
    tables = ("threads", "items", "tasks", "sessions", "turns", "attachments", "attachment_pieces")
    rows = []
    for table in tables:
        query = f"SELECT to_jsonb({table})::text AS row FROM {table} WHERE user_id = 'ada'"
        rows += [strip(row["row"]) for row in await services.parts.database.fetch(query)]
    return sorted(rows)


def strip(row: str) -> str:
    """Without what the server's own heartbeat changes."""
    value = json.loads(row)
    return json.dumps({k: v for k, v in value.items() if k not in ("lease_until", "followed")})


@pytest.mark.parametrize("name", ways_to(NOTHING, NOTHING))
async def test_another_users_id_is_answered_like_one_of_nothing(world: World, name: str) -> None:
    services = world.services
    before = await everything(services)
    foreign = await ways_to(world.ada, world.bob)[name].go(services, "bob")
    missing = await ways_to(NOTHING, world.bob)[name].go(services, "bob")
    assert shown(foreign) == shown(missing)
    assert foreign.status < 500
    told_otherwise = name.split(" ")[0] in tools_named() or name in TOLD_OTHERWISE
    assert told_otherwise or foreign.status in (400, 404)
    assert services.parts.operations.running.find("ada", world.ada.running) is not None
    assert await everything(services) == before


#: Feedback passes unknown items over; an action that streams or names a task says so itself; and
#: what is not there can be deleted.
TOLD_OTHERWISE: Final = {
    "threads.delete",
    "threads.delete that runs",
    "attachments.delete",
    "items.feedback on a foreign item",
    "threads.custom_action on a foreign task",
    "threads.sync_custom_action on a foreign task",
}


def tools_named() -> set[str]:
    """A miss is a result of a tool."""
    return {name.split(" ")[0] for name in tools(NOTHING)}


HARMLESS: Final = [
    name
    for name in (*routes(NOTHING), *tools(NOTHING))
    if not name.startswith(("DELETE", "delete", "POST"))
]


@pytest.mark.parametrize("name", HARMLESS)
async def test_ones_own_id_is_answered_in_another_way(world: World, name: str) -> None:
    """Or the tables above would compare one error with itself."""
    own = await ways_to(world.bob, world.bob)[name].go(world.services, "bob")
    missing = await ways_to(NOTHING, world.bob)[name].go(world.services, "bob")
    assert shown(own) != shown(missing)


async def test_a_key_of_another_users_request_is_free(world: World) -> None:
    def rename(ids: Ids, title: str) -> Way:
        body = {"type": "threads.update", "params": {"thread_id": ids.thread, "title": title}}
        return Way(method="POST", path="/api/chatkit", body=body, idempotency_key="same")

    first = await rename(world.ada, "Ada's").go(world.services, "ada")
    second = await rename(world.bob, "Bob's").go(world.services, "bob")  # another body: no 422
    assert (first.json()["title"], second.json()["title"]) == ("Ada's", "Bob's")
    stolen = await rename(world.ada, "Ada's").go(world.services, "eve")  # the very same request
    assert stolen.status == 404


async def test_the_same_message_of_two_users_is_two_turns(world: World) -> None:
    ask = chat("threads.create", input=said("the same"))
    await asyncio.gather(*(ask.go(world.services, user_id) for user_id in ("eve", "mallory")))
    for user_id in ("eve", "mallory"):
        listed = await chat("threads.list").go(world.services, user_id)
        (thread,) = listed.json()["data"]
        await until_done(world.services, user_id, thread["id"])


async def test_the_tables_name_every_operation_and_every_route(world: World) -> None:
    named = {name.split(" ")[0] for name in operations(NOTHING, NOTHING)}
    # These two name nothing that could be another user's.
    assert named | {"attachments.create", "input.transcribe"} == requests._PARSERS.keys()
    named = {" ".join(name.split(" ")[:2]) for name in routes(NOTHING)}
    with_ids = {
        f"{method} {route.path}"
        for route in world.services.router.routes
        for method in route.methods
        if "{id}" in route.path
    }
    assert with_ids <= named


async def test_a_foreign_id_takes_as_long_as_one_of_nothing(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    """By the shortest of many tries in turns, which others on the machine can only lengthen, so the
    two floors come together unless the work differs. One statement more is a third of most."""
    for name in ways_to(NOTHING, NOTHING):
        shortest = {"foreign": math.inf, "missing": math.inf}
        for tries in count(1):
            for kind, ids in (("foreign", world.ada), ("missing", NOTHING)):
                way = ways_to(ids, world.bob)[name]
                began = time.perf_counter()
                await way.go(world.services, "bob")
                shortest[kind] = min(shortest[kind], time.perf_counter() - began)
            ratio = shortest["foreign"] / shortest["missing"]
            if tries >= FEWEST_TRIES and 1 / MOST_APART < ratio < MOST_APART:
                break
            assert tries < MOST_TRIES, (name, shortest)
        foreign, missing = (shortest[kind] * 1e6 for kind in ("foreign", "missing"))
        print(f"{name:60} {foreign:8.0f} {missing:8.0f} us  x{ratio:.2f} of {tries}")
        record_property(name, f"{foreign:.0f}/{missing:.0f} us")
