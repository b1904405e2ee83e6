"""The card that asks before a model deletes or overwrites tasks."""

from __future__ import annotations

import pytest

from chatkit.answer.cards import ActionRefused
from chatkit.protocol.calls import CardOffer
from chatkit.todo.changes import Author
from chatkit.todo.tasks import TaskChanges
from store.task_history import StoredTaskHistory
from tests.tools.asker import ANNA
from tests.tools.desk import Desk, actions, words


def to_delete(task_id: str) -> CardOffer:
    """A deletion that waits."""
    return CardOffer(name="confirm_changes", data={"turn_id": "trn_1", "task_id": task_id})


def to_change(task_id: str, **fields: object) -> CardOffer:
    """A change that waits."""
    data = {"turn_id": "trn_1", "task_id": task_id, "fields": fields}
    return CardOffer(name="confirm_changes", data=data)


async def test_each_list_of_a_round_is_shown_once_and_deletions_are_one_question(
    desk: Desk,
) -> None:
    one, two = await desk.add("One"), await desk.add("Two")
    offers = [
        to_delete(two.id),
        CardOffer(name="task_list", data={"task_ids": [one.id, two.id], "more": 0}),
        CardOffer(name="task_list", data={"task_ids": [one.id, two.id], "more": 0}),
        to_delete(one.id),
        to_delete(two.id),
        CardOffer(name="weather", data={}),
    ]
    listed, question = await desk.cards.show(offers, ANNA)
    assert listed.widget["type"] == "ListView"
    assert words(question)[:2] == ["Delete these 2 tasks?", "Two"]
    assert question.copy_text == ("Delete these 2 tasks?\n- Two\n- One")


async def test_a_question_about_what_is_gone_is_not_asked(desk: Desk) -> None:
    task = await desk.add("One")
    await desk.tasks.delete("anna", task.id)
    assert await desk.cards.show([to_delete(task.id)], ANNA) == []


async def test_agreeing_deletes_what_the_card_lists(desk: Desk) -> None:
    one, two, _ = [await desk.add(title) for title in ("One", "Two", "Three")]
    outcome = await desk.press(await desk.asked(one, two), "tasks.confirmed")
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
    outcome = await desk.press(card, "tasks.confirmed")
    assert outcome.card is not None
    assert words(outcome.card) == ["Deleted 1 task. 2 tasks no longer existed.", "One"]
    again = await desk.press(card, "tasks.confirmed")
    assert (again.note, again.effects) == (None, ())
    assert again.card is not None
    assert words(again.card) == ["Nothing was deleted. 3 tasks no longer existed."]


@pytest.mark.parametrize("answer", ["tasks.keep", "tasks.confirmed"])
async def test_a_question_is_answered_once(desk: Desk, answer: str) -> None:
    one, two = await desk.add("One"), await desk.add("Two")
    question = await desk.asked(one)
    answered = (await desk.press(question, answer)).card
    left = await desk.titles()
    for kind in ("tasks.keep", "tasks.confirmed"):
        with pytest.raises(ActionRefused, match="answered_before"):
            await desk.act(kind, {"task_ids": [two.id]}, answered)
    assert await desk.titles() == left


async def test_keeping_deletes_nothing(desk: Desk) -> None:
    one, two = await desk.add("One"), await desk.add("Two")
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
    for task in (one, two):
        await desk.tasks.delete("anna", task.id)
    late = await desk.press(card, "tasks.keep")
    assert late.note is None


async def test_the_card_lists_what_would_change_before_and_after(desk: Desk) -> None:
    one = await desk.add("One", description="old " * 200, tags=("a", "b"))
    two = await desk.add("Two")
    offers = [to_delete(two.id), to_change(one.id, title="First", description="new", tags=[])]
    (question,) = await desk.cards.show(offers, ANNA)
    said = words(question)
    assert said[:3] == ["Make these 2 changes?", "Two", "Will be deleted"]
    assert said[3:5] == ["One", "Title: One → First"]
    assert said[5].startswith("Description: old old ")
    assert said[5].endswith("… → new")
    assert len(said[5]) < 350
    assert said[6] == "Tags: a, b → —"
    assert await desk.titles() == ["Two", "One"]


async def test_agreeing_makes_all_changes_of_the_card_once(desk: Desk) -> None:
    one, two, three = [await desk.add(title) for title in ("One", "Two", "Three")]
    offers = [
        to_change(one.id, title="First", priority="high"),
        to_delete(two.id),
        to_change(three.id, description="more"),
    ]
    (card,) = await desk.cards.show(offers, ANNA)
    outcome = await desk.press(card, "tasks.confirmed")
    assert await desk.titles() == ["Three", "First"]
    assert [effect.data["action"] for effect in outcome.effects] == ["delete", "update", "update"]
    assert outcome.note == (
        "the user agreed with a button, and these tasks are deleted now: "
        f'"Two" (id {two.id}), and these tasks are changed now: '
        f'"First" (id {one.id}), "Three" (id {three.id})'
    )
    assert outcome.card is not None
    assert words(outcome.card) == [
        "Deleted 1 task. Changed 2 tasks.", "Two", "First", "Three",
    ]  # fmt: skip
    await desk.press(card, "tasks.confirmed")  # a second click, sent at the same time
    assert await desk.titles() == ["Three", "First"]


async def test_two_changes_of_one_task_are_one_with_all_their_fields(desk: Desk) -> None:
    one = await desk.add("One")
    offers = [to_change(one.id, title="First"), to_change(one.id, description="more")]
    (card,) = await desk.cards.show(offers, ANNA)
    assert words(card)[1:4] == ["One", "Title: One → First", "Description: — → more"]
    await desk.press(card, "tasks.confirmed")
    task = await desk.tasks.get("anna", one.id)
    assert (task.title, task.description) == ("First", "more")


async def test_what_was_changed_since_the_card_was_shown_is_left_alone(desk: Desk) -> None:
    one, two = await desk.add("One"), await desk.add("Two")
    offers = [to_change(one.id, title="First"), to_change(two.id, title="Second")]
    (card,) = await desk.cards.show(offers, ANNA)
    await desk.tasks.update("anna", one.id, TaskChanges({"title": "Mine"}))
    outcome = await desk.press(card, "tasks.confirmed")
    assert await desk.titles() == ["Second", "Mine"]
    assert outcome.card is not None
    assert words(outcome.card)[0] == (
        "Changed 1 task. 1 task was changed since and is left as it is."
    )


async def test_a_click_after_a_crash_does_nothing_a_second_time(desk: Desk) -> None:
    one, two = await desk.add("One"), await desk.add("Two")
    offers = [to_change(one.id, title="First"), to_delete(two.id)]
    (card,) = await desk.cards.show(offers, ANNA)
    await desk.press(card, "tasks.confirmed")  # and the server is gone before it draws the card
    await desk.tasks.update("anna", one.id, TaskChanges({"title": "Mine"}))
    outcome = await desk.press(card, "tasks.confirmed")
    assert (outcome.effects, outcome.note) == ((), None)
    assert await desk.titles() == ["Mine"]


async def test_leaving_changes_nothing(desk: Desk) -> None:
    one = await desk.add("One")
    (card,) = await desk.cards.show([to_change(one.id, title="First")], ANNA)
    outcome = await desk.press(card, "tasks.keep")
    assert await desk.titles() == ["One"]
    assert outcome.card is not None
    assert words(outcome.card) == ["Nothing was changed.", "One"]
    assert outcome.note == (
        f'the user decided with a button not to change these tasks: "One" (id {one.id})'
    )


async def test_what_was_agreed_to_on_a_card_is_undone_with_the_answer_that_asked(
    desk: Desk,
) -> None:
    one = await desk.add("One")
    (card,) = await desk.cards.show([to_delete(one.id)], ANNA)
    await desk.press(card, "tasks.confirmed")
    history = StoredTaskHistory(desk.database)
    by = Author(kind="model", thread_id=ANNA.thread_id, turn_id="trn_2")
    undone = await history.undo("anna", by)
    assert [task.title for task in undone.restored] == ["One"]
