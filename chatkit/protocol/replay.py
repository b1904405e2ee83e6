"""The items that a log of events leaves open, from its encoded lines.

Used where the machine that writes the log is out of reach: for a page that is read while an answer
is still being written, and for what a process that was killed has left behind. Items that the log
shows as done are in the store, since they are stored before they are published.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chatkit.protocol.items import AssistantMessage, Item


def open_items(lines: Iterable[str]) -> list[Item]:
    """Every message that was added and not finished, with the text so far, in its order.

    One without any text is left out: it holds nothing to show or to keep.
    """
    items: dict[str, dict[str, Any]] = {}
    texts: dict[str, list[str]] = {}
    for line in lines:
        event = json.loads(line)
        match event["type"]:
            case "thread.item.added":
                items[event["item"]["id"]] = event["item"]
                texts[event["item"]["id"]] = []
            case "thread.item.updated":
                update = event["update"]
                if update["type"] == "assistant_message.content_part.text_delta":
                    texts[event["item_id"]].append(update["delta"])
            case "thread.item.done":
                items.pop(event["item"]["id"], None)
            case "thread.item.removed":
                items.pop(event["item_id"], None)
    return [
        Item(
            id=item_id,
            thread_id=item["thread_id"],
            created_at=datetime.fromisoformat(item["created_at"]),
            body=AssistantMessage(text=text),
        )
        for item_id, item in items.items()
        if (text := "".join(texts[item_id])).strip()
    ]
