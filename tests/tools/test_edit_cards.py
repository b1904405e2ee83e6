"""The form in which a task is changed."""

from __future__ import annotations

from datetime import date

import pytest

from chatkit.access.caller import Caller
from chatkit.answer.cards import ActionOutcome
from chatkit.protocol.calls import Effect
from tests.tools.desk import Desk, field, nodes, words


async def test_a_task_is_edited_in_place_of_the_list(desk: Desk) -> None:
    other = await desk.add("Other")
    task = await desk.add(
        "Pay rent", description="by transfer", priority="high", category="finance",
        tags=("home", "flat"), recurrence="monthly", due_date=date(2026, 11, 30),
    )  # fmt: skip
    card = await desk.listed(other, task, more=4)
    form = (await desk.press(card, "task.edit", place=1)).card
    assert form is not None
    assert (form.widget["asForm"], form.copy_text) == (True, "Pay rent")
    assert {
        node["name"]: node["defaultValue"] for node in nodes(form.widget) if "defaultValue" in node
    } == {
        "title": "Pay rent",
        "description": "by transfer",
        "priority": "high",
        "category": "finance",
        "recurrence": "monthly",
        "due_date": "2026-11-30T12:00:00Z",
        "tags": "home, flat",
    }
    cancelled = await desk.press(form, "task.cancel_edit")
    assert cancelled == ActionOutcome(card=card)
    await desk.tasks.delete("anna", other.id)
    saved = await desk.press(
        form, "task.save", title="Pay the rent", description="by transfer", priority="low",
        category="none", recurrence="none", due_date="2026-12-01", tags="home, #Bank,,",
    )  # fmt: skip
    now = await desk.tasks.get("anna", task.id)
    assert (now.title, now.description, now.priority) == ("Pay the rent", "by transfer", "low")
    assert (now.category, now.recurrence, now.tags) == (None, None, ("home", "bank"))
    assert now.due_date == date(2026, 12, 1)
    assert saved.effects == (
        Effect(name="tasks/changed", data={"action": "update", "task_id": task.id}),
    )
    assert saved.note is not None
    assert saved.note.startswith(f'the user changed the task "Pay rent" (id {task.id}) in a form')
    assert '"title":"Pay the rent"' in saved.note
    assert "description" not in saved.note
    assert saved.card is not None
    assert words(saved.card) == [
        "2", "Pay the rent", "Low priority", "Due Tue 1 Dec", "#home", "#bank", "Edit", "Delete",
        "and 4 more",
    ]  # fmt: skip


async def test_saving_what_is_as_it_was_changes_nothing(desk: Desk) -> None:
    task = await desk.add("Pay rent", tags=("home",))
    card = await desk.listed(task)
    form = (await desk.press(card, "task.edit")).card
    assert form is not None
    saved = await desk.press(form, "task.save", title=" Pay  rent ", tags="home", due_date=None)
    assert saved == ActionOutcome(card=card)
    assert await desk.tasks.get("anna", task.id) == task


async def test_bad_fields_bring_the_form_back_with_what_was_entered(desk: Desk) -> None:
    form = (await desk.press(await desk.listed(await desk.add("A")), "task.edit")).card
    assert form is not None
    refused = await desk.press(form, "task.save", title=" ", description="new", due_date="soon")
    assert (refused.note, refused.effects) == (None, ())
    assert refused.card is not None
    assert "title: must not be empty." in words(refused.card)
    assert field(refused.card, "description")["defaultValue"] == "new"
    assert "defaultValue" not in field(refused.card, "due_date")
    wrong = await desk.press(refused.card, "task.save", title="B", priority="huge")
    assert wrong.card is not None
    saved = await desk.press(wrong.card, "task.save", title="B", priority="low")
    assert saved.card is not None
    assert words(saved.card)[:3] == ["1", "B", "Low priority"]


@pytest.mark.parametrize(
    ("zone", "sent"),
    [
        ("Pacific/Auckland", "2026-11-29T11:00:00.000Z"),  # midnight there
        ("Pacific/Auckland", "2026-11-30T12:00:00+13:00"),
        ("America/Los_Angeles", "2026-11-30T08:00:00.000Z"),
        ("UTC", "2026-11-30T00:00:00Z"),
        ("Asia/Tokyo", "2026-11-30"),
        ("Mars/Olympus", "2026-11-30T12:00:00Z"),
    ],
)
async def test_a_day_from_a_date_picker_is_the_users_own(desk: Desk, zone: str, sent: str) -> None:
    desk.who = Caller(user_id="anna", time_zone=zone)
    task = await desk.add("A")
    outcome = await desk.act("task.save", {"task_id": task.id, "due_date": sent})
    assert (await desk.tasks.get("anna", task.id)).due_date == date(2026, 11, 30)
    assert outcome.card is None  # nothing is shown that could be drawn again
    form = (await desk.act("task.edit", {"task_id": task.id})).card
    assert form is not None
    assert field(form, "due_date")["defaultValue"][:19] == "2026-11-30T12:00:00"


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("9999-12-31T23:59:00-14:00", date.max),
        ("0001-01-01T00:00:00+14:00", date.min),
        ("9999-12-31T12:00:00Z", date.max),
    ],
)
async def test_a_moment_at_the_end_of_the_calendar_is_the_day_that_it_names(
    desk: Desk, zone: str, sent: str, day: date
) -> None:
    desk.who = Caller(user_id="anna", time_zone=zone)
    task = await desk.add("A")
    await desk.act("task.save", {"task_id": task.id, "due_date": sent})
    assert (await desk.tasks.get("anna", task.id)).due_date == day
    form = (await desk.act("task.edit", {"task_id": task.id})).card
    assert form is not None
    shown = field(form, "due_date")["defaultValue"]
    await desk.act("task.save", {"task_id": task.id, "due_date": shown})
    assert (await desk.tasks.get("anna", task.id)).due_date == day


async def test_a_form_of_a_task_that_is_gone_leads_back_to_the_list(desk: Desk) -> None:
    gone, kept = await desk.add("Gone"), await desk.add("Kept")
    form = (await desk.press(await desk.listed(gone, kept), "task.edit")).card
    assert form is not None
    await desk.tasks.delete("anna", gone.id)
    outcome = await desk.press(form, "task.save", title="Again")
    assert outcome.card is not None
    assert words(outcome.card)[:3] == ["This task no longer exists.", "2", "Kept"]
