"""Builds imported threads and tasks, and reads our own export format.

A file may come from anyone, so every value is checked. New ids are derived from the user's id and
the ids in the file: importing a thread twice gives the same id, and never another user's. An export
contains no hidden items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, cast
from uuid import UUID

from chatkit.answer.first_title import first_line, text_of
from chatkit.portable.exports import FORMAT, VERSION
from chatkit.portable.item_shapes import checked_body
from chatkit.portable.json_parts import Part
from chatkit.ports.imports import ImportedItem, ImportedThread
from chatkit.protocol.bodies import (
    AssistantMessage,
    Body,
    ClientToolCall,
    GeneratedImage,
    StructuredInput,
    TaskBody,
    UserMessage,
    WorkflowBody,
)
from chatkit.protocol.content import InputText
from chatkit.protocol.errors import BadRequest, Sentence
from chatkit.protocol.fields import Fields
from chatkit.protocol.ids import Prefix, make_id
from chatkit.protocol.items import ENVELOPE, MAX_TITLE, StatusType, ThreadStatus, parse_reason
from chatkit.protocol.jsontext import dumps
from chatkit.protocol.workflows import ImageTask, stopped
from chatkit.todo.tasks import Task, parse_draft
from chatkit.words.say import Say

#: Longest item, in characters of its JSON; an answer has at most two million.
MAX_ITEM: Final = 4_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Importer:
    """Builds threads of one user from the values in a file.

    Times after `now` are set to `now`. `say` makes the texts that replace missing files.
    """

    def __init__(self, user_id: str, now: datetime, say: Say) -> None:
        self.now = now
        self.say = say
        self._user_id = user_id

    def thread(
        self,
        source_id: str,
        path: str,
        *,
        title: str | None,
        created_at: datetime,
        status: ThreadStatus,
        items: Sequence[tuple[str, datetime, Body]],
    ) -> ImportedThread:
        """Build a thread. `items` have their ids in the file and their times, oldest first.

        `path` is the thread's place in the file, for errors. Raises BadRequest for an item that is
        too long.
        """
        taken: list[ImportedItem] = []
        turn_id = self._id("trn", source_id)
        first: str | None = None
        for item_id, at, body in items:
            if isinstance(body, UserMessage):
                turn_id = self._id("trn", source_id, item_id)
                first = first or first_line(body)
            new_id = self._id("msg", source_id, item_id)
            wire = dumps(body.to_wire())
            if len(wire) > MAX_ITEM:
                raise BadRequest(f"{path}: an item of it has more than {MAX_ITEM} characters")
            taken.append(
                ImportedItem(id=new_id, turn_id=turn_id, type=body.type, body=wire, created_at=at)
            )
        named = " ".join((title or "").split())[:MAX_TITLE].strip()
        return ImportedThread(
            id=self._id("thr", source_id),
            source_id=source_id,
            title=named or first,
            titled=bool(named),
            status=status,
            created_at=created_at,
            items=tuple(taken),
        )

    def _id(self, prefix: Prefix, *parts: str) -> str:
        """An id derived from the user's id, so that it cannot equal an id of another user."""
        digest = sha256(dumps([prefix, self._user_id, *parts]).encode()).digest()
        return make_id(prefix, digest[:16])

    def moment(self, text: str, path: str) -> datetime:
        """Parse an ISO time; without a zone it is UTC. Raises BadRequest."""
        try:
            moment = datetime.fromisoformat(text)
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError) as error:
            raise BadRequest(f"{path}: must be a time like 2026-11-22T18:52:27Z") from error
        return self.clamped(moment)

    def clamped(self, moment: datetime) -> datetime:
        """Limit a time to the range from 1970 to now."""
        return min(max(moment, _EPOCH), self.now)


class OwnExport:
    """Reads the parts of our own JSON export. Its `format` member must come first."""

    def __init__(self, importer: Importer) -> None:
        self._importer = importer
        self._known = False

    def read(self, part: Part) -> ImportedThread | Task | None:
        """Convert a part. None for the head of the file, and for unknown members."""
        match part.name:
            case "format":
                if part.value != FORMAT:
                    raise _unknown()
                self._known = True
            case "version":
                if type(part.value) is not int or part.value != VERSION:
                    raise BadRequest(f"version: this server reads version {VERSION}")
            case "threads" if self._known and part.place is not None:
                return self._thread(Fields(part.value, part.path))
            case "tasks" if self._known and part.place is not None:
                return self._task(Fields(part.value, part.path))
        return None

    def close(self) -> None:
        """Check the end of the file. Raises BadRequest if it is not one of our exports."""
        if not self._known:
            raise _unknown()

    def _thread(self, thread: Fields) -> ImportedThread:
        source_id = thread.id("id")
        items: list[tuple[str, datetime, Body]] = []
        seen: set[str] = set()
        for item in thread.objects("items"):
            item_id = item.id("id")
            if item_id in seen:
                raise BadRequest(f"{item.path('id')}: is there twice")
            seen.add(item_id)
            at = self._importer.moment(item.text("created_at"), item.path("created_at"))
            wire = {name: value for name, value in item.fields.items() if name not in ENVELOPE}
            body = checked_body(item.text("type"), wire, item.path("type").removesuffix(".type"))
            if not _is_blank(body):
                items.append((item_id, at, _finished(body, self._importer.say)))
        return self._importer.thread(
            source_id,
            thread.path("items").removesuffix(".items"),
            title=thread.optional_text("title"),
            created_at=self._moment(thread, "created_at"),
            status=_status(thread.object("status", {})),
            items=items,
        )

    def _moment(self, fields: Fields, name: str) -> datetime:
        return self._importer.moment(fields.text(name), fields.path(name))

    def _task(self, task: Fields) -> Task:
        try:
            task_id = str(UUID(task.text("id")))
        except ValueError as error:
            raise BadRequest(f"{task.path('id')}: must be a uuid") from error
        try:
            draft = parse_draft(task.fields)
        except BadRequest as error:
            raise BadRequest(task.path(str(error))) from error
        created_at = self._moment(task, "created_at")
        updated_at, completed_at = created_at, None
        if task.optional_text("updated_at") is not None:
            updated_at = self._moment(task, "updated_at")
        if draft.completed:
            has_time = task.optional_text("completed_at") is not None
            completed_at = self._moment(task, "completed_at") if has_time else updated_at
        return Task(
            id=task_id,
            title=draft.title,
            description=draft.description,
            completed=draft.completed,
            completed_at=completed_at,
            priority=draft.priority,
            category=draft.category,
            tags=draft.tags,
            due_date=draft.due_date,
            recurrence=draft.recurrence,
            created_at=created_at,
            updated_at=updated_at,
        )


def attached(names: Sequence[str], say: Say) -> InputText:
    """The text that replaces attached files, which an export does not contain."""
    return InputText(text=say("import.attached", names=", ".join(names)))


def _is_blank(body: Body) -> bool:
    """Whether a message is empty: some models reject a history with one."""
    match body:
        case UserMessage():
            return not (body.attachments or text_of(body).strip())
        case AssistantMessage(text=text):
            return not (text and text.strip())
    return False


def _finished(body: Body, say: Say) -> Body:
    """Finish an item: in an imported thread nothing is running, and files are missing."""
    match body:
        case UserMessage(attachments=files, content=content) if files:
            note = attached([file.name for file in files], say)
            if any(part.text.strip() for part in content):
                note = InputText(text=f"\n\n{note.text}")
            return replace(body, content=(*content, note), attachments=())
        case ClientToolCall(status="pending"):
            return replace(body, status="completed")
        case StructuredInput(status="pending"):
            return replace(body, status="skipped")
        case WorkflowBody(workflow=workflow):
            steps = tuple(map(stopped, workflow.steps))
            return WorkflowBody(workflow=replace(workflow, steps=steps))
        case TaskBody(step=step):
            return TaskBody(step=stopped(step))
        case GeneratedImage():
            return TaskBody(step=ImageTask(title=say("import.image_left")))
    return body


def _status(fields: Fields) -> ThreadStatus:
    kind = cast(StatusType, fields.choice("type", "active", "locked", "closed"))
    return ThreadStatus(type=kind, reason=parse_reason(fields))


def _unknown() -> BadRequest:
    return BadRequest(Sentence("import.unknown_format"))
