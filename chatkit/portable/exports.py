"""What a user takes along: threads, their items and tasks, written piece by piece.

A writer is called in the order of its methods, threads first, each with its items in as many calls
as it takes. Hidden items, which are the model's, are not among what it is given.

The JSON is `{"format": "chatkit-export", "version": 1, "exported_at", "threads": [{"id", "title",
"created_at", "status", "items": […]}], "tasks": […]}`: items as on the wire, without what is true
of this server alone (the thread's id in each, addresses of files), and tasks as over REST.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final, Protocol

from chatkit.protocol.bodies import GeneratedImage
from chatkit.protocol.items import StoredItem, Thread
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.times import to_wire
from chatkit.todo.tasks import Task

FORMAT: Final = "chatkit-export"
VERSION: Final = 1


class ExportWriter(Protocol):
    """Each method gives the text that comes next."""

    def begin(self, exported_at: datetime) -> str:
        """The head of the file."""
        ...

    def begin_thread(self, thread: Thread) -> str:
        """The head of a thread."""
        ...

    def item(self, item: StoredItem) -> str:
        """The next item of the thread, oldest first."""
        ...

    def end_thread(self) -> str:
        """Its end."""
        ...

    def begin_tasks(self) -> str:
        """The head of the tasks, after all threads, where there may be any."""
        ...

    def task(self, task: Task) -> str:
        """The next task, oldest first."""
        ...

    def end(self) -> str:
        """The end of the file."""
        ...


class JsonExport:
    """The export that can be imported again."""

    def __init__(self) -> None:
        self._first = [True]  # of each list that is open, whether it is empty

    def begin(self, exported_at: datetime) -> str:
        """See ExportWriter."""
        head = {"format": FORMAT, "version": VERSION, "exported_at": to_wire(exported_at)}
        return f'{dumps(head)[:-1]},"threads":['

    def begin_thread(self, thread: Thread) -> str:
        """See ExportWriter."""
        wire: dict[str, Any] = {
            "id": thread.id,
            **({} if thread.title is None else {"title": thread.title}),
            "created_at": to_wire(thread.created_at),
            "status": thread.status.to_wire(),
        }
        before = self._next("\n")
        self._first.append(True)
        return f'{before}{dumps(wire)[:-1]},"items":['

    def item(self, item: StoredItem) -> str:
        """See ExportWriter."""
        return self._next() + _item(item)

    def end_thread(self) -> str:
        """See ExportWriter."""
        self._first.pop()
        return "]}"

    def begin_tasks(self) -> str:
        """See ExportWriter."""
        self._first = [True]
        return '],"tasks":['

    def task(self, task: Task) -> str:
        """See ExportWriter."""
        return self._next("\n") + dumps(task.to_wire())

    def end(self) -> str:
        """See ExportWriter."""
        return "]}\n"

    def _next(self, space: str = "") -> str:
        """What stands before the next entry of the innermost list."""
        before = space if self._first[-1] else f",{space}"
        self._first[-1] = False
        return before


def _item(item: StoredItem) -> str:
    body: dict[str, Any] = json.loads(item.body)
    for attachment in body.get("attachments", ()):
        attachment.pop("preview_url", None)
        attachment.pop("thread_id", None)
    if item.type == GeneratedImage.type and "image" in body:
        body["image"].pop("url")
    head = {"id": item.id, "created_at": to_wire(item.created_at), "type": item.type}
    return dumps({**head, **body})
