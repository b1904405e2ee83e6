"""Imports threads and tasks from a file. The whole file is validated before anything is stored."""

from __future__ import annotations

import asyncio
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final

from chatkit.portable.chatgpt import read_conversation
from chatkit.portable.imports import Importer, OwnExport
from chatkit.portable.json_parts import JsonParts
from chatkit.ports.imports import ImportedThread, ImportStore, RunningImport
from chatkit.protocol.errors import BadRequest, Sentence, StorageFull, Unavailable
from chatkit.todo.tasks import Task
from chatkit.words.say import Say

#: Most threads, and most tasks, of one file.
MAX_ENTRIES: Final = 100_000
#: A file above this size, in bytes, is buffered on disk until it is complete.
_IN_MEMORY: Final = 1024 * 1024
_READ_BYTES: Final = 64 * 1024
#: How many files are parsed at once. Parsing takes up to about three times a file's size in memory.
_AT_ONCE: Final = 4
_TASKS_AT_ONCE: Final = 1000


@dataclass(slots=True)
class Count:
    """How many threads or tasks of a file were added, and how many existed already."""

    added: int = 0
    unchanged: int = 0

    def to_wire(self) -> dict[str, int]:
        """The JSON object."""
        return {"added": self.added, "unchanged": self.unchanged}


@dataclass(frozen=True, slots=True)
class ImportCount:
    """The result of an import."""

    threads: Count = field(default_factory=Count)
    tasks: Count = field(default_factory=Count)

    def to_wire(self) -> dict[str, Any]:
        """The JSON object."""
        return {"threads": self.threads.to_wire(), "tasks": self.tasks.to_wire()}


class Importing:
    """Imports files. Imported threads are ordered by their times, whatever their order in the file,
    and are listed as older than the user's existing threads."""

    def __init__(self, store: ImportStore, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._parsing = asyncio.Semaphore(_AT_ONCE)

    async def import_file(
        self, user_id: str, pieces: AsyncIterator[bytes], say: Say
    ) -> ImportCount:
        """Import a JSON file: our own export, or ChatGPT's `conversations.json`.

        Raises BadRequest naming the place of an error; nothing is stored then. Raises Conflict if
        the user's data is erased meanwhile or another import is running. Raises StorageFull if the
        rest of the file does not fit; its sentence says what was added before.
        """
        with SpooledTemporaryFile(_IN_MEMORY) as file:
            try:
                async for piece in pieces:
                    file.write(piece)
            except OSError as error:
                raise Unavailable(Sentence("import.no_room")) from error
            async with self._parsing, self._store.begin(user_id) as running:
                importer = Importer(user_id, self._now(), say)
                threads, tasks = await asyncio.to_thread(_read, importer, file)
                count = ImportCount()
                try:
                    await _store_all(running, threads, tasks, count)
                except StorageFull as error:
                    raise StorageFull(_what_fitted(count, error, say)) from error
                return count


async def _store_all(
    running: RunningImport, threads: list[ImportedThread], tasks: list[Task], count: ImportCount
) -> None:
    threads.sort(key=lambda thread: thread.created_at, reverse=True)
    for thread in threads:
        if await running.add_thread(thread):
            count.threads.added += 1
        else:
            count.threads.unchanged += 1
    for start in range(0, len(tasks), _TASKS_AT_ONCE):
        some = tasks[start : start + _TASKS_AT_ONCE]
        added = await running.add_tasks(some)
        count.tasks.added += added
        count.tasks.unchanged += len(some) - added


def _what_fitted(count: ImportCount, full: StorageFull, say: Say) -> Sentence:
    return Sentence(
        "import.full",
        threads=count.threads.added,
        tasks=count.tasks.added,
        reason=full.in_words(say),
    )


def _read(importer: Importer, file: IO[bytes]) -> tuple[list[ImportedThread], list[Task]]:
    """Parse a whole file. Run it in a thread: it takes a while."""
    threads: list[ImportedThread] = []
    tasks: list[Task] = []
    for entry in _entries(importer, file):
        if isinstance(entry, Task):
            tasks.append(entry)
        else:
            threads.append(entry)
        if len(threads) > MAX_ENTRIES or len(tasks) > MAX_ENTRIES:
            raise BadRequest(Sentence("import.too_many_entries", count=MAX_ENTRIES))
    return threads, tasks


def _entries(importer: Importer, file: IO[bytes]) -> Iterator[ImportedThread | Task]:
    parts, own = JsonParts(), OwnExport(importer)
    is_array = False
    file.seek(0)
    if file.read(len(BOM_UTF8)) != BOM_UTF8:  # some editors write one
        file.seek(0)
    while piece := file.read(_READ_BYTES):
        for part in parts.feed(piece):
            is_array = not part.name
            entry = (
                read_conversation(importer, part.value, part.path) if is_array else own.read(part)
            )
            if entry is not None:
                yield entry
    parts.close()
    if not is_array:
        own.close()
