"""Writers of an export file, which return its text piece by piece.

The methods of a writer are called in the order of their definition: all threads first, then the
tasks. The items of a thread may come in any number of calls. Hidden items are never exported.

The JSON is `{"format": "chatkit-export", "version": 1, "exported_at", "threads": [{"id", "title",
"created_at", "status", "items": […]}], "tasks": […]}`. Items are as on the wire, without values
that are only valid on this server (the thread's id in each, URLs of files). Tasks are as in the
REST API.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final, Protocol

from chatkit.protocol.bodies import GeneratedImage, TaskBody
from chatkit.protocol.content import FileSource
from chatkit.protocol.items import StoredItem, Thread
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.links import is_placeholder
from chatkit.protocol.times import to_wire
from chatkit.protocol.workflows import FileTask
from chatkit.todo.tasks import Task

FORMAT: Final = "chatkit-export"
VERSION: Final = 1


class ExportWriter(Protocol):
    """Each method returns the next text of the file."""

    def begin(self, exported_at: datetime) -> str:
        """The start of the file."""
        ...

    def begin_thread(self, thread: Thread) -> str:
        """The start of a thread."""
        ...

    def item(self, item: StoredItem) -> str:
        """The next item of the thread, oldest first."""
        ...

    def end_thread(self) -> str:
        """The end of the thread."""
        ...

    def begin_tasks(self) -> str:
        """The start of the tasks, after all threads. Not called in an export of one thread."""
        ...

    def task(self, task: Task) -> str:
        """The next task, oldest first."""
        ...

    def end(self) -> str:
        """The end of the file."""
        ...


class JsonExport:
    """The JSON export, which can be imported again."""

    def __init__(self) -> None:
        self._first = [True]  # for each open list: no entry was written yet

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
        """The separator before the next entry of the innermost open list."""
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
    if item.type == TaskBody.type:
        body["task"] = _without_urls(body["task"])
    head = {"id": item.id, "created_at": to_wire(item.created_at), "type": item.type}
    return dumps({**head, **body})


def _without_urls(step: dict[str, Any]) -> dict[str, Any]:
    """A step that offers a stored file, as one that names it."""
    files = [each for each in step.get("sources", ()) if is_placeholder(each.get("url", ""))]
    if not files:
        return step
    named = tuple(FileSource(title=file["title"], filename=file["title"]) for file in files)
    title = step.get("title")
    return FileTask(status=step["status_indicator"], title=title, sources=named).to_wire()
