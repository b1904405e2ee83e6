"""What the server keeps a model from doing, whatever the model says."""

from __future__ import annotations

import json
from typing import Final

import pytest

from tests.acceptance.server import ServerProcess
from tests.model_server import ModelServer
from tests.model_steps import Chunk, call

pytestmark = pytest.mark.asyncio(loop_scope="session")

_PUT_OFF: Final = "waiting for the user"


def deletions(*ids: str) -> list[Chunk]:
    """One answer of the model: all of these calls."""
    return [
        call("delete_task", json.dumps({"task_id": each}), index=place)
        for place, each in enumerate(ids)
    ]


async def with_tasks(server: ServerProcess, user_id: str, *titles: str) -> tuple[str, list[str]]:
    """A user with these tasks: the token, and the ids."""
    token = server.jwt(user_id)
    added = [await server.post("/api/tasks", token, json={"title": title}) for title in titles]
    return token, [answer.json()["id"] for answer in added]


def results(model: ModelServer) -> list[str]:
    """What the tools told the model last."""
    messages = model.requests[-1].body["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


async def test_no_word_of_the_user_does_what_waits_for_a_click(
    scripted_server: ServerProcess, model: ModelServer
) -> None:
    server = scripted_server
    token, ids = await with_tasks(server, "clears", *"abcdef")
    model.script(*deletions(*ids))
    asked = await server.say("Clear my list", token)
    assert asked.effects == []  # the page was told of no change
    before = len(model.requests)  # the turn has ended with the card
    for said in ("NO!! Do not delete anything", "Yes", "Yes, delete them all"):
        model.script(*deletions(*ids))
        await server.say(said, token, asked.thread_id)
        assert all(_PUT_OFF in result for result in results(model))
    assert len(model.requests) == before + 3
    assert len(await server.tasks(token)) == 6


async def test_one_after_the_other_it_gets_as_far_as_one(
    scripted_server: ServerProcess, model: ModelServer
) -> None:
    server = scripted_server
    token, ids = await with_tasks(server, "creeps", "a", "b", "c")
    for each in ids[:2]:
        model.script(*deletions(each))
    model.script("Two are gone!")
    await server.say("Clear my list", token)
    assert [title for title, _ in await server.tasks(token)] == ["c", "b"]


async def test_a_user_deletes_over_rest_without_being_asked(
    scripted_server: ServerProcess,
) -> None:
    token, ids = await with_tasks(scripted_server, "clicks", "a", "b", "c")
    for each in ids:
        answer = await scripted_server.request("DELETE", f"/api/tasks/{each}", token)
        assert answer.status_code == 204
    assert await scripted_server.tasks(token) == []


async def test_the_built_in_model_asks_on_a_card_and_takes_no_yes(
    demo_server: ServerProcess,
) -> None:
    guest = await demo_server.guest()
    for title in ("tea", "milk", "bread"):
        await demo_server.say(f"Add {title}", guest)
    asked = await demo_server.say("delete all", guest)
    await demo_server.say("yes", guest, asked.thread_id)
    assert len(await demo_server.tasks(guest)) == 3
    await demo_server.say("delete 1", guest, asked.thread_id)
    assert len(await demo_server.tasks(guest)) == 2
    undone = await demo_server.say("undo that", guest, asked.thread_id)
    assert "is as it was" in undone.text
    assert len(await demo_server.tasks(guest)) == 3
