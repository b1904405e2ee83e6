"""Exports while things change under them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chatkit.portable import exporting
from chatkit.portable.exporting import Exporting
from chatkit.portable.exports import JsonExport
from chatkit.protocol.errors import NotFound
from chatkit.todo.tasks import TaskDraft
from store.exports import Exports
from store.tasks import Tasks
from store.threads import Threads
from tests.engine.conftest import Engine, NewEngine
from tests.fakes import says

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
async def engine(new_engine: NewEngine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Two rows to a page, and each text a piece of its own."""
    monkeypatch.setattr(exporting, "_PIECE_CHARS", 1)
    monkeypatch.setattr(exporting, "_ROWS_AT_ONCE", 2)
    monkeypatch.setattr(exporting, "_ITEMS_AT_ONCE", 1)
    return await new_engine(says("Hi."))


def of(engine: Engine) -> Exporting:
    return Exporting(store=Exports(engine.database), now=lambda: NOW)


async def test_what_is_deleted_meanwhile_leaves_the_rest_whole(engine: Engine) -> None:
    threads = [await engine.hello() for _ in range(5)]
    tasks = [await Tasks(engine.database).add("alice", TaskDraft(title=str(n))) for n in range(5)]
    text, deleted = b"", False
    async for piece in of(engine).everything("alice", JsonExport()):
        text += piece
        if threads[1].encode() in text and not deleted:  # of which one item was not read yet
            deleted = True
            for thread_id in threads[1:3]:
                await Threads(engine.database).delete("alice", thread_id)
        if b'"title":"1"' in piece:
            await Tasks(engine.database).delete("alice", tasks[1].id)
    export: dict[str, Any] = json.loads(text)
    ids = [thread["id"] for thread in export["threads"]]
    assert ids == [threads[0], threads[1], threads[3], threads[4]]
    assert [len(thread["items"]) for thread in export["threads"]] == [2, 1, 2, 2]
    assert [task["title"] for task in export["tasks"]] == ["0", "1", "2", "3", "4"]


async def test_a_thread_that_is_gone_before_its_first_piece_is_missing(engine: Engine) -> None:
    thread_id = await engine.hello()
    thread = await Threads(engine.database).find("alice", thread_id)
    await Threads(engine.database).delete("alice", thread_id)
    pieces = of(engine).one_thread("alice", thread, JsonExport())
    with pytest.raises(NotFound):
        assert [piece async for piece in pieces] == []
