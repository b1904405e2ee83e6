"""Our streams beside those of the official SDK for the same flows, event by event.

Theirs are in official/streams.json, as official/record.py has recorded them. What is not the
same on purpose is taken out here, each with its reason.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.acceptance.server import ServerProcess, said
from tests.model_server import ModelServer, Status, call

pytestmark = pytest.mark.asyncio(loop_scope="module")

OFFICIAL: Final[dict[str, list[Any]]] = json.loads(
    Path(__file__).with_name("official").joinpath("streams.json").read_text(encoding="utf-8")
)
QUESTIONS: Final = {"questions": [{"question": "How urgent?", "options": ["Low", "High"]}]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(protocol_server: tuple[ServerProcess, ModelServer]) -> dict[str, list[Any]]:
    process, model = protocol_server
    token = process.jwt("wire")
    flows: dict[str, list[Any]] = {}

    async def play(flow: str, kind: str, **params: Any) -> list[Any]:
        flows[flow] = (await process.chat(kind, params, token)).events
        return flows[flow]

    model.script("Fine.")
    created = await play("created", "threads.create", input=said("Hello there"))
    thread = {"thread_id": created[0]["thread"]["id"]}
    model.script("Fine.")
    await play("followed", "threads.add_user_message", **thread, input=said("And now?"))
    model.script(call("get_cart", '{"full": true}'))
    await play("client tool", "threads.add_user_message", **thread, input=said("my cart"))
    model.script("Fine.")
    await play("client output", "threads.add_client_tool_output", **thread, result={"n": 2})
    model.script(call("ask_user", json.dumps(QUESTIONS)))
    asked = await play("questions", "threads.add_user_message", **thread, input=said("plan"))
    model.script("Fine.")
    await play(
        "answers",
        "threads.add_structured_input",
        **thread,
        item_id=asked[-1]["item"]["id"],
        input={"status": "answered", "answers": {"q1": {"values": ["High"]}}},
    )
    model.script("Fine.")
    await play("retried", "threads.retry_after_item", **thread, item_id=created[1]["item"]["id"])
    model.script(Status(401))
    await play("failed", "threads.create", input=said("fail"))
    return flows


def comparable(events: list[Any]) -> list[Any]:
    """With ids by the order in which they come, and without what is told below."""
    ids: dict[str, str] = {}

    def plain(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            kept = {key: plain(entry, key) for key, entry in value.items()}
            # Ours says from where images may come, always; the SDK's default says nothing.
            kept.pop("allowed_image_domains", None)
            return kept
        if isinstance(value, list):
            return [plain(entry) for entry in value]
        if name in ("id", "thread_id", "item_id") and re.match(r"(thr|msg|tc)_", value):
            return ids.setdefault(value, f"id {len(ids)}")
        # The SDK's times are local and have no zone; ours are UTC.
        return "a time" if name == "created_at" else value

    # A line of progress is told where something takes its time; the SDK tells none by itself.
    return [plain(event) for event in events if event["type"] != "progress_update"]


@pytest.mark.parametrize("flow", [flow for flow in OFFICIAL if flow != "failed"])
async def test_a_flow_is_streamed_as_the_official_sdk_streams_it(
    ours: dict[str, list[Any]], flow: str
) -> None:
    assert comparable(ours[flow]) == comparable(OFFICIAL[flow])


async def test_a_failure_ends_as_the_official_sdk_ends_it(ours: dict[str, list[Any]]) -> None:
    *mine, titled, error = comparable(ours["failed"])
    *theirs, their_error = comparable(OFFICIAL["failed"])
    assert mine == theirs
    # Ours names the thread though the answer failed, so that it is found in the history,
    assert titled["type"] == "thread.updated"
    # and has its own sentence.
    assert {**error, "message": ""} == {**their_error, "message": ""}
