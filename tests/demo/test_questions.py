"""What is asked back, and what the answers to that do."""

from __future__ import annotations

import pytest

from tests.demo.desk import later


def test_what_was_only_looked_up_is_told_in_words() -> None:
    desk = later("Buy eggs", "Buy milk")
    desk.shows_cards = True
    assert "1. ☐ Buy milk\n2. ☐ Buy eggs\n\nWhich one shall I complete?" in (
        desk.say("complete buy")
    )


def test_deletions_that_a_card_lists_are_asked_about_in_a_sentence() -> None:
    desk = later("Buy eggs", "Buy milk")
    desk.shows_cards = True
    assert desk.say("delete all") == "Shall I delete these 2 tasks? Say “yes” to go ahead."
    desk.say("yes")
    assert desk.titles == []


def test_of_several_matches_the_person_chooses() -> None:
    desk = later("Buy milk", "Milk the cow")
    assert desk.say("delete milk") == (
        "2 tasks match “milk”:\n\n1. ☐ Milk the cow\n2. ☐ Buy milk\n\n"
        "Which one shall I delete? Give me its number, or say “all”."
    )
    assert desk.say("the second one") == "Deleted **Buy milk**."
    assert desk.titles == ["Milk the cow"]


@pytest.mark.parametrize("sentence", ["delete all", "delete 1 and 2", "clear my list"])
def test_more_than_one_is_deleted_only_after_a_yes(sentence: str) -> None:
    desk = later("Buy milk", "Pay rent")
    told = desk.say(sentence)
    assert told == (
        "1. ☐ Pay rent\n2. ☐ Buy milk\n\nShall I delete these 2 tasks? Say “yes” to go ahead."
    )
    assert len(desk.tasks) == 2
    assert desk.say("yes, please") == "Deleted 2 tasks:\n\n- **Pay rent**\n- **Buy milk**"
    assert desk.tasks == []


def test_deletions_of_several_sentences_are_asked_about_in_one_question() -> None:
    desk = later("Buy milk", "Pay rent", "Call mum")
    assert desk.say("delete buy milk and delete pay rent") == (
        "1. ☐ Buy milk\n2. ☐ Pay rent\n\nShall I delete these 2 tasks? Say “yes” to go ahead."
    )
    assert len(desk.tasks) == 3
    desk.say("yes")
    assert desk.titles == ["Call mum"]


def test_a_no_deletes_nothing_and_a_late_yes_neither() -> None:
    desk = later("Buy milk", "Pay rent")
    desk.say("delete all")
    assert desk.say("no") == "All right, nothing changed."
    assert desk.say("yes").startswith("I had not asked anything")
    assert len(desk.tasks) == 2


def test_a_yes_deletes_what_was_shown_and_nothing_that_came_since() -> None:
    desk = later("Buy milk", "Pay rent")
    desk.say("delete all")
    desk._run("add_task", {"title": "New"})
    desk.say("yes")
    assert desk.titles == ["New"]


def test_a_question_that_another_model_asked_is_not_answered_by_yes() -> None:
    desk = later("Buy milk", "Pay rent")
    desk.say("delete all")
    desk.messages[-1]["content"] = "Are you certain?"
    assert desk.say("yes").startswith("I had not asked anything")


def test_a_question_that_was_not_told_is_not_answered_by_yes() -> None:
    desk = later("Buy milk", "Pay rent")
    told = desk.say("delete all and show my tasks")
    desk.messages[-1]["content"] = told[: told.index("Shall I delete these 2 tasks?")]
    assert desk.say("yes").startswith("I had not asked anything")


def test_an_answer_to_which_one_may_be_a_word_or_all() -> None:
    desk = later("Buy milk", "Milk the cow", "Pay rent")
    desk.say("complete milk")
    assert desk.say("the cow one") == "✅ **Milk the cow** is complete."
    desk.say("reopen it")
    desk.say("make milk urgent")
    assert desk.say("all") == (
        "Updated 2 tasks:\n\n- **Milk the cow** · high priority\n- **Buy milk** · high priority"
    )


def test_a_loose_match_is_not_deleted_unasked() -> None:
    desk = later("Buy groceries")
    asked = "Did you mean **Buy groceries**? Say “yes” and I delete it."
    assert desk.say("delete grocery buying") == asked
    assert desk.say("yes") == "Deleted **Buy groceries**."


def test_a_task_without_a_name_is_asked_for_it() -> None:
    desk = later()
    assert desk.say("add a task") == "What should the new task be called?"
    assert desk.say("Groceries tomorrow") == "Added **Groceries** · due tomorrow."


def test_a_few_unknown_words_may_become_a_task() -> None:
    desk = later()
    assert desk.say("groceries").endswith("Shall I add “Groceries” as a task?")
    assert desk.say("ok") == "Added **Groceries**."
