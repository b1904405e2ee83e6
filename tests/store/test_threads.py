"""Threads and the pages of their items."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.protocol.paging import MAX_THREADS_LIMIT, Cursor, Order
from store.postgres import Database
from store.sql import load
from store.threads import Threads


async def fill(database: Database, user_id: str, thread_id: str, items: int) -> None:
    """A thread whose items were all stored in one transaction; every third one is hidden."""
    await database.execute("INSERT INTO threads (user_id, id) VALUES ($1, $2)", user_id, thread_id)
    await database.execute(
        """INSERT INTO items (user_id, thread_id, id, turn_id, type, body, hidden, created_at)
           SELECT $1, $2, 'item_' || n, 't', 'assistant_message',
                  jsonb_build_object('content', jsonb_build_array()), n % 3 = 0, now()
             FROM generate_series(1, $3) AS n""",
        user_id,
        thread_id,
        items,
    )


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_pages_hold_each_visible_item_once_and_are_full(
    database: Database, order: Order, limit: int
) -> None:
    await fill(database, "alice", "thr_1", 100)
    threads = Threads(database)
    seen: list[str] = []
    after = None
    while True:
        cursor = Cursor(limit=limit, order=order, after=after)
        page = (await threads.load("alice", "thr_1", cursor)).items
        wire = json.loads(page.encode())
        seen += [item["id"] for item in wire["data"]]
        if not wire["has_more"]:
            break
        assert len(wire["data"]) == limit
        after = wire["after"]
    visible = [f"item_{n}" for n in range(1, 101) if n % 3]
    assert seen == (visible if order == "asc" else visible[::-1])


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_of_threads_hold_each_of_the_users_own_once(
    database: Database, order: Order
) -> None:
    await database.execute(
        "INSERT INTO threads (user_id, id) SELECT 'alice', 'a' || n FROM generate_series(1, 30) n"
    )
    await database.execute(
        "INSERT INTO threads (user_id, id) SELECT 'bob', 'b' || n FROM generate_series(1, 30) n"
    )
    threads = Threads(database)
    seen: list[str] = []
    after = None
    while True:
        page = await threads.list("alice", Cursor(limit=7, order=order, after=after))
        seen += [thread.id for thread in page.data]
        if not page.has_more:
            break
        after = page.after
    expected = [f"a{n}" for n in range(1, 31)]
    assert seen == (expected if order == "asc" else expected[::-1])


BEGIN_TURN = """
INSERT INTO turns (user_id, id, thread_id, item_id, retry, owner, lease_until, model)
VALUES ('alice', 'trn_' || $1, $1, 'msg_1', false, 'me', now(), 'demo')
"""


async def fill_days(database: Database, count: int) -> None:
    """Threads `thr_1` …, the first one used so many days ago, the last one yesterday."""
    await database.execute(
        "INSERT INTO threads (user_id, id, used_at)"
        " SELECT 'alice', 'thr_' || n, now() - make_interval(days => $1 + 1 - n)"
        "   FROM generate_series(1, $1) n",
        count,
    )


async def ids(database: Database, **cursor: Any) -> list[str]:
    return [thread.id for thread in (await Threads(database).list("alice", Cursor(**cursor))).data]


async def test_a_thread_that_is_used_is_listed_first(database: Database) -> None:
    await fill_days(database, 4)
    assert await ids(database) == ["thr_4", "thr_3", "thr_2", "thr_1"]
    await database.execute(BEGIN_TURN, "thr_2")
    assert await ids(database) == ["thr_2", "thr_4", "thr_3", "thr_1"]
    assert await ids(database, order="asc") == ["thr_1", "thr_3", "thr_4", "thr_2"]


async def test_a_page_follows_on_the_one_before_while_threads_are_used_and_deleted(
    database: Database,
) -> None:
    await fill_days(database, 6)
    threads = Threads(database)
    first = await threads.list("alice", Cursor(limit=2))
    assert first.after is not None
    await database.execute(BEGIN_TURN, "thr_5")  # the last of the first page
    assert await ids(database, after=first.after) == ["thr_4", "thr_3", "thr_2", "thr_1"]
    await threads.delete("alice", "thr_5")
    assert await ids(database, after=first.after) == ["thr_4", "thr_3", "thr_2", "thr_1"]


async def test_a_plain_thread_id_as_cursor_is_taken_at_its_present_place(
    database: Database,
) -> None:
    await fill_days(database, 4)
    assert await ids(database, after="thr_2") == ["thr_1"]
    await database.execute(BEGIN_TURN, "thr_2")
    assert await ids(database, after="thr_2") == ["thr_4", "thr_3", "thr_1"]


async def test_ten_thousand_threads_are_one_page(database: Database) -> None:
    await database.execute(
        "INSERT INTO threads (user_id, id) SELECT 'alice', 'a' || n FROM generate_series(1, 9999) n"
    )
    page = await Threads(database).list("alice", Cursor(limit=MAX_THREADS_LIMIT))
    assert (len(page.data), page.has_more, page.after) == (9999, False, None)


@pytest.mark.parametrize("after", ["item_3", "item_999", "other_item"])
async def test_a_cursor_that_is_hidden_unknown_or_foreign_is_an_error(
    database: Database, after: str
) -> None:
    await fill(database, "alice", "thr_1", 5)
    await fill(database, "bob", "thr_2", 5)
    await database.execute("UPDATE items SET id = 'other_item' WHERE user_id = 'bob' AND seq > 9")
    with pytest.raises(BadRequest) as raised:
        await Threads(database).load("alice", "thr_1", Cursor(after=after))
    assert raised.value.code == "invalid_cursor"


async def test_a_foreign_thread_as_cursor_is_the_same_error_as_an_unknown_one(
    database: Database,
) -> None:
    await fill(database, "bob", "thr_2", 1)
    messages = []
    for after in ("thr_2", "thr_unknown"):
        with pytest.raises(BadRequest) as raised:
            await Threads(database).list("alice", Cursor(after=after))
        messages.append((raised.value.code, raised.value.message))
    assert messages[0] == messages[1]


async def test_an_empty_thread_and_an_empty_list_are_empty_pages(database: Database) -> None:
    threads = Threads(database)
    assert (await threads.list("alice", Cursor())).data == []
    await fill(database, "alice", "thr_1", 0)
    loaded = await threads.load("alice", "thr_1", Cursor())
    assert (list(loaded.items.data), loaded.items.has_more) == ([], False)
    assert loaded.answering is False


async def test_another_users_thread_is_missing_in_every_operation(database: Database) -> None:
    await fill(database, "bob", "thr_1", 3)
    threads = Threads(database)
    with pytest.raises(NotFound):
        await threads.load("alice", "thr_1", Cursor())
    with pytest.raises(NotFound):
        await threads.rename("alice", "thr_1", "Mine")
    with pytest.raises(NotFound):
        await threads.delete("alice", "thr_1")
    assert await threads.give_title("alice", "thr_1", "Mine", "first line") is None
    assert (await threads.load("bob", "thr_1", Cursor())).thread.title is None


async def test_an_automatic_title_never_replaces_one(database: Database) -> None:
    await fill(database, "alice", "thr_1", 0)
    threads = Threads(database)
    first = await threads.give_title("alice", "thr_1", "First", "first line")
    assert first is not None
    assert first.title == "First"
    assert await threads.give_title("alice", "thr_1", "Second", "first line") is None
    assert (await threads.rename("alice", "thr_1", "Given")).title == "Given"
    assert (await threads.rename("alice", "thr_1", None)).title is None


async def test_of_feedback_the_last_click_on_a_visible_item_of_the_thread_is_kept(
    database: Database,
) -> None:
    await fill(database, "alice", "thr_1", 3)
    await fill(database, "alice", "thr_2", 3)
    await database.execute("UPDATE items SET id = 'other_' || id WHERE thread_id = 'thr_2'")
    await fill(database, "bob", "thr_3", 1)
    await database.execute("UPDATE items SET id = 'bobs_' || id WHERE thread_id = 'thr_3'")
    threads = Threads(database)
    hidden_foreign_and_unknown = ["item_3", "other_item_1", "bobs_item_1", "item_999"]
    given = ["item_1", "item_1", "item_2", *hidden_foreign_and_unknown]
    await threads.judge("alice", "thr_1", given, "positive")
    await threads.judge("alice", "thr_1", ["item_2"], "negative")
    with pytest.raises(NotFound):
        await threads.judge("bob", "thr_1", ["item_1"], "negative")
    rows = await database.fetch(
        "SELECT user_id, thread_id, item_id, kind FROM feedback ORDER BY item_id"
    )
    assert [tuple(row) for row in rows] == [
        ("alice", "thr_1", "item_1", "positive"),
        ("alice", "thr_1", "item_2", "negative"),
    ]


async def test_deleting_a_thread_takes_all_that_it_holds(database: Database) -> None:
    await fill(database, "alice", "thr_1", 10)
    await Threads(database).delete("alice", "thr_1")
    assert await database.fetchval("SELECT count(*) FROM items") == 0


async def test_what_a_page_costs_does_not_grow_with_the_thread(database: Database) -> None:
    """The plan of a page reads its rows by the index on the order, however long the thread."""
    await fill(database, "alice", "thr_1", 3000)
    await database.execute("ANALYZE")
    for order in ("asc", "desc"):
        query = load("threads")[f"list_items_{order}"]
        for at, value in enumerate(("'alice'", "'thr_1'", "'item_1500'", "21"), start=1):
            query = query.replace(f"${at}", value)
        rows = await database.fetch(f"EXPLAIN (ANALYZE, FORMAT TEXT) {query}")
        plan = "\n".join(row[0] for row in rows)
        assert "items_page" in plan
        assert "Seq Scan on items" not in plan
