"""Records what the official SDK streams for a few flows, for tests/acceptance/test_wire.py.

Runs where the SDK is installed, whose import name is ours as well:

    python -m venv /tmp/official && /tmp/official/bin/pip install openai-chatkit==1.6.5
    cd tests/acceptance/official && /tmp/official/bin/python -I record.py > streams.json

The answers are those that the test scripts for our server. What a model streams is given to the
SDK's bridge from agents in the shape of the Responses API; all else is the SDK's own pipeline.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace
from typing import Any

from chatkit import types as t
from chatkit.actions import ActionConfig
from chatkit.agents import AgentContext, stream_agent_response
from chatkit.errors import CustomStreamError
from chatkit.server import ChatKitServer, NonStreamingResult, StreamingResult
from chatkit.store import NotFoundError, Store
from chatkit.widgets import Button, Caption, Card, Markdown, Row, Text, Title

PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


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


class Run:
    """What an agent would stream: events of the Responses API, and what tools do in between."""

    def __init__(self, *steps: Any) -> None:
        self._steps = steps

    async def stream_events(self) -> AsyncIterator[Any]:
        for step in self._steps:
            if callable(step):
                await step()
            else:
                yield SimpleNamespace(type="raw_response_event", data=step)
            await asyncio.sleep(0.01)  # the bridge takes what a tool has put into its queue


def raw(kind: str, **fields: Any) -> SimpleNamespace:
    """An event of the Responses API."""
    return SimpleNamespace(type=f"response.{kind}", **fields)


def spoken(item_id: str, text: str, *annotations: Any) -> list[Any]:
    """A message of one part."""
    at = {"item_id": item_id, "content_index": 0}
    empty = SimpleNamespace(type="output_text", text="", annotations=[])
    whole = SimpleNamespace(type="output_text", text=text, annotations=list(annotations))
    return [
        raw("output_item.added", item=SimpleNamespace(type="message", id=item_id, content=[])),
        raw("content_part.added", **at, part=empty),
        raw("output_text.delta", **at, delta=text),
        *(raw("output_text.annotation.added", **at, annotation=each) for each in annotations),
        raw("output_text.done", **at, text=text),
        raw("output_item.done", item=SimpleNamespace(type="message", id=item_id, content=[whole])),
    ]


def thought(*pieces: str) -> list[Any]:
    """A summary of reasoning, in pieces."""
    at = {"item_id": "rs_1", "summary_index": 0}
    item = SimpleNamespace(type="reasoning", id="rs_1")
    return [
        raw("output_item.added", item=item),
        *(raw("reasoning_summary_text.delta", **at, delta=piece) for piece in pieces),
        raw("reasoning_summary_text.done", **at, text="".join(pieces)),
        raw("output_item.done", item=item),
    ]


def drawn() -> list[Any]:
    """An image, with a sketch of it before."""
    item = SimpleNamespace(type="image_generation_call", id="ig_1", result=PIXEL)
    sketch = {"item_id": "ig_1", "partial_image_b64": PIXEL, "partial_image_index": 0}
    return [
        raw("output_item.added", item=item),
        raw("image_generation_call.partial_image", **sketch),
        raw("output_item.done", item=item),
    ]


async def growing_draft() -> AsyncGenerator[Card, None]:
    """The states of the card that our `write_draft` fills."""

    def state(said: str, title: str, *rest: Any) -> Card:
        caption = Caption(id="draft-state", value=said)
        heading = Title(id="draft-title", value=title, size="sm")
        return Card(size="lg", children=[caption, heading, *rest])

    for title, text in (("", ""), ("To Ana", ""), ("To Ana", "Dear "), ("To Ana", "Dear Ana")):
        yield state("Writing …", title, Markdown(id="draft-text", value=text, streaming=True))
    save = Button(
        label="Save as a task",
        iconStart="check-circle",
        variant="outline",
        size="sm",
        onClickAction=ActionConfig(type="draft.save_as_task", payload={}),
    )
    text = Markdown(id="draft-text", value="Dear Ana")
    yield state("Draft", "To Ana", text, Row(children=[save]))


class Scripted(ChatKitServer[None]):
    """Answers by what the message says."""

    ids = count(1)

    def _item(self, kind: Any, thread: Any, **fields: Any) -> Any:
        common = {"thread_id": thread.id, "created_at": datetime.now(UTC)}
        return kind(id=f"msg_own{next(self.ids)}", **common, **fields)

    async def _answer(self, thread: Any, asked: str) -> AsyncIterator[Any]:
        """What the bridge makes of an agent's run."""
        context = AgentContext(thread=thread, store=self.store, request_context=None)
        context._events = asyncio.Queue()  # the SDK's default is one queue for all
        async for event in stream_agent_response(context, Run(*self._steps(context, asked))):
            yield event

    def _steps(self, context: Any, asked: str) -> Sequence[Any]:
        message_id = f"msg_own{next(self.ids)}"

        step = {"title": "Add a task", "icon": "check-circle"}

        async def begin() -> None:
            await context.add_workflow_task(t.CustomTask(status_indicator="loading", **step))

        async def wait() -> None:
            await context.stream(t.ProgressUpdateEvent(icon="bolt", text="Add a task …"))

        async def end() -> None:
            await context.update_workflow_task(t.CustomTask(status_indicator="complete", **step), 0)

        async def draft() -> None:
            await context.stream_widget(growing_draft(), copy_text="Dear Ana")

        async def notice() -> None:
            await context.stream(t.NoticeEvent(level="warning", message="Few are left."))

        if "why" in asked:
            return [*thought("Let me think. ", "Done."), *spoken(message_id, "Right.")]
        if "open" in asked:
            place = {"start_index": 0, "end_index": 8}
            page = {"url": "https://shop.example/hours", "title": "Hours"}
            hours = {"type": "url_citation", **page, **place}
            return spoken(message_id, "At nine.", hours)
        if "add" in asked:
            return [begin, wait, end, *spoken(message_id, "Added.")]
        if "draft" in asked:
            return [draft]
        if "draw" in asked:
            return [*drawn(), *spoken(message_id, "There.")]
        if "few" in asked:
            return [notice, *spoken(message_id, "Fine.")]
        return spoken(message_id, "Fine.")

    async def _half(self, thread: Any) -> AsyncIterator[Any]:
        """An answer that is stopped in its middle."""
        message = self._item(t.AssistantMessageItem, thread, content=[])
        yield t.ThreadItemAddedEvent(item=message)
        part = t.AssistantMessageContent(text="")
        added = t.AssistantMessageContentPartAdded(content_index=0, content=part)
        yield t.ThreadItemUpdatedEvent(item_id=message.id, update=added)
        delta = t.AssistantMessageContentPartTextDelta(content_index=0, delta="Half")
        yield t.ThreadItemUpdatedEvent(item_id=message.id, update=delta)
        await asyncio.Event().wait()

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
        elif "stop" in asked:
            async for event in self._half(thread):
                yield event
        elif "card" in asked:
            card = Card(children=[Text(value="Send?")])
            yield t.ThreadItemDoneEvent(item=self._item(t.WidgetItem, thread, widget=card))
        else:
            async for event in self._answer(thread, asked):
                yield event
            if thread.title is None:
                thread.title = asked

    async def action(
        self, thread: Any, action: Any, sender: Any, context: None
    ) -> AsyncIterator[Any]:
        card = Card(children=[Text(value="Sent")])
        yield t.ThreadItemReplacedEvent(item=sender.model_copy(update={"widget": card}))
        yield t.ClientEffectEvent(name="tasks/changed", data={"action": "complete"})


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
    for flow, text in (
        ("reasoned", "why?"),
        ("annotated", "When do you open?"),
        ("tool", "add tea"),
        ("draft", "draft a mail"),
        ("image", "draw"),
        ("noticed", "few left"),
    ):
        await play(flow, "threads.create", input=said(text))
    shown = await play("card", "threads.create", input=said("card"))
    action = {"type": "task.complete", "payload": {}}
    card = shown[-1]["item"]
    del flows["card"]
    await play(
        "acted",
        "threads.custom_action",
        thread_id=card["thread_id"],
        item_id=card["id"],
        action=action,
    )
    flows["stopped"] = [await stopped(server)]
    return flows


async def stopped(server: Scripted) -> Any:
    """What is listed of a thread whose answer was stopped in its middle."""
    params = {"input": said("stop")}
    result = await server.process(json.dumps({"type": "threads.create", "params": params}), None)
    assert isinstance(result, StreamingResult)
    seen: list[Any] = []
    half = asyncio.Event()

    async def read() -> None:
        async for frame in result:
            seen.append(json.loads(frame.removeprefix(b"data: ")))
            if seen[-1].get("update", {}).get("delta"):
                half.set()

    reading = asyncio.create_task(read())
    await half.wait()
    await asyncio.sleep(0)  # until it waits for more
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    thread = {"thread_id": seen[0]["thread"]["id"], "order": "asc"}
    listed = await server.process(json.dumps({"type": "items.list", "params": thread}), None)
    assert isinstance(listed, NonStreamingResult)
    return json.loads(listed.json)


if __name__ == "__main__":
    json.dump(asyncio.run(record()), sys.stdout, indent=1, ensure_ascii=False)
