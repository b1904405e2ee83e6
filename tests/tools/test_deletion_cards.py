"""The card that asks before tasks are deleted."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from chatkit.answer.cards import ActionRefused
from chatkit.protocol.calls import CardOffer
from tests.tools.asker import ANNA
from tests.tools.desk import Desk, actions, words


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
        with pytest.raises(ActionRefused, match="answered_before"):
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
