"""Conversations that use the whole protocol, played once against a server process.

    seen = await Player(server, model).play()

`model` is the scripted provider behind that server, which has `CLIENT_TOOLS` and models for images
and dictation.
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final

from tests.acceptance.server import Answer, ServerProcess, delta_of, said
from tests.model_server import ModelServer
from tests.model_steps import PNG, Reply, Status, call, cite, reasoning

CLIENT_TOOLS: Final = [
    {
        "name": "get_cart",
        "description": "What is in the cart.",
        "parameters": {"type": "object", "properties": {"full": {"type": "boolean"}}},
    }
]
QUESTIONS: Final = {"questions": [{"question": "How urgent?", "options": ["Low", "High"]}]}
DRAFT: Final = {"title": "To Ana", "text": "Dear Ana, it rains."}


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
        await self.cancelled()
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
        self.seen.replies.append(("attachments.create", direct.json()))
        await self.read("attachments.get_preview", attachment_id=direct.json()["id"])
        unwanted = await self.read("attachments.create", **params)
        await self.read("attachments.delete", attachment_id=unwanted["id"])
        late = unwanted["upload_descriptor"]
        refused = await self.server.http.request(
            late["method"], late["url"], content=PNG, headers=late["headers"]
        )
        self.seen.facts["upload after deletion"] = refused.status_code
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
        self.model.script(call("write_draft", '{"title": "Mail", "text": "De'))
        self.model.script("Sorry.")
        await self.stream("broken draft", "threads.create", input=said("Draft a mail"))
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
        shown = await self.read("threads.get_by_id", thread_id=first.thread_id)
        self.seen.facts["locked"] = shown["status"]
        await self.read("threads.delete", thread_id=first.thread_id)
        gone = await self.server.ask(
            "threads.get_by_id", {"thread_id": first.thread_id}, self.token
        )
        self.seen.facts["deleted"] = gone.status_code

    async def cancelled(self) -> None:
        rest = asyncio.Event()
        self.model.script("Half an ", rest, "answer.")
        answer = Answer()
        params = {"input": said("Go on")}
        async with self.server.stream("threads.create", params, self.token) as events:
            async for event in events:
                answer.events.append(event)
                if delta_of(event):
                    path = f"/api/chatkit/threads/{answer.thread_id}/cancel"
                    reply = await self.server.post(path, self.token)
                    self.seen.facts["cancelled"] = reply.json()
        rest.set()
        self.seen.flows["cancelled"] = answer.kinds
        self.seen.events += answer.events
        self.seen.facts["after cancel"] = await self.server.texts(answer.thread_id, self.token)

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
