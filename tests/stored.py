"""Bodies as the items of a thread, all sent at one time, and what the model reads of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from chatkit.answer.history import Clock, to_messages
from chatkit.protocol.attachments import FileContent
from chatkit.protocol.bodies import Body
from chatkit.protocol.items import Item

SENT: Final = datetime(2026, 11, 25, 9, tzinfo=UTC)
CLOCK: Final = Clock(zone=UTC, zone_name="UTC", now=SENT)
#: What the messages of the user begin with.
DAY: Final = "[Wednesday, 2026-11-25 09:00, UTC]\n"


def stored(bodies: Sequence[Body]) -> list[Item]:
    return [
        Item(id=f"itm_{place}", thread_id="thr_1", created_at=SENT, body=body)
        for place, body in enumerate(bodies)
    ]


def read(
    bodies: Sequence[Body], files: Mapping[str, FileContent] = MappingProxyType({})
) -> list[dict[str, Any]]:
    return to_messages(stored(bodies), CLOCK, files)
