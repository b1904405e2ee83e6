"""The task cards: drawn from the real store, and acted on as a user would."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from chatkit.protocol import widgets as w
from chatkit.protocol.actions import Action, ActionOutcome, ActionRefused, Card
from chatkit.protocol.calls import Caller, CardOffer, Effect
from chatkit.protocol.errors import NotFound
from chatkit.protocol.tasks import Task, TaskDraft, TaskQuery
from store.postgres import Database
from store.tasks import Tasks
from tools.cards import TaskCards
from tools.task_cards import MOST_ROWS, task_preview

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # a Sunday; Monday in Tokyo
TODAY = NOW.date()
ANNA = Caller(user_id="anna", thread_id="thr_1")


class Desk:
    """A user with tasks and the card that is shown to them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tasks = Tasks(database)
        self.cards = TaskCards(self.tasks, now=lambda: NOW)
        self.who = ANNA

    async def add(self, title: str, **fields: Any) -> Task:
        return await self.tasks.add("anna", TaskDraft(title=title, **fields))

    async def listed(self, *tasks: Task, more: int = 0) -> Card:
        data = {"task_ids": [task.id for task in tasks], "more": more}
        (card,) = await self.cards.show([CardOffer(name="task_list", data=data)], self.who)
        return card

    async def asked(self, *tasks: Task) -> Card:
        offers = [
            CardOffer(name="confirm_deletion", data={"task_ids": [task.id]}) for task in tasks
        ]
        (card,) = await self.cards.show(offers, self.who)
        return card

    async def act(self, kind: str, payload: Any, on: Card | None = None) -> ActionOutcome:
        """Send an action, with the card as it was stored."""
        shown = None if on is None else json.loads(json.dumps(on.widget))
        outcome = await self.cards.act(Action(type=kind, payload=payload), shown, self.who)
        if outcome.card is not None:
            w.validate(outcome.card.widget)
            assert "null" not in json.dumps(outcome.card.widget)
        return outcome

    async def press(self, card: Card, kind: str, place: int = 0, **fields: Any) -> ActionOutcome:
        """Do what the card offers: the action of that type, the `place`th of them from 0."""
        configs = [each for each in actions(card.widget) if each["type"] == kind]
        return await self.act(kind, {**fields, **configs[place]["payload"]}, card)

    async def titles(self) -> list[str]:
        return [t.title for t in (await self.tasks.list("anna", TaskQuery(today=TODAY))).tasks]


def nodes(tree: w.Node) -> Iterator[w.Node]:
    yield tree
    for child in tree.get("children", []):
        yield from nodes(child)


def actions(tree: w.Node) -> Iterator[dict[str, Any]]:
    for node in nodes(tree):
        for name in ("onChangeAction", "onClickAction"):
            if name in node:
                yield node[name]
        for name in ("confirm", "cancel"):
            if name in node:
                yield node[name]["action"]


def words(card: Card) -> list[str]:
    """All that the card says, in order."""
    named = ("value", "label")
    return [node[name] for node in nodes(card.widget) for name in named if name in node]


def field(card: Card, name: str) -> w.Node:
    (found,) = [node for node in nodes(card.widget) if node.get("name") == name]
    return found


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    database = await Database.connect(database_url, most_connections=4)
    await database.execute("INSERT INTO threads (user_id, id) VALUES ('anna', 'thr_1')")
    yield Desk(database)
    await database.close()


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
    tasks = [await desk.add(f"Task {number}") for number in range(MOST_ROWS + 2)]
    card = await desk.listed(*tasks, more=10)
    assert len([each for each in actions(card.widget) if each["type"] == "task.edit"]) == MOST_ROWS
    assert words(card)[-1] == "and 12 more"
    again = (await desk.press(card, "task.complete")).card
    assert again is not None
    assert words(again)[-1] == "and 12 more"
    assert again.copy_text is not None
    assert again.copy_text.endswith("\nand 12 more")


async def test_nothing_to_list_is_a_friendly_card(desk: Desk) -> None:
    card = await desk.listed()
    assert (card.widget["type"], words(card)) == ("Card", ["There are no tasks here."])


async def test_each_list_of_a_round_is_shown_once_and_deletions_are_one_question(
    desk: Desk,
) -> None:
    one, two = await desk.add("One"), await desk.add("Two")
    offers = [
        CardOffer(name="confirm_deletion", data={"task_ids": [two.id]}),
        CardOffer(name="task_list", data={"task_ids": [one.id, two.id], "more": 0}),
        CardOffer(name="task_list", data={"task_ids": [one.id, two.id], "more": 0}),
        CardOffer(name="confirm_deletion", data={"task_ids": [one.id]}),
        CardOffer(name="confirm_deletion", data={"task_ids": [two.id]}),
        CardOffer(name="weather", data={}),
    ]
    listed, question = await desk.cards.show(offers, ANNA)
    assert listed.widget["type"] == "ListView"
    assert words(question)[:2] == ["Delete these 2 tasks?", "Two"]
    assert question.copy_text == ("Delete these 2 tasks?\n- Two\n- One")


async def test_a_question_about_what_is_gone_is_not_asked(desk: Desk) -> None:
    task = await desk.add("One")
    await desk.tasks.delete("anna", task.id)
    offer = CardOffer(name="confirm_deletion", data={"task_ids": [task.id]})
    assert await desk.cards.show([offer], ANNA) == []


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
    (update,) = w.diff(card.widget, saved.widget)
    assert (update["type"], update["component_id"]) == ("widget.component.updated", "task-2")


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


async def test_a_form_of_a_task_that_is_gone_leads_back_to_the_list(desk: Desk) -> None:
    gone, kept = await desk.add("Gone"), await desk.add("Kept")
    form = (await desk.press(await desk.listed(gone, kept), "task.edit")).card
    assert form is not None
    await desk.tasks.delete("anna", gone.id)
    outcome = await desk.press(form, "task.save", title="Again")
    assert outcome.card is not None
    assert words(outcome.card)[:3] == ["This task no longer exists.", "2", "Kept"]


async def test_agreeing_deletes_what_the_card_lists(desk: Desk) -> None:
    one, two, _ = [await desk.add(title) for title in ("One", "Two", "Three")]
    outcome = await desk.press(await desk.asked(one, two), "tasks.delete_confirmed")
    assert await desk.titles() == ["Three"]
    assert [effect.data["task_id"] for effect in outcome.effects] == [one.id, two.id]
    assert outcome.note == (
        "the user agreed with a button, and these tasks are deleted now: "
        f'"One" (id {one.id}), "Two" (id {two.id})'
    )
    assert outcome.card is not None
    assert words(outcome.card) == ["Deleted 2 tasks.", "One", "Two"]
    assert list(actions(outcome.card.widget)) == []


async def test_agreeing_late_tells_what_was_gone(desk: Desk) -> None:
    tasks = [await desk.add(title) for title in ("One", "Two", "Three")]
    card = await desk.asked(*tasks)
    for task in tasks[1:]:
        await desk.tasks.delete("anna", task.id)
    outcome = await desk.press(card, "tasks.delete_confirmed")
    assert outcome.card is not None
    assert words(outcome.card) == ["Deleted 1 task. 2 tasks no longer existed.", "One"]
    again = await desk.press(card, "tasks.delete_confirmed")
    assert (again.note, again.effects) == (None, ())
    assert again.card is not None
    assert words(again.card) == ["Nothing was deleted. 3 tasks no longer existed."]


@pytest.mark.parametrize("answer", ["tasks.keep", "tasks.delete_confirmed"])
async def test_a_question_is_answered_once(desk: Desk, answer: str) -> None:
    one, two = await desk.add("One"), await desk.add("Two")
    question = await desk.asked(one)
    answered = (await desk.press(question, answer)).card
    left = await desk.titles()
    for kind in ("tasks.keep", "tasks.delete_confirmed"):
        with pytest.raises(ActionRefused, match="answered already"):
            await desk.act(kind, {"task_ids": [two.id]}, answered)
    assert await desk.titles() == left


async def test_keeping_deletes_nothing_and_takes_the_question_back(desk: Desk) -> None:
    one, two = await desk.add("One"), await desk.add("Two")
    asked = {one.id: 1, two.id: 1, str(uuid4()): 1}
    query = "UPDATE threads SET asked_deletions = $1 WHERE id = 'thr_1'"
    await desk.database.execute(query, json.dumps(asked))
    card = await desk.asked(one, two)
    outcome = await desk.press(card, "tasks.keep")
    assert await desk.titles() == ["Two", "One"]
    assert outcome.note == (
        "the user decided with a button not to delete these tasks: "
        f'"One" (id {one.id}), "Two" (id {two.id})'
    )
    assert outcome.effects == ()
    assert outcome.card is not None
    assert words(outcome.card) == ["Nothing was deleted.", "One", "Two"]
    assert list(actions(outcome.card.widget)) == []
    left = await desk.database.fetchval("SELECT asked_deletions FROM threads WHERE id = 'thr_1'")
    assert len(json.loads(left)) == 1
    for task in (one, two):
        await desk.tasks.delete("anna", task.id)
    late = await desk.press(card, "tasks.keep")
    assert late.note is None


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
        ("tasks.delete_confirmed", {"task_ids": [1]},
         "task_ids: is required, as a list of strings."),
        ("tasks.delete_confirmed", {"task_ids": []}, "task_ids: between 1 and 100."),
        ("tasks.delete_confirmed", {"task_ids": ["1"] * 101}, "task_ids: between 1 and 100."),
    ],
)  # fmt: skip
async def test_what_no_button_of_ours_sends_is_refused(
    desk: Desk, kind: str, payload: Any, sentence: str
) -> None:
    with pytest.raises(ActionRefused) as caught:
        await desk.act(kind, payload)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "shown",
    [
        {"type": "ListView", "children": [{"type": "ListViewItem", "id": "a", "key": "b"}, 3]},
        {"type": "Card", "children": [], "cancel": {"action": {"type": "x", "payload": {}}}},
        {"type": "Hologram"},
    ],
)
async def test_a_card_that_is_not_ours_stays_as_it_is(desk: Desk, shown: w.Node) -> None:
    task = await desk.add("One")
    action = Action(type="task.complete", payload={"task_id": task.id, "completed": True})
    outcome = await desk.cards.act(action, shown, ANNA)
    assert outcome.card is None
    assert (await desk.tasks.get("anna", task.id)).completed


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
    agreed = await desk.press(question, "tasks.delete_confirmed")
    assert agreed.effects == ()
    assert await desk.tasks.get("anna", task.id) == task
    with pytest.raises(NotFound):
        await desk.tasks.get("ben", task.id)


async def test_a_preview_tells_all_of_a_task_and_does_nothing(desk: Desk) -> None:
    task = await desk.add("Pay rent", description="by transfer", due_date=TODAY, category="finance")
    preview = task_preview(task, TODAY)
    w.validate(preview)
    assert preview["type"] == "Basic"
    card = Card(widget=preview)
    assert words(card) == ["Pay rent", "Due today", "Finance", "by transfer"]
    assert list(actions(preview)) == []
    bare = task_preview(await desk.add("Bare", completed=True), TODAY)
    assert words(Card(widget=bare)) == ["Bare"]
