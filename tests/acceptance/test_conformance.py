"""The whole protocol over HTTP: every request, event, update and kind of item, in its order.

One conversation after the other is played once against a server process with a scripted provider;
the tests look at what was seen. The orders are those of protocol.md, section 21.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from chatkit.protocol.requests import _PARSERS
from store.embedded import EmbeddedPostgres
from tests.acceptance.server import SECRET, Answer, ServerProcess, said
from tests.acceptance.test_official_types import Sent, differences, official_python
from tests.conftest import fresh_database
from tests.model_server import PNG, ModelServer, Reply, Status, call, cite, reasoning

__all__ = ["official_python"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENT_TOOLS: Final = [
    {
        "name": "get_cart",
        "description": "What is in the cart.",
        "parameters": {"type": "object", "properties": {"full": {"type": "boolean"}}},
    }
]
QUESTIONS: Final = {"questions": [{"question": "How urgent?", "options": ["Low", "High"]}]}
DRAFT: Final = {"title": "To Ana", "text": "Dear Ana, it rains."}
TEXT: Final = ["thread.item.added", "added", "text_delta", "done", "thread.item.done"]
CREATED: Final = ["thread.created", "thread.item.done", "stream_options"]
FOLLOWING: Final = ["thread.item.done", "stream_options"]
CALLED: Final = ["thread.item.added", "workflow.task.added", "workflow.task.updated"]


@dataclass
class Seen:
    """What the flows left: each one's kinds of events, and all that was sent."""

    flows: dict[str, list[str]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    replies: list[tuple[str, Any]] = field(default_factory=list)
    requests: set[str] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)


class Player:
    """A user who plays the flows."""

    def __init__(self, server: ServerProcess, model: ModelServer) -> None:
        self.server = server
        self.model = model
        self.token = server.jwt("ana")
        self.seen = Seen()

    async def stream(self, flow: str, kind: str, /, **params: Any) -> Answer:
        """A streaming request, noted under the name of the flow."""
        self.seen.requests.add(kind)
        answer = await self.server.chat(kind, params, self.token)
        self.seen.flows[flow] = answer.kinds
        self.seen.events += answer.events
        return answer

    async def read(self, operation: str, /, **params: Any) -> Any:
        """A request that is answered with JSON."""
        self.seen.requests.add(operation)
        answer = await self.server.ask(operation, params, self.token)
        assert answer.status_code == 200, answer.text
        self.seen.replies.append((operation, answer.json()))
        return answer.json()

    async def play(self) -> Seen:
        """All flows."""
        thread = await self.first_messages()
        await self.cards(thread)
        await self.page_and_user(thread)
        await self.drafts_and_images(thread)
        await self.files()
        await self.repeated_and_refused(thread)
        await self.reads(thread)
        return self.seen

    async def first_messages(self) -> str:
        self.model.script("We open at nine.", cite("https://shop.example/hours", "Hours", 16))
        created = await self.stream("created", "threads.create", input=said("When do you open?"))
        thread = created.thread_id
        self.model.script("Yes.")
        await self.stream("followed", "threads.add_user_message", thread_id=thread, input=said("?"))
        self.model.script(reasoning("Let me think. "), reasoning("Done."), "Right.")
        await self.stream(
            "reasoned", "threads.add_user_message", thread_id=thread, input=said("Why?")
        )
        self.model.script(call("add_task", '{"title": "Buy milk"}'))
        self.model.script("Added Buy milk.")
        await self.stream(
            "tool", "threads.add_user_message", thread_id=thread, input=said("Add it")
        )
        return thread

    async def cards(self, thread: str) -> None:
        self.model.script(call("list_tasks", "{}"))
        self.model.script()  # the card is the answer
        listed = await self.stream(
            "card", "threads.add_user_message", thread_id=thread, input=said("List")
        )
        (card,) = (item for item in listed.done if item["type"] == "widget")
        (task,) = (await self.server.get("/api/tasks", self.token)).json()
        of_card = {"thread_id": thread, "item_id": card["id"]}
        tick = {"type": "task.complete", "payload": {"task_id": task["id"], "completed": True}}
        ticked = await self.read("threads.sync_custom_action", **of_card, action=tick)
        assert ticked["updated_item"]["id"] == card["id"]
        edit = {"type": "task.edit", "payload": {"task_id": task["id"]}}
        await self.stream("edit", "threads.custom_action", **of_card, action=edit)
        save = {"type": "task.save", "payload": {"task_id": task["id"], "title": "Buy oat milk"}}
        await self.stream("save", "threads.custom_action", **of_card, action=save)
        odd = {"type": "sell.soul", "payload": None}
        await self.stream("unknown action", "threads.custom_action", **of_card, action=odd)
        assert await self.server.tasks(self.token) == [("Buy oat milk", True)]

    async def page_and_user(self, thread: str) -> None:
        cart = {"thread_id": thread, "input": said("What is in my cart?")}
        self.model.script(call("get_cart", '{"full": true}'))
        await self.stream("client tool", "threads.add_user_message", **cart)
        self.model.script("Two apples.")
        output = {"thread_id": thread, "result": {"apples": 2}}
        await self.stream("client output", "threads.add_client_tool_output", **output)
        self.model.script(call("ask_user", json.dumps(QUESTIONS)))
        plan = {"thread_id": thread, "input": said("Plan my day")}
        asked = await self.stream("questions", "threads.add_user_message", **plan)
        self.model.script("Noted.")
        answers = {"q1": {"values": ["High"]}}
        await self.stream(
            "answers",
            "threads.add_structured_input",
            thread_id=thread,
            item_id=asked.done[-1]["id"],
            input={"status": "answered", "answers": answers},
        )

    async def drafts_and_images(self, thread: str) -> None:
        arguments = json.dumps(DRAFT)
        self.model.pace_s = 0.02  # so that the card is seen to grow
        pieces = [call(None, arguments[start : start + 10]) for start in range(0, 60, 10)]
        self.model.script(call("write_draft", ""), *pieces)
        self.model.script()
        draft = await self.stream(
            "draft", "threads.add_user_message", thread_id=thread, input=said("Write to Ana")
        )
        self.model.pace_s = 0.0
        (card,) = (item for item in draft.done if item["type"] == "widget")
        self.seen.facts["draft"] = card
        await self.stream(
            "draft saved",
            "threads.custom_action",
            thread_id=thread,
            item_id=card["id"],
            action={"type": "draft.save_as_task", "payload": {}},
        )
        self.model.script(call("generate_image", '{"prompt": "a cat"}'))
        slow = asyncio.Event()
        asyncio.get_running_loop().call_later(1, slow.set)  # long enough to be told of
        picture = {"created": 1, "data": [{"b64_json": base64.b64encode(PNG).decode()}]}
        self.model.script(slow, Reply(json.dumps(picture).encode()))
        self.model.script("There.")
        drawn = await self.stream(
            "image", "threads.add_user_message", thread_id=thread, input=said("Draw a cat")
        )
        (item,) = (item for item in drawn.done if item["type"] == "generated_image")
        shown = await self.server.http.get(item["image"]["url"])
        self.seen.facts["image"] = (shown.status_code, shown.content)

    async def files(self) -> None:
        params = {"name": "cat.png", "size": len(PNG), "mime_type": "image/png"}
        created = await self.read("attachments.create", **params)
        target = created["upload_descriptor"]
        put = await self.server.http.request(
            target["method"], target["url"], content=PNG, headers=target["headers"]
        )
        assert put.status_code == 200, put.text
        form = {"file": ("notes.txt", b"Eggs", "text/plain")}
        direct = await self.server.post("/api/chatkit/upload", self.token, files=form)
        assert direct.status_code == 200, direct.text
        unwanted = await self.read("attachments.create", **params)
        await self.read("attachments.delete", attachment_id=unwanted["id"])
        given = {**said("Look"), "attachments": [created["id"], direct.json()["id"]]}
        self.model.script("A cat, and eggs.")
        sent = await self.stream("files", "threads.create", input=given)
        attachments = sent.done[0]["attachments"]
        shown = await self.server.http.get(attachments[0]["preview_url"])
        self.seen.facts["preview"] = (shown.status_code, shown.content)
        self.seen.facts["attachments"] = attachments
        self.seen.facts["given to the model"] = self.model.requests[-1].body["messages"][-1]
        await self.read("items.list", thread_id=sent.thread_id)

    async def repeated_and_refused(self, thread: str) -> None:
        self.model.script("Old.")
        first = await self.stream("before retry", "threads.create", input=said("Once"))
        self.model.script("New.")
        again = {"thread_id": first.thread_id, "item_id": first.message_id}
        await self.stream("retried", "threads.retry_after_item", **again)
        self.seen.facts["after retry"] = await self.server.texts(first.thread_id, self.token)
        self.model.script(" ")
        await self.stream("blank", "threads.create", input=said("Say nothing"))
        self.model.script(Status(401))
        await self.stream("failed", "threads.create", input=said("Fail"))
        await self.stream("resumed", "threads.resume", thread_id=thread)
        audio = base64.b64encode(b"RIFF....WAVE").decode()
        heard = await self.read("input.transcribe", audio_base64=audio, mime_type="audio/wav")
        self.seen.facts["heard"] = heard
        await self.read(
            "items.feedback", thread_id=thread, item_ids=[first.message_id], kind="positive"
        )
        status = {"type": "locked", "reason": "Sleeping."}
        path = f"/api/chatkit/threads/{first.thread_id}/status"
        assert (await self.server.request("PUT", path, self.token, json=status)).status_code == 200
        locked = {"thread_id": first.thread_id, "input": said("Hello?")}
        await self.stream("locked", "threads.add_user_message", **locked)
        await self.read("threads.get_by_id", thread_id=first.thread_id)
        await self.read("threads.delete", thread_id=first.thread_id)

    async def reads(self, thread: str) -> None:
        await self.read("threads.update", thread_id=thread, title="Hours")
        await self.read("threads.update", thread_id=thread, metadata={"mine": 1})
        await self.read("threads.list", limit=9999)
        pages: dict[str, list[str]] = {}
        for order in ("asc", "desc"):
            after, ids = None, []
            while True:
                page = await self.read(
                    "items.list", thread_id=thread, order=order, limit=7, after=after
                )
                ids += [item["id"] for item in page["data"]]
                if not page["has_more"]:
                    break
                after = page["after"]
            pages[order] = ids
        self.seen.facts["pages"] = pages


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(postgres_server: EmbeddedPostgres) -> AsyncIterator[tuple[ServerProcess, Any]]:
    async with (
        ModelServer() as model,
        fresh_database(postgres_server) as database_url,
        ServerProcess(
            DATABASE_URL=database_url,
            BETTER_AUTH_SECRET=SECRET,
            MODEL="openai/scripted",
            MODEL_API_BASE=model.api_base,
            MODEL_API_KEY="x",
            TITLE_MODEL="demo/tasks",
            IMAGE_MODEL="openai/painter",
            TRANSCRIBE_MODEL="openai/listener",
            CLIENT_TOOLS=json.dumps(CLIENT_TOOLS),
            RATE_LIMIT_USER="200/minute",
        ) as process,
    ):
        yield process, model
        assert "Traceback" not in process.stderr, process.stderr


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen(server: tuple[ServerProcess, ModelServer]) -> Seen:
    """The flows, played once."""
    return await Player(*server).play()


FLOWS: Final[dict[str, list[str]]] = {
    "created": [
        *(*CREATED, *TEXT[:3], "annotation_added", *TEXT[3:], "thread.updated"),
    ],
    "followed": [*FOLLOWING, *TEXT],
    "reasoned": [*FOLLOWING, *CALLED, "thread.item.done", *TEXT],
    "tool": [
        *(*FOLLOWING, *CALLED, "client_effect", "thread.item.done"),
        *(*TEXT[:3], "annotation_added", *TEXT[3:]),
    ],
    # the workflow, the card, and the end of the turn
    "card": [*FOLLOWING, *CALLED, *["thread.item.done"] * 3],
    "edit": ["stream_options", "thread.item.replaced"],
    "save": ["stream_options", "thread.item.replaced", "client_effect"],
    "unknown action": ["error"],
    "client tool": [*FOLLOWING, "thread.item.done"],
    "client output": ["stream_options", *TEXT],
    "questions": [*FOLLOWING, "thread.item.done"],
    "answers": ["stream_options", "thread.item.replaced", *TEXT],
    "draft saved": ["stream_options", "thread.item.replaced", "client_effect"],
    "image": [
        *(*FOLLOWING, *CALLED, "thread.item.done"),
        *("thread.item.added", "generated_image.updated", "thread.item.done", *TEXT),
    ],
    # the step that says which files were read
    "files": [*CREATED, "thread.item.done", *TEXT, "thread.updated"],
    "retried": ["stream_options", *TEXT],
    "blank": [*CREATED, *TEXT[:3], "thread.item.removed", "thread.item.done", "thread.updated"],
    "failed": [*CREATED, "thread.updated", "error"],
    "resumed": [],
    "locked": ["error"],
}


@pytest.mark.parametrize("flow", FLOWS)
async def test_the_events_of_a_flow_come_in_their_order(seen: Seen, flow: str) -> None:
    assert seen.flows[flow] == FLOWS[flow]


async def test_a_draft_is_seen_to_grow(seen: Seen) -> None:
    kinds = seen.flows["draft"]
    assert kinds[:3] == [*FOLLOWING, "thread.item.added"]
    assert kinds.count("widget.streaming_text.value_delta") > 2
    assert kinds[-4:] == [
        "widget.component.updated",
        "widget.root.updated",
        "thread.item.done",  # the card, and the end of the turn
        "thread.item.done",
    ]
    assert seen.facts["draft"]["copy_text"] == DRAFT["text"]


async def test_every_request_was_played(seen: Seen) -> None:
    assert seen.requests == set(_PARSERS)


async def test_every_event_update_and_kind_of_item_was_seen(seen: Seen) -> None:
    assert {event["type"] for event in seen.events} >= {
        *("thread.created", "thread.updated", "thread.item.added", "thread.item.updated"),
        *("thread.item.done", "thread.item.removed", "thread.item.replaced", "stream_options"),
        *("progress_update", "client_effect", "error"),
    }
    part = "assistant_message.content_part"
    updates = {event["update"]["type"] for event in seen.events if "update" in event}
    assert updates == {
        *(f"{part}.added", f"{part}.text_delta", f"{part}.annotation_added", f"{part}.done"),
        *("widget.streaming_text.value_delta", "widget.component.updated", "widget.root.updated"),
        *("workflow.task.added", "workflow.task.updated", "generated_image.updated"),
    }
    listed = {
        item["type"] for kind, page in seen.replies if kind == "items.list" for item in page["data"]
    }
    assert listed == {
        *("user_message", "assistant_message", "client_tool_call", "widget", "generated_image"),
        *("structured_input", "workflow", "task", "end_of_turn"),
    }


async def test_nothing_hidden_is_sent(seen: Seen) -> None:
    sent = json.dumps([seen.events, seen.replies])
    assert "hidden_context" not in sent
    assert "chatkit-file:" not in sent
    assert "sdk_hidden" not in sent


async def test_pages_hold_every_item_once_in_both_orders(seen: Seen) -> None:
    pages = seen.facts["pages"]
    assert pages["asc"] == pages["desc"][::-1]
    assert len(set(pages["asc"])) == len(pages["asc"]) > 20


async def test_files_reach_the_model_and_the_page(seen: Seen) -> None:
    assert seen.facts["image"] == (200, PNG)
    assert seen.facts["preview"] == (200, PNG)
    assert [attachment["type"] for attachment in seen.facts["attachments"]] == ["image", "file"]
    assert all(attachment["thread_id"] for attachment in seen.facts["attachments"])
    words, image, text = seen.facts["given to the model"]["content"]
    assert words == {"type": "text", "text": "Look"}
    assert image["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert "Eggs" in text["text"]


async def test_a_retry_answers_anew_and_speech_becomes_words(seen: Seen) -> None:
    assert seen.facts["after retry"] == ["Once", "New."]
    assert isinstance(seen.facts["heard"]["text"], str)


async def test_all_of_it_is_of_the_official_types(seen: Seen, official_python: Path) -> None:
    known = ("threads.get_by_id", "threads.list", "threads.update", "items.list", "threads.delete")
    sent: list[Sent] = [("event", event) for event in seen.events]
    sent += [(kind, value) for kind, value in seen.replies if kind in known]
    assert differences(official_python, sent) == []


async def test_who_comes_near_a_limit_is_told(
    postgres_server: EmbeddedPostgres,
) -> None:
    async with (
        fresh_database(postgres_server) as database_url,
        ServerProcess(
            DATABASE_URL=database_url,
            BETTER_AUTH_SECRET=SECRET,
            RATE_LIMIT_USER="6/hour",
        ) as limited,
    ):
        first = await limited.say("What can you help me with?", limited.jwt("eve"))
        assert first.of("notice") == []
        second = await limited.say("What can you help me with, again?", limited.jwt("eve"))
        assert second.kinds[:4] == [
            "thread.created",
            "thread.item.done",
            "notice",
            "stream_options",
        ]
        (notice,) = second.of("notice")
        assert notice["level"] == "warning"
        assert "4 more requests" in notice["message"]
