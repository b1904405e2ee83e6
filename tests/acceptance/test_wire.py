"""Our streams beside those of the official SDK for the same flows, event by event.

Theirs are in official/streams.json, as official/record.py has recorded them. What is not the
same on purpose is taken out here, each with its reason.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from chatkit.answer.drafting import read_draft
from chatkit.protocol.widgets import apply
from tests.acceptance.conftest import provider
from tests.acceptance.server import SECRET, ServerProcess, delta_of, said
from tests.model_server import ModelServer
from tests.model_steps import Status, call, cite, picture, reasoning

pytestmark = pytest.mark.asyncio(loop_scope="module")

OFFICIAL: Final[dict[str, list[Any]]] = json.loads(
    Path(__file__).with_name("official").joinpath("streams.json").read_text(encoding="utf-8")
)
QUESTIONS: Final = {"questions": [{"question": "How urgent?", "options": ["Low", "High"]}]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(
    protocol_server: tuple[ServerProcess, ModelServer], protocol_database: str
) -> dict[str, list[Any]]:
    process, model = protocol_server
    token = process.jwt("wire")
    flows: dict[str, list[Any]] = {}

    async def play(flow: str, kind: str, *gates: asyncio.Event, **params: Any) -> list[Any]:
        """Each update that is read opens the next gate, at which the model waits."""
        flows[flow], closed = [], [*gates]
        async with process.stream(kind, params, token) as events:
            async for event in events:
                flows[flow].append(event)
                if closed and event["type"] == "thread.item.updated":
                    closed.pop(0).set()
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
    gate, second = asyncio.Event(), asyncio.Event()
    model.script(reasoning("Let me think. "), gate, reasoning("Done."), "Right.")
    await play("reasoned", "threads.create", gate, input=said("why?"))
    model.script("At nine.", cite("https://shop.example/hours", "Hours", 8))
    await play("annotated", "threads.create", input=said("When do you open?"))
    model.script(call("add_task", '{"title": "tea"}'))
    model.script("Added.")
    await play("tool", "threads.create", input=said("add tea"))
    gate = asyncio.Event()
    title, begun, rest = '{"title": "To Ana"', ', "text": "Dear ', 'Ana"}'
    draft = call("write_draft", title)
    model.script(draft, gate, call(None, begun), second, call(None, rest))
    model.script()
    await play("draft", "threads.create", gate, second, input=said("draft a mail"))
    model.script(call("generate_image", '{"prompt": "a cat"}'))
    model.script(picture())
    model.script("There.")
    await play("image", "threads.create", input=said("draw"))
    await process.post("/api/tasks", token, json={"title": "milk"})
    model.script(call("list_tasks", "{}"))
    model.script()
    listed = await process.chat("threads.create", {"input": said("card")}, token)
    (card,) = (item for item in listed.done if item["type"] == "widget")
    offered = objects_with("payload", card["widget"])
    action = next(each for each in offered if each["type"] == "task.complete")
    await play(
        "acted",
        "threads.custom_action",
        thread_id=listed.thread_id,
        item_id=card["id"],
        action={"type": action["type"], "payload": action["payload"]},
    )
    flows["stopped"] = [await stopped(process, model, token)]
    limited = {
        **provider(model),
        "DATABASE_URL": protocol_database,
        "BETTER_AUTH_SECRET": SECRET,
        "RATE_LIMIT_USER": "3/minute",
    }
    async with ServerProcess(limited) as strict:
        model.script("Fine.")
        noticed = await strict.chat("threads.create", {"input": said("few left")}, token)
    flows["noticed"] = noticed.events
    return flows


async def stopped(process: ServerProcess, model: ModelServer, token: str) -> Any:
    """What is listed of a thread whose answer was stopped in its middle."""
    rest = asyncio.Event()
    model.script("Half", rest)
    params = {"input": said("stop")}
    thread_id = ""
    async with process.stream("threads.create", params, token) as events:
        async for event in events:
            if event["type"] == "thread.created":
                thread_id = event["thread"]["id"]
            if delta_of(event):
                await process.post(f"/api/chatkit/threads/{thread_id}/cancel", token)
    rest.set()
    page = await process.read("items.list", token, thread_id=thread_id, order="asc")
    # Ours ends with a step which says that the answer was stopped; the SDK leaves no mark that a
    # client shows.
    assert page["data"].pop()["type"] == "task"
    return page


def objects_with(member: str, value: Any) -> Iterator[Any]:
    """Every object that has the member, wherever it is."""
    if isinstance(value, dict):
        if member in value:
            yield value
        for inner in value.values():
            yield from objects_with(member, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects_with(member, inner)


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
        if name in ("id", "thread_id", "item_id") and re.match(r"(thr|msg|tc|wf)_", value):
            return ids.setdefault(value, f"id {len(ids)}")
        # The SDK's times are local and have no zone; ours are UTC.
        return "a time" if name == "created_at" else value

    # A line of progress is told where something takes its time; the SDK tells none by itself.
    return [plain(event) for event in events if event.get("type") != "progress_update"]


def of_thoughts(events: list[Any]) -> list[Any]:
    """The SDK's thoughts do not say whether they are under way, ours are loading and complete. It
    tells the last state of a thought twice."""
    for task in objects_with("status_indicator", events):
        task["status_indicator"] = "none"
    return [event for event, _ in groupby(events)]


def of_tools(events: list[Any]) -> list[Any]:
    """The SDK's workflow appears with its first step in it, ours empty before its first step. The
    effect of a tool, which tells the page to read the tasks again, is ours alone."""
    told: list[Any] = []
    for event in without("client_effect", events):
        told.append(event)
        if event["type"] == "thread.item.added" and event["item"]["type"] == "workflow":
            first, event["item"]["workflow"]["tasks"] = event["item"]["workflow"]["tasks"], []
            told += [
                {
                    "type": "thread.item.updated",
                    "item_id": event["item"]["id"],
                    "update": {"type": "workflow.task.added", "task_index": 0, "task": task},
                }
                for task in first
            ]
    return told


def of_sources(events: list[Any]) -> list[Any]:
    """The SDK's part is done without its sources, which only the item holds; ours has them."""
    for event in events:
        if event.get("update", {}).get("type") == "assistant_message.content_part.done":
            event["update"]["content"]["annotations"] = []
    return events


def of_cards(events: list[Any]) -> list[Any]:
    """The SDK sends the whole tree where ours sends the component that has changed, so it is told
    what a client shows after each update. Ours also ends a text (`done`), knows what to copy when
    all is there, and says that the turn ends where nothing follows a card."""
    told: list[Any] = []
    widget: Any = None
    for event in events:
        item = event.get("item", {})
        if item.get("type") == "end_of_turn":
            continue
        if event["type"] == "thread.item.updated":
            widget = apply(widget, event["update"])
            event = {**event, "update": read_draft(widget)}
            if event == told[-1]:
                continue
        elif event["type"] == "thread.item.added":
            widget = item["widget"]
            item.pop("copy_text", None)
        told.append(event)
    return told


def of_images(events: list[Any]) -> list[Any]:
    """An image is a tool's work with us, which a workflow shows before. Ours has a URL of its own
    and ends with the whole image at 1; the SDK's has its bytes in the URL, and a sketch."""
    for image in (event.get("update", event.get("item", {})).get("image") for event in events):
        if image is not None:
            image.update(id="an image", url="a URL")
    for event in events:
        event.get("update", {}).pop("progress", None)
    flows = {event["item"]["id"] for event in events if is_workflow(event.get("item", {}))}
    return [
        event
        for event in events
        if event.get("item_id") not in flows and event.get("item", {}).get("id") not in flows
    ]


def of_actions(events: list[Any]) -> list[Any]:
    """There is nothing to stop in an action of ours; what its card shows and which task it was is
    ours."""
    options, replaced, effect = events
    options["stream_options"]["allow_cancel"] = True
    replaced["item"]["widget"] = "a card"
    replaced["item"].pop("copy_text", None)
    effect["data"].pop("task_id", None)
    return events


def of_notices(events: list[Any]) -> list[Any]:
    """What is known before the answer is told at once with us, before the stream's options."""
    (notice,) = (event for event in events if event["type"] == "notice")
    assert notice.pop("message").strip()
    notice.pop("title", None)
    return [notice, *without("notice", events)]


DIFFERENCES: Final[dict[str, Callable[[list[Any]], list[Any]]]] = {
    "reasoned": of_thoughts,
    "tool": of_tools,
    "annotated": of_sources,
    "draft": of_cards,
    "image": of_images,
    "acted": of_actions,
    "noticed": of_notices,
}


def without(kind: str, events: list[Any]) -> list[Any]:
    return [event for event in events if event["type"] != kind]


def is_workflow(item: dict[str, Any]) -> bool:
    return item.get("type") == "workflow"


@pytest.mark.parametrize("flow", [flow for flow in OFFICIAL if flow != "failed"])
async def test_a_flow_is_streamed_as_the_official_sdk_streams_it(
    ours: dict[str, list[Any]], flow: str
) -> None:
    same = DIFFERENCES.get(flow, list)
    mine, theirs = (same(deepcopy(flows[flow])) for flows in (ours, OFFICIAL))
    assert comparable(mine) == comparable(theirs)


async def test_a_failure_ends_as_the_official_sdk_ends_it(ours: dict[str, list[Any]]) -> None:
    *mine, titled, error = comparable(ours["failed"])
    *theirs, their_error = comparable(OFFICIAL["failed"])
    assert mine == theirs
    # Ours names the thread though the answer failed, so that it is found in the history,
    assert titled["type"] == "thread.updated"
    # and has its own sentence.
    assert {**error, "message": ""} == {**their_error, "message": ""}
