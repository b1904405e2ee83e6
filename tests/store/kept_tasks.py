"""The to-do lists of two people, against a real database."""

from __future__ import annotations

from datetime import date
from typing import Any

from chatkit.todo.tasks import Task, parse_draft, parse_query
from store.postgres import Database
from store.tasks import Tasks

TODAY = date(2026, 11, 25)  # a Wednesday
ANNA = "anna"
BEN = "ben"


async def add(tasks: Tasks, title: str, *, user_id: str = ANNA, **fields: Any) -> Task:
    return await tasks.add(user_id, parse_draft({"title": title, **fields}))


async def titles(tasks: Tasks, *, user_id: str = ANNA, **fields: Any) -> list[str]:
    page = await tasks.list(user_id, parse_query(fields, today=TODAY))
    return [task.title for task in page.tasks]


async def add_thread(database: Database, thread_id: str, *, user_id: str = ANNA) -> None:
    await database.execute("INSERT INTO threads (user_id, id) VALUES ($1, $2)", user_id, thread_id)
