"""Rebuilds items from the encoded events of a log, as a client would.

Used when the machine that wrote the log is not available: to load a thread while its answer is
being written, and to recover the turn of a killed process. Items that the log shows as done are in
the store already, because they are stored before they are published.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chatkit.answer.drafting import read_draft, settled
from chatkit.protocol.bodies import AssistantMessage, Body, WidgetBody, WorkflowBody, parse_body
from chatkit.protocol.events import decode_event
from chatkit.protocol.items import ENVELOPE, Item
from chatkit.protocol.widgets import apply
from chatkit.words.say import Say


def open_items(lines: Iterable[str], say: Say) -> list[Item]:
    """The items that were added and not finished, with their content so far, in order.

    Leaves out items without content: a message without text, a workflow without a step, an image
    with only a preview. `say` supplies the labels of a finished card.
    """
    items: dict[str, dict[str, Any]] = {}
    texts: dict[str, list[str]] = {}  # joined once: a long answer has many deltas
    for line in lines:
        event = decode_event(line)
        match event["type"]:
            case "thread.item.added":
                items[event["item"]["id"]] = event["item"]
                texts[event["item"]["id"]] = []
            case "thread.item.updated" if event["item_id"] in items:
                _apply(items[event["item_id"]], texts[event["item_id"]], event["update"])
            case "thread.item.done":
                items.pop(event["item"]["id"], None)
            case "thread.item.removed":
                items.pop(event["item_id"], None)
    for item_id, wire in items.items():
        for part in wire.get("content", ()):
            part["text"] = "".join(texts[item_id])
    return [item for wire in items.values() if (item := _whole(wire, say)) is not None]


def _apply(item: dict[str, Any], text: list[str], update: dict[str, Any]) -> None:
    """Apply an update to an open item, as in protocol.md, section 11.

    Our messages have exactly one part. Image updates are ignored: only a done image counts.
    """
    match update["type"]:
        case "assistant_message.content_part.added" | "assistant_message.content_part.done":
            item["content"] = [update["content"]]
            text[:] = [update["content"]["text"]]
        case "assistant_message.content_part.text_delta":
            text.append(update["delta"])
        case "assistant_message.content_part.annotation_added":
            item["content"][0]["annotations"].append(update["annotation"])
        case "widget.streaming_text.value_delta" | "widget.component.updated":
            item["widget"] = apply(item["widget"], update)
        case "widget.root.updated":
            item["widget"] = update["widget"]
        case "workflow.task.added" | "workflow.task.updated":
            place = update["task_index"]
            item["workflow"]["tasks"][place : place + 1] = [update["task"]]


def _whole(wire: dict[str, Any], say: Say) -> Item | None:
    body: Body | None = parse_body(
        wire["type"], {name: value for name, value in wire.items() if name not in ENVELOPE}
    )
    match body:
        case AssistantMessage(text=text) if text is not None and text.strip():
            pass
        case WorkflowBody(workflow=workflow) if workflow.steps:
            body = replace(body, workflow=workflow.ended(None))
        case WidgetBody(widget=widget) if (card := settled(widget, say)) is not None:
            body = WidgetBody(widget=card, copy_text=read_draft(card)[1])
        case _:
            return None
    return Item(
        id=wire["id"],
        thread_id=wire["thread_id"],
        created_at=datetime.fromisoformat(wire["created_at"]),
        body=body,
    )
