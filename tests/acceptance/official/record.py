"""Records what the official SDK streams for a few flows, for tests/acceptance/test_wire.py.

Runs where the SDK is installed, whose import name is ours as well:

    python -m venv /tmp/official && /tmp/official/bin/pip install openai-chatkit==1.6.5
    cd tests/acceptance/official && /tmp/official/bin/python -I record.py > streams.json

The answers are those that the test scripts for our server. What an answer's text is made of is
written by hand here, as the SDK's own bridge from agents does it; all else is the SDK's pipeline.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from chatkit import types as t
from chatkit.errors import CustomStreamError
from chatkit.server import ChatKitServer, StreamingResult
from chatkit.store import NotFoundError, Store
from chatkit.widgets import Card, Text


class Memory(Store[None]):
    """Threads and items in dicts, in the order in which they came."""

    def __init__(self) -> None:
        self.threads: dict[str, Any] = {}
        self.items: dict[str, dict[str, Any]] = {}

    async def load_thread(self, thread_id: str, context: None) -> Any:
        if thread_id not in self.threads:
            raise NotFoundError(thread_id)
        return self.threads[thread_id].model_copy(deep=True)

    async def save_thread(self, thread: Any, context: None) -> None:
        self.threads[thread.id] = thread.model_copy(deep=True)
        self.items.setdefault(thread.id, {})

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: None
    ) -> Any:
        items = list(self.items[thread_id].values())
        items = items if order == "asc" else items[::-1]
        if after is not None:
            place = [item.id for item in items].index(after)
            items = items[place + 1 :]
        return t.Page(data=items[:limit], has_more=len(items) > limit)

    async def load_threads(self, limit: int, after: Any, order: str, context: None) -> Any:
        return t.Page(data=list(self.threads.values()))

    async def add_thread_item(self, thread_id: str, item: Any, context: None) -> None:
        self.items[thread_id][item.id] = item

    async def save_item(self, thread_id: str, item: Any, context: None) -> None:
        self.items[thread_id][item.id] = item

    async def load_item(self, thread_id: str, item_id: str, context: None) -> Any:
        return self.items[thread_id][item_id]

    async def delete_thread(self, thread_id: str, context: None) -> None:
        del self.threads[thread_id]

    async def delete_thread_item(self, thread_id: str, item_id: str, context: None) -> None:
        del self.items[thread_id][item_id]

    async def save_attachment(self, attachment: Any, context: None) -> None:
        raise NotImplementedError

    async def load_attachment(self, attachment_id: str, context: None) -> Any:
        raise NotImplementedError

    async def delete_attachment(self, attachment_id: str, context: None) -> None:
        raise NotImplementedError


class Scripted(ChatKitServer[None]):
    """Answers by what the message says."""

    ids = count(1)

    def _item(self, kind: Any, thread: Any, **fields: Any) -> Any:
        common = {"thread_id": thread.id, "created_at": datetime.now(UTC)}
        return kind(id=f"msg_own{next(self.ids)}", **common, **fields)

    async def _say(self, thread: Any, text: str) -> AsyncIterator[Any]:
        message = self._item(t.AssistantMessageItem, thread, content=[])
        yield t.ThreadItemAddedEvent(item=message)
        part = t.AssistantMessageContent(text="")
        updates = [
            t.AssistantMessageContentPartAdded(content_index=0, content=part),
            t.AssistantMessageContentPartTextDelta(content_index=0, delta=text),
        ]
        whole = t.AssistantMessageContent(text=text)
        updates.append(t.AssistantMessageContentPartDone(content_index=0, content=whole))
        for update in updates:
            yield t.ThreadItemUpdatedEvent(item_id=message.id, update=update)
        yield t.ThreadItemDoneEvent(item=message.model_copy(update={"content": [whole]}))

    async def respond(
        self, thread: Any, input_user_message: Any, context: None
    ) -> AsyncIterator[Any]:
        asked = input_user_message.content[0].text if input_user_message is not None else ""
        if "cart" in asked:
            yield t.ThreadItemDoneEvent(
                item=self._item(
                    t.ClientToolCallItem,
                    thread,
                    call_id="call_0",
                    name="get_cart",
                    arguments={"full": True},
                )
            )
        elif "plan" in asked:
            question = t.StructuredInputMultipleChoice(
                id="q1",
                question="How urgent?",
                options=[
                    t.StructuredInputMultipleChoiceOption(value="Low"),
                    t.StructuredInputMultipleChoiceOption(value="High"),
                ],
            )
            yield t.ThreadItemDoneEvent(
                item=self._item(t.StructuredInputItem, thread, inputs=[question])
            )
        elif "fail" in asked:
            raise CustomStreamError("No.", allow_retry=False)
        else:
            async for event in self._say(thread, "Fine."):
                yield event
            if thread.title is None:
                thread.title = asked

    async def action(
        self, thread: Any, action: Any, sender: Any, context: None
    ) -> AsyncIterator[Any]:
        card = Card(children=[Text(value="Sent")])
        yield t.ThreadItemReplacedEvent(item=sender.model_copy(update={"widget": card}))
        yield t.ClientEffectEvent(name="mail/sent", data={"to": "ana"})


def said(text: str) -> dict[str, Any]:
    """A message of text."""
    content = [{"type": "input_text", "text": text}]
    return {"content": content, "attachments": [], "inference_options": {}}


async def record() -> dict[str, list[Any]]:
    """The events of each flow."""
    server = Scripted(Memory())
    flows: dict[str, list[Any]] = {}

    async def play(flow: str, kind: str, **params: Any) -> list[Any]:
        result = await server.process(json.dumps({"type": kind, "params": params}), None)
        assert isinstance(result, StreamingResult)
        flows[flow] = [json.loads(frame.removeprefix(b"data: ")) async for frame in result]
        return flows[flow]

    created = await play("created", "threads.create", input=said("Hello there"))
    thread = {"thread_id": created[0]["thread"]["id"]}
    await play("followed", "threads.add_user_message", **thread, input=said("And now?"))
    await play("client tool", "threads.add_user_message", **thread, input=said("my cart"))
    await play("client output", "threads.add_client_tool_output", **thread, result={"n": 2})
    asked = await play("questions", "threads.add_user_message", **thread, input=said("plan"))
    await play(
        "answers",
        "threads.add_structured_input",
        **thread,
        item_id=asked[-1]["item"]["id"],
        input={"status": "answered", "answers": {"q1": {"values": ["High"]}}},
    )
    await play("retried", "threads.retry_after_item", **thread, item_id=created[1]["item"]["id"])
    await play("failed", "threads.create", input=said("fail"))
    return flows


if __name__ == "__main__":
    json.dump(asyncio.run(record()), sys.stdout, indent=1, ensure_ascii=False)
