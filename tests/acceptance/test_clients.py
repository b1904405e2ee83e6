"""What clients in the wild rely on: broken streams that go on, errors, and REST as they use it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.acceptance.server import ServerProcess, body_of, said
from tests.frames import data_of, events_in, id_of
from tests.model_server import ModelServer

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Reader:
    """Sends one body, as the parser of the widget does, and keeps what it receives."""

    def __init__(self, server: ServerProcess, token: str, body: dict[str, Any]) -> None:
        self._http = httpx.AsyncClient(
            base_url=server.url,
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            timeout=20,
            trust_env=False,
        )
        self._body = json.dumps(body).encode()
        self.frames: list[str] = []

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(text) for frame in self.frames if (text := data_of(frame))]

    @property
    def last_id(self) -> str:
        name = id_of(self.frames[-1])
        assert name is not None
        return name

    async def read(self, until: str = "", *, last_id: str | None = None) -> None:
        """Read on until a frame has the text `until`, or to the end; then drop the connection."""
        headers = {} if last_id is None else {"last-event-id": last_id}
        async with self._http.stream(
            "POST", "/api/chatkit", content=self._body, headers=headers
        ) as response:
            assert response.status_code == 200
            buffer = ""
            async for piece in response.aiter_text():
                *frames, buffer = (buffer + piece).split("\n\n")
                self.frames += frames
                if until and any(until in frame for frame in frames):
                    return

    async def close(self) -> None:
        await self._http.aclose()


async def test_events_are_numbered_and_pick_up_where_they_broke_off(
    scripted_server: ServerProcess, model: ModelServer
) -> None:
    rest = asyncio.Event()
    model.script("One ", "two ", rest, "three ", "four.")
    create = body_of("threads.create", {"input": said("Count")})
    reader = Reader(scripted_server, scripted_server.jwt("rejoin-1"), create)
    await reader.read(until="two ")
    seen = len(reader.frames)
    again = asyncio.create_task(reader.read(last_id=reader.last_id))
    await asyncio.sleep(0)
    rest.set()
    await again
    turn = reader.last_id.rpartition(".")[0]
    assert [id_of(frame) for frame in reader.frames] == [
        f"{turn}.{number}" for number in range(1, len(reader.frames) + 1)
    ]
    assert len(reader.frames) > seen
    deltas = [e["update"]["delta"] for e in reader.events if "delta" in e.get("update", {})]
    assert "".join(deltas) == "One two three four."
    assert len(model.requests) >= 1
    threads = await scripted_server.read("threads.list", scripted_server.jwt("rejoin-1"))
    assert len(threads["data"]) == 1
    await reader.close()


async def test_an_ended_answer_is_replayed_from_the_last_event(
    scripted_server: ServerProcess, model: ModelServer
) -> None:
    model.script("Done.")
    token = scripted_server.jwt("rejoin-2")
    create = body_of("threads.create", {"input": said("Go")})
    reader = Reader(scripted_server, token, create)
    await reader.read()
    whole = reader.frames.copy()
    turn = reader.last_id.rpartition(".")[0]
    for after in (0, 2, len(whole)):
        late = Reader(scripted_server, token, create)
        await late.read(last_id=f"{turn}.{after}")
        assert [frame.removeprefix(": ping\n") for frame in late.frames] == whole[after:]
        await late.close()
    await reader.close()


@pytest.mark.parametrize("last_id", ["trn_unknown.3", "3", "nonsense", "trn_1.x", ""])
async def test_an_unknown_event_begins_no_turn_and_is_one_error_event(
    scripted_server: ServerProcess, last_id: str
) -> None:
    token = scripted_server.jwt("rejoin-3")
    create = body_of("threads.create", {"input": said("Never said")})
    reader = Reader(scripted_server, token, create)
    await reader.read(last_id=last_id)
    (error,) = reader.events
    assert (error["type"], error["code"]) == ("error", "custom")
    assert "cannot be followed any more" in error["message"]
    assert (await scripted_server.read("threads.list", token))["data"] == []
    await reader.close()


async def test_the_answer_of_another_user_is_unknown(
    scripted_server: ServerProcess, model: ModelServer
) -> None:
    model.script("Secret.")
    create = body_of("threads.create", {"input": said("Go")})
    reader = Reader(scripted_server, scripted_server.jwt("rejoin-4"), create)
    await reader.read()
    stranger = Reader(scripted_server, scripted_server.jwt("rejoin-5"), create)
    await stranger.read(last_id=f"{reader.last_id.rpartition('.')[0]}.0")
    assert [event["type"] for event in stranger.events] == ["error"]
    await reader.close()
    await stranger.close()


async def test_a_choice_that_is_gone_is_an_error_event(scripted_server: ServerProcess) -> None:
    token = scripted_server.jwt("rejoin-6")
    for options in ({"model": "gone"}, {"tool_choice": {"id": "gone"}}):
        given = said("Hi") | {"inference_options": options}
        answer = await scripted_server.post(
            "/api/chatkit", token, json=body_of("threads.create", {"input": given})
        )
        assert answer.status_code == 200
        (event,) = events_in(answer.content)
        assert event["type"] == "error"
        assert "not offered any more" in event["message"]


async def test_an_error_outside_a_stream_says_its_message_twice(
    scripted_server: ServerProcess,
) -> None:
    answer = await scripted_server.get("/api/tasks/nothing", scripted_server.jwt("rejoin-7"))
    wire = answer.json()
    assert answer.status_code == 404
    assert wire["message"] == wire["error"]["message"]


async def test_what_is_not_there_can_be_deleted(scripted_server: ServerProcess) -> None:
    token = scripted_server.jwt("rejoin-8")
    for kind, params in (
        ("threads.delete", {"thread_id": "thr_nothing"}),
        ("attachments.delete", {"attachment_id": "atc_nothing"}),
    ):
        assert await scripted_server.read(kind, token, **params) == {}


async def test_a_task_names_its_user_and_put_without_a_title_merges(
    scripted_server: ServerProcess,
) -> None:
    token = scripted_server.jwt("rejoin-9")
    given = {"title": "tea", "description": "green", "tags": ["shop"], "priority": "high"}
    task = (await scripted_server.post("/api/tasks", token, json=given)).json()
    assert task["user_id"] == "rejoin-9"
    path = f"/api/tasks/{task['id']}"
    merged = await scripted_server.request("PUT", path, token, json={"completed": True})
    assert merged.json() == {
        **task,
        "completed": True,
        "completed_at": merged.json()["completed_at"],
        "updated_at": merged.json()["updated_at"],
    }
    replaced = (await scripted_server.request("PUT", path, token, json={"title": "milk"})).json()
    assert (replaced["title"], replaced["description"], replaced["tags"]) == ("milk", None, [])
    assert (await scripted_server.request("PUT", path, token, json={})).status_code == 400
