"""Runs where the official SDK is installed: does what our server sends survive its types?

Reads lines of JSON `{"as": name, "value": …}`, where `name` is a key of `KINDS`. Each value is
parsed with the SDK's type and dumped the way its server does. Writes a line of JSON for each, with
the list of differences; an empty one says that nothing was lost, added or changed.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from chatkit.types import (  # the SDK's, not ours
    Attachment,
    Page,
    SyncCustomActionResponse,
    Thread,
    ThreadItem,
    ThreadStreamEvent,
    TranscriptionResult,
)
from chatkit.widgets import StrictWidgetComponent, StrictWidgetRoot

KINDS: Final[dict[str, TypeAdapter[Any]]] = {
    "event": TypeAdapter(ThreadStreamEvent),
    "threads.get_by_id": TypeAdapter(Thread),
    "threads.list": TypeAdapter(Page[Thread]),
    "threads.update": TypeAdapter(Thread),
    "items.list": TypeAdapter(Page[ThreadItem]),
    "threads.delete": TypeAdapter(dict[str, Any]),
    "threads.sync_custom_action": TypeAdapter(SyncCustomActionResponse),
    "items.feedback": TypeAdapter(dict[str, Any]),
    "attachments.create": TypeAdapter(Attachment),
    "attachments.get_preview": TypeAdapter(Attachment),
    "attachments.delete": TypeAdapter(dict[str, Any]),
    "input.transcribe": TypeAdapter(TranscriptionResult),
    # Without the types that take any field, which an item's widget falls back to.
    "widget": TypeAdapter(StrictWidgetRoot),
    "component": TypeAdapter(StrictWidgetComponent),
}


def differences(sent: Any, back: Any, path: str = "$") -> list[str]:
    """Where two JSON values differ, field by field."""
    if isinstance(sent, dict) and isinstance(back, dict):
        found = []
        for name in {**sent, **back}:
            place = f"{path}.{name}"
            if name not in back:
                found += [f"{place}: lost {sent[name]!r}"]
            elif name not in sent:
                found += [f"{place}: added {back[name]!r}"]
            else:
                found += differences(sent[name], back[name], place)
        return found
    if isinstance(sent, list) and isinstance(back, list) and len(sent) == len(back):
        pairs = enumerate(zip(sent, back, strict=True))
        return [line for at, pair in pairs for line in differences(*pair, f"{path}[{at}]")]
    if path.endswith(".created_at"):  # written with more digits, or UTC in another way
        return [] if is_same_moment(sent, back) else [f"{path}: {sent!r} -> {back!r}"]
    same_kind = type(sent) is type(back) or {type(sent), type(back)} == {int, float}
    return [] if sent == back and same_kind else [f"{path}: {sent!r} -> {back!r}"]


def is_same_moment(sent: Any, back: Any) -> bool:
    """Both with an offset, which the SDK's own times lack."""
    first, second = datetime.fromisoformat(sent), datetime.fromisoformat(back)
    return first == second and first.tzinfo is not None


def judge(kind: str, value: Any) -> list[str]:
    """The differences that one value comes back with."""
    adapter = KINDS[kind]
    try:
        parsed = adapter.validate_json(json.dumps(value))
    except ValidationError as error:
        return [f"does not parse: {error}"]
    context = {"exclude_metadata": True}
    dumped = adapter.dump_json(parsed, by_alias=True, exclude_none=True, context=context)
    return differences(value, json.loads(dumped))


def main() -> None:
    """From stdin to stdout."""
    for line in sys.stdin:
        given = json.loads(line)
        print(json.dumps(judge(given["as"], given["value"])))


if __name__ == "__main__":
    main()
