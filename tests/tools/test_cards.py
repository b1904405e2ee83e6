"""The task cards: drawn from the real store, and acted on as a user would."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chatkit.access.caller import Caller
from chatkit.answer.cards import ActionRefused, Card
from chatkit.protocol import widgets as w
from chatkit.protocol.actions import Action
from chatkit.protocol.calls import Effect
from chatkit.protocol.errors import NotFound
from tests.tools.asker import ANNA
from tests.tools.desk import TODAY, Desk, actions, field, nodes, words
from tests.wording import SAY, worded
from tools.listed import MAX_ROWS
from tools.task_cards import task_preview


async def test_a_list_shows_each_task_with_what_can_be_done(desk: Desk) -> None:
    rent = await desk.add(
        "Pay rent", priority="high", category="finance", tags=("home",), recurrence="monthly",
        due_date=date(2026, 11, 20),
    )  # fmt: skip
    milk = await desk.add("Buy milk", priority="low", due_date=date(2026, 11, 23), completed=True)
    card = await desk.listed(milk, rent)
    assert card.widget["type"] == "ListView"
    assert card.widget["status"] == {"text": "2 tasks, 1 done", "icon": "check-circle"}
    assert words(card) == [
        "1", "Buy milk", "Low priority", "Due tomorrow", "Edit", "Delete",
        "2", "Pay rent", "High priority", "Overdue Fri 20 Nov", "Finance", "Every month", "#home",
        "Edit", "Delete",
    ]  # fmt: skip
    struck = [node["value"] for node in nodes(card.widget) if node.get("lineThrough")]
    assert struck == ["Buy milk"]
    assert [each for each in actions(card.widget) if each["type"] == "task.complete"] == [
        w.action("task.complete", {"task_id": milk.id, "completed": False}, streaming=False),
        w.action("task.complete", {"task_id": rent.id, "completed": True}, streaming=False),
    ]
    assert card.copy_text == (
        "1. [x] Buy milk · due tomorrow · low priority\n"
        "2. [ ] Pay rent · overdue since Fri 20 Nov · high priority · finance · every month · #home"
    )


async def test_the_day_is_the_users_own(desk: Desk) -> None:
    desk.who = Caller(user_id="anna", thread_id="thr_1", time_zone="Asia/Tokyo")
    assert "Due today" in words(await desk.listed(await desk.add("A", due_date=date(2026, 11, 23))))


async def test_a_long_list_ends_in_how_many_more_there_are(desk: Desk) -> None:
    tasks = [await desk.add(f"Task {number}") for number in range(MAX_ROWS + 2)]
    card = await desk.listed(*tasks, more=10)
    assert len([each for each in actions(card.widget) if each["type"] == "task.edit"]) == MAX_ROWS
    assert words(card)[-1] == "and 12 more"
    again = (await desk.press(card, "task.complete")).card
    assert again is not None
    assert words(again)[-1] == "and 12 more"
    assert again.copy_text is not None
    assert again.copy_text.endswith("\nand 12 more")


async def test_nothing_to_list_is_a_friendly_card(desk: Desk) -> None:
    card = await desk.listed()
    assert (card.widget["type"], words(card)) == ("Card", ["There are no tasks here."])


async def test_a_tick_completes_the_task_and_another_opens_it_again(desk: Desk) -> None:
    task = await desk.add('Buy "fresh" milk')
    card = await desk.listed(task)
    outcome = await desk.press(card, "task.complete")
    assert outcome.effects == (
        Effect(name="tasks/changed", data={"action": "complete", "task_id": task.id}),
    )
    assert outcome.note == (
        f'the user marked the task "Buy \\"fresh\\" milk" (id {task.id}) as done with a button'
    )
    assert outcome.card is not None
    assert field(outcome.card, "completed")["defaultChecked"] is True
    again = await desk.press(outcome.card, "task.complete")
    assert again.note is not None
    assert "as not done" in again.note
    assert again.card == card


async def test_the_next_task_of_a_series_is_told(desk: Desk) -> None:
    task = await desk.add("Water plants", recurrence="daily", due_date=TODAY)
    outcome = await desk.press(await desk.listed(task), "task.complete")
    assert outcome.card is not None
    assert words(outcome.card)[0] == "“Water plants” repeats: the next one is due tomorrow."


async def test_a_change_of_one_task_is_an_update_of_its_row_alone(desk: Desk) -> None:
    card = await desk.listed(await desk.add("One"), await desk.add("Two"))
    changed = (await desk.press(card, "task.edit", place=1)).card
    assert changed is not None
    saved = (await desk.press(changed, "task.save", title="Twice")).card
    assert saved is not None
    rows = zip(card.widget["children"], saved.widget["children"], strict=True)
    changes = [(old["id"], new["id"]) for old, new in rows if old != new]
    assert changes == [("task-2", "task-2")]


async def test_a_deleted_task_leaves_its_number_free(desk: Desk) -> None:
    tasks = [await desk.add(title) for title in ("One", "Two", "Three")]
    card = await desk.listed(*tasks)
    question = (await desk.press(card, "task.ask_delete", place=1)).card
    assert question is not None
    outcome = await desk.press(question, "task.delete")
    assert outcome.effects == (
        Effect(name="tasks/changed", data={"action": "delete", "task_id": tasks[1].id}),
    )
    assert outcome.note == f'the user deleted the task "Two" (id {tasks[1].id}) with a button'
    assert outcome.card is not None
    assert words(outcome.card)[0] == "Deleted “Two”."
    assert [word for word in words(outcome.card) if word in "1 2 3"] == ["1", "3"]
    assert await desk.titles() == ["Three", "One"]


async def test_a_row_asks_before_its_task_is_deleted_and_forgets_the_question(desk: Desk) -> None:
    tasks = [await desk.add(title) for title in ("One", "Two")]
    card = await desk.listed(*tasks)
    outcome = await desk.press(card, "task.ask_delete", place=1)
    assert (outcome.note, outcome.effects) == (None, ())
    assert outcome.card is not None
    assert words(outcome.card) == [
        "1", "One", "Edit", "Delete",
        "2", "Two", "Delete this task?", "Delete", "Keep",
    ]  # fmt: skip
    assert await desk.titles() == ["Two", "One"]
    kept = await desk.press(outcome.card, "task.cancel_edit")
    assert kept.card == card
    other = await desk.press(outcome.card, "task.ask_delete")
    assert other.card is not None
    assert words(other.card)[-3:] == ["Two", "Edit", "Delete"]


@pytest.mark.parametrize("kind", ["task.complete", "task.edit", "task.ask_delete"])
async def test_an_old_card_is_drawn_again_as_things_are(desk: Desk, kind: str) -> None:
    gone, kept = await desk.add("Gone"), await desk.add("Kept")
    card = await desk.listed(gone, kept)
    await desk.tasks.delete("anna", gone.id)
    outcome = await desk.press(card, kind)
    assert (outcome.note, outcome.effects) == (None, ())
    assert outcome.card is not None
    assert words(outcome.card)[:3] == ["This task no longer exists.", "2", "Kept"]
    await desk.tasks.delete("anna", kept.id)
    last = await desk.press(outcome.card, kind)
    assert last.card is not None
    assert words(last.card) == ["This task no longer exists."]


@pytest.mark.parametrize(
    ("kind", "payload", "sentence"),
    [
        ("task.paint", {"task_id": "1"}, "This button is not known here."),
        ("task.edit", None, "This button does not say which task is meant."),
        ("task.edit", ["1"], "This button does not say which task is meant."),
        ("task.edit", {}, "task_id: is required, as a string."),
        ("task.delete", {"task_id": 1}, "task_id: is required, as a string."),
        ("task.complete", {"task_id": "1"}, "completed: is required."),
        ("task.complete", {"task_id": "1", "completed": 1}, "completed: must be true or false."),
        ("tasks.keep", {"task_ids": "1"}, "task_ids: is required, as a list of strings."),
        ("tasks.confirmed", {"task_ids": [1]},
         "task_ids: is required, as a list of strings."),
        ("tasks.confirmed", {"task_ids": []}, "task_ids: between 1 and 100."),
        ("tasks.confirmed", {"task_ids": ["1"] * 101}, "task_ids: between 1 and 100."),
    ],
)  # fmt: skip
async def test_what_no_button_of_ours_sends_is_refused(
    desk: Desk, kind: str, payload: Any, sentence: str
) -> None:
    with pytest.raises(ActionRefused) as caught:
        await desk.act(kind, payload)
    assert worded(caught.value.sentence) == sentence


@pytest.mark.parametrize(
    "shown",
    [
        {"type": "ListView", "children": [{"type": "ListViewItem", "id": "a", "key": "b"}, 3]},
        {"type": "Card", "children": [], "cancel": {"action": {"type": "x", "payload": {}}}},
        {"type": "Hologram"},
        *(
            {"type": "ListView", "children": [{"type": "ListViewItem", "id": name, "key": key}]}
            for name, key in [
                ("task-²", "b"),
                ("task-" + "9" * 5_000, "b"),
                ("task-", "b"),
                ("task--1", "b"),
                ("task-1", 3),
                ("more", "²"),
                ("more", "9" * 5_000),
            ]
        ),
        *(
            {
                "type": "Card",
                "children": [],
                "cancel": {"action": {"type": "x", "payload": {"places": places, "more": more}}},
            }
            for places, more in [
                ([1], 0),
                ([[1]], 0),
                ([[1, 2]], 0),
                ([["a", "b"]], 0),
                ([[[], "b"]], 0),
                ([[1, "b", "c"]], 0),
                ([[True, "b"]], 0),
                ([[10**400, "b"]], 10**400),
            ]
        ),
    ],
)
async def test_a_card_that_is_not_ours_stays_as_it_is(desk: Desk, shown: w.Node) -> None:
    task = await desk.add("One")
    action = Action(type="task.complete", payload={"task_id": task.id, "completed": True})
    outcome = await desk.cards.act(action, shown, ANNA)
    assert outcome.card is None
    assert (await desk.tasks.get("anna", task.id)).completed


async def test_of_an_imported_list_the_rows_that_are_ours_are_drawn(desk: Desk) -> None:
    task = await desk.add("One")
    rows = [("task-²", "x"), ("task-7", task.id), ("task-8", "no id"), ("more", "9" * 5_000)]
    shown = {
        "type": "ListView",
        "children": [{"type": "ListViewItem", "id": name, "key": key} for name, key in rows],
    }
    action = Action(type="task.complete", payload={"task_id": task.id, "completed": True})
    outcome = await desk.cards.act(action, shown, ANNA)
    assert outcome.card is not None
    assert [row["id"] for row in outcome.card.widget["children"]] == ["task-7"]


async def test_nobody_acts_on_the_tasks_of_another(desk: Desk) -> None:
    task = await desk.add("Anna's")
    card, question = await desk.listed(task), await desk.asked(task)
    desk.who = Caller(user_id="ben", thread_id="thr_1")
    for kind in ("task.complete", "task.edit", "task.ask_delete"):
        outcome = await desk.press(card, kind)
        assert outcome.card is not None
        assert (words(outcome.card), outcome.note) == (["This task no longer exists."], None)
    deleted = await desk.act("task.delete", {"task_id": task.id}, card)
    assert (deleted.note, deleted.effects) == (None, ())
    agreed = await desk.press(question, "tasks.confirmed")
    assert agreed.effects == ()
    assert await desk.tasks.get("anna", task.id) == task
    with pytest.raises(NotFound):
        await desk.tasks.get("ben", task.id)


async def test_a_preview_tells_all_of_a_task_and_does_nothing(desk: Desk) -> None:
    task = await desk.add("Pay rent", description="by transfer", due_date=TODAY, category="finance")
    preview = task_preview(task, TODAY, SAY)
    w.validate(preview)
    assert preview["type"] == "Basic"
    card = Card(widget=preview)
    assert words(card) == ["Pay rent", "Due today", "Finance", "by transfer"]
    assert list(actions(preview)) == []
    bare = task_preview(await desk.add("Bare", completed=True), TODAY, SAY)
    assert words(Card(widget=bare)) == ["Bare"]
