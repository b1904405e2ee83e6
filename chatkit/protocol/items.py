"""Threads and their items, and their wire objects.

An item is an envelope (id, thread, time) around a body. The store has a column for each envelope
field and keeps the body as JSON, so a page can be sent without decoding the bodies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from chatkit.protocol.bodies import Body
from chatkit.protocol.errors import BadRequest
from chatkit.protocol.fields import Fields
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.rules import require_id, require_one_of
from chatkit.protocol.times import to_wire

StatusType = Literal["active", "locked", "closed"]
#: Longest title of a thread, and longest reason shown with a status, in characters.
MAX_TITLE: Final = 255
MAX_REASON: Final = 500
#: The envelope: the wire fields of an item that are not in its body.
ENVELOPE: Final = frozenset({"id", "thread_id", "created_at", "type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a thread."""

    id: str
    thread_id: str
    created_at: datetime
    body: Body

    def __post_init__(self) -> None:
        require_id(self.id)

    def to_wire(self) -> dict[str, Any]:
        """The whole wire object."""
        return {
            "id": self.id,
            "thread_id": self.thread_id,
            "created_at": to_wire(self.created_at),
            "type": self.body.type,
            **self.body.to_wire(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """An item as stored. `body` is the JSON text of the fields except the envelope."""

    id: str
    thread_id: str
    created_at: datetime
    type: str
    body: str

    def encode(self) -> str:
        """The whole wire object as JSON text. The body is inserted without decoding it."""
        head = dumps(
            {
                "id": self.id,
                "thread_id": self.thread_id,
                "created_at": to_wire(self.created_at),
                "type": self.type,
            }
        )
        return head if self.body == "{}" else f"{head[:-1]},{self.body[1:]}"


def stored_item(item: Item) -> StoredItem:
    """Convert an item to the stored form."""
    return StoredItem(
        id=item.id,
        thread_id=item.thread_id,
        created_at=item.created_at,
        type=item.body.type,
        body=dumps(item.body.to_wire()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadStatus:
    """Whether a thread accepts input. If not, the widget disables or replaces its composer."""

    type: StatusType = "active"
    reason: str | None = None

    def __post_init__(self) -> None:
        require_one_of(StatusType, self.type, "status")

    def to_wire(self) -> dict[str, Any]:
        """The object, without an unset reason."""
        return {"type": self.type} | ({} if self.reason is None else {"reason": self.reason})


def parse_reason(fields: Fields) -> str | None:
    """The `reason` field of a status. Raises BadRequest."""
    reason = fields.optional_text("reason")
    if reason is None:
        return None
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON:
        raise BadRequest(f"{fields.path('reason')}: must be 1 to {MAX_REASON} characters")
    return reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A conversation, without its items."""

    id: str
    created_at: datetime
    #: The time of the last turn; None for a new thread.
    used_at: datetime | None = None
    title: str | None = None
    status: ThreadStatus = field(default_factory=ThreadStatus)
    #: Domains from which images in the assistant's Markdown are shown. None: any domain.
    allowed_image_domains: tuple[str, ...] | None = None

    @property
    def last_used(self) -> datetime:
        """When the thread was last used."""
        return self.used_at or self.created_at

    def encode(self, items: str = '{"data":[],"has_more":false}') -> str:
        """The wire object as JSON text, including `items`, the JSON of a page.

        `metadata` is always empty: the server's own metadata is never sent.
        """
        wire: dict[str, Any] = {"id": self.id}
        if self.title is not None:
            wire["title"] = self.title
        wire["created_at"] = to_wire(self.created_at)
        wire["status"] = self.status.to_wire()
        if self.allowed_image_domains is not None:
            wire["allowed_image_domains"] = list(self.allowed_image_domains)
        wire["metadata"] = {}
        return f'{dumps(wire)[:-1]},"items":{items}}}'
