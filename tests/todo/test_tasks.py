"""What a task may hold, and what may be asked of the list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from chatkit.protocol.errors import BadRequest
from chatkit.todo.tasks import (
    Task,
    TaskChanges,
    TaskDraft,
    TaskQuery,
    parse_changes,
    parse_draft,
    parse_query,
)

TODAY = date(2026, 11, 25)


def test_a_task_has_every_field_on_the_wire_nulls_included() -> None:
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    bare = Task(
        id="t1",
        title="Buy milk",
        description=None,
        completed=False,
        completed_at=None,
        priority="medium",
        category=None,
        tags=(),
        due_date=None,
        recurrence=None,
        created_at=noon,
        updated_at=noon.astimezone(timezone(timedelta(hours=5))),
    )
    assert bare.to_wire() == {
        "id": "t1",
        "title": "Buy milk",
        "description": None,
        "completed": False,
        "completed_at": None,
        "priority": "medium",
        "category": None,
        "tags": [],
        "due_date": None,
        "recurrence": None,
        "created_at": "2026-11-25T12:00:00.000Z",
        "updated_at": "2026-11-25T12:00:00.000Z",
    }


def test_a_draft_is_tidied_and_what_it_does_not_know_is_ignored() -> None:
    assert parse_draft(
        {
            "title": "  Pay \n rent ",
            "description": " by transfer ",
            "priority": " HIGH",
            "category": "Finance",
            "tags": ["#Home", "money ", "home", " ", "#"],
            "due_date": "2026-11-30T09:00:00Z",
            "recurrence": "monthly",
            "completed": True,
            "user_id": "mallory",
        }
    ) == TaskDraft(
        title="Pay rent",
        description="by transfer",
        priority="high",
        category="finance",
        tags=("home", "money"),
        due_date=date(2026, 11, 30),
        recurrence="monthly",
        completed=True,
    )


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_are_the_defaults_of_a_draft(nothing: str | None) -> None:
    fields = dict.fromkeys(("description", "category", "due_date", "recurrence"), nothing)
    draft = parse_draft({"title": "x", "priority": None, "tags": None, **fields})
    assert draft == TaskDraft(title="x")
    assert parse_draft({"title": "x", "category": "none"}) == draft


def test_changes_hold_only_what_was_named() -> None:
    assert parse_changes({"title": "New", "due_date": None, "later": 1}) == TaskChanges(
        {"title": "New", "due_date": None}
    )


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("title", None, "must be a string"),
        ("title", 7, "must be a string"),
        ("title", " ", "must not be empty"),
        ("title", "x" * 256, "at most 255 characters"),
        ("title", "a\0b", "must not hold NUL characters or lone surrogates"),
        ("description", "\ud800", "must not hold NUL characters or lone surrogates"),
        ("description", "x" * 2001, "at most 2000 characters"),
        ("priority", "urgent", "must be one of high, medium, low"),
        ("priority", None, "must be one of high, medium, low"),
        ("category", "home", "must be one of work, personal, study, health, finance"),
        ("recurrence", 7, "must be one of daily, weekly, monthly"),
        ("tags", "home", "must be a list of strings"),
        ("tags", [f"t{number}" for number in range(21)], "at most 20 tags"),
        ("due_date", "soon", "must be a date like 2026-11-30"),
        ("due_date", 20261130, "must be a date like 2026-11-30"),
        ("due_date", "2026-02-30", "there is no such day"),
        ("completed", "yes", "must be true or false"),
        ("completed", 1, "must be true or false"),
    ],
)
def test_a_value_that_a_field_cannot_hold_is_refused_by_the_name_of_the_field(
    name: str, value: object, problem: str
) -> None:
    with pytest.raises(BadRequest) as raised:
        parse_changes({name: value})
    assert raised.value.message == f"{name}: {problem}"


def test_a_fault_in_a_tag_is_told_with_its_place() -> None:
    for tags, problem in (
        (["a", 7], "must be a string"),
        (["a", "x" * 51], "at most 50 character"),
    ):
        with pytest.raises(BadRequest, match=rf"^tags\[1\]: {problem}"):
            parse_draft({"title": "x", "tags": tags})


def test_a_task_needs_a_title_and_a_change_something_to_change() -> None:
    with pytest.raises(BadRequest, match=r"^title: is required$"):
        parse_draft({"description": "x"})
    with pytest.raises(BadRequest, match=r"^task\.nothing_to_change\(fields='title, description, "):
        parse_changes({"later": 1})


def test_a_query_reads_words_as_models_and_forms_write_them() -> None:
    given = {
        "status": "This_Week",
        "priority": "high",
        "category": "Work",
        "tag": "#Home",
        "search": " milk ",
        "sort": "due date",
        "limit": "7",
        "offset": 5.0,
        "after": "t1",
    }
    assert parse_query(given, today=TODAY) == TaskQuery(
        today=TODAY,
        status="this week",
        priority="high",
        category="work",
        tag="home",
        search="milk",
        sort="due date",
        limit=7,
        offset=5,
        after="t1",
    )


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_are_the_defaults_of_a_query(nothing: str | None) -> None:
    fields = ("status", "priority", "category", "tag", "search", "sort", "limit", "offset", "after")
    assert parse_query(dict.fromkeys(fields, nothing), today=TODAY) == TaskQuery(today=TODAY)


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("limit", 101, 100),
        ("limit", 10**12, 100),
        ("offset", 10**12, 1_000_000_000),
        ("offset", "0", 0),
        ("tag", "#", None),
        ("search", "  ", None),
    ],
)
def test_a_query_is_cut_to_what_can_be_asked(name: str, value: object, taken: object) -> None:
    assert getattr(parse_query({name: value}, today=TODAY), name) == taken


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("limit", 0, "must be at least 1"),
        ("limit", "-1", "must be at least 1"),
        ("offset", -1, "must be at least 0"),
        ("limit", True, "must be a whole number"),
        ("limit", 1.5, "must be a whole number"),
        ("limit", float("inf"), "must be a whole number"),
        ("limit", "1e3", "must be a whole number"),
        ("limit", "1" * 10, "must be a whole number"),
        ("status", "late", "must be one of all, pending, completed, overdue, today, tomorrow, "
         "this week, no due date"),
        ("sort", "size", "must be one of newest, oldest, due date, priority, title"),
        ("category", "none", "must be one of work, personal, study, health, finance"),
        ("after", "x" * 65, "at most 64 characters"),
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused_by_the_name_of_the_field(
    name: str, value: Any, problem: str
) -> None:
    with pytest.raises(BadRequest) as raised:
        parse_query({name: value}, today=TODAY)
    assert raised.value.message == f"{name}: {problem}"
