"""What is asked back, and what the answers to that do."""

from __future__ import annotations

import pytest

from tests.demo.desk import later


def test_what_was_only_looked_up_is_told_in_words() -> None:
    desk = later("Buy eggs", "Buy milk")
    desk.shows_cards = True
    assert "1. ☐ Buy milk\n2. ☐ Buy eggs\n\nWhich one do you mean?" in (desk.say("complete buy"))


def test_deletions_that_a_card_lists_are_asked_about_in_a_sentence() -> None:
    desk = later("Buy eggs", "Buy milk")
    desk.shows_cards = True
    assert desk.say("delete all") == "Shall I delete these 2 tasks? Say “yes” to go ahead."
    desk.say("yes")
    assert desk.titles == []


def test_of_several_matches_the_person_chooses() -> None:
    desk = later("Buy milk", "Milk the cow")
    assert desk.say("delete milk") == (
        "I do not know which task “milk” means. These come near:\n\n"
        "1. ☐ Milk the cow\n2. ☐ Buy milk\n\nWhich one do you mean? Give me its number."
    )
    assert desk.say("the second one") == "Deleted **Buy milk**."
    assert desk.titles == ["Milk the cow"]


@pytest.mark.parametrize("sentence", ["delete all", "delete 1 and 2", "clear my list"])
def test_more_than_one_is_deleted_only_after_a_yes(sentence: str) -> None:
    desk = later("Buy milk", "Pay rent")
    desk.say("show my tasks")
    told = desk.say(sentence)
    assert told == (
        "1. ☐ Pay rent\n2. ☐ Buy milk\n\nShall I delete these 2 tasks? Say “yes” to go ahead."
    )
    assert len(desk.tasks) == 2
    assert desk.say("yes, please") == "Deleted 2 tasks:\n\n- **Pay rent**\n- **Buy milk**"
    assert desk.tasks == []


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
    told = desk.say("delete all")
    desk.messages[-1]["content"] = told[: told.index("Shall I delete these 2 tasks?")]
    assert desk.say("yes").startswith("I had not asked anything")


def test_an_answer_to_which_one_may_be_its_title_and_nothing_else() -> None:
    desk = later("Buy milk", "Milk the cow", "Pay rent")
    desk.say("complete milk")
    assert desk.say("milk the cow") == "✅ Completed **Milk the cow**."
    desk.say("delete milk")
    assert desk.say("3") == "There is no task 3: the list has 2 tasks."
    assert "did not understand" in desk.say("1")  # which is no longer asked
    assert len(desk.tasks) == 3


@pytest.mark.parametrize(
    ("said", "tool"),
    [
        ("delete milk", "delete_task"),
        ("complete milk", "complete_task"),
        ("rename milk to Eggs", "update_task"),
        ("move milk to Friday", "update_task"),
    ],
)
def test_part_of_a_title_is_asked_about(said: str, tool: str) -> None:
    desk = later("Buy milk", "Pay rent")
    assert "These come near:\n\n1. ☐ Buy milk" in desk.say(said)
    desk.say("1")
    assert [(name, given["task_id"]) for calls in desk.rounds for name, given in calls] == [
        (tool, "00000000-0000-4000-8000-000000000001")
    ]


def test_a_task_without_a_name_is_asked_for_it() -> None:
    desk = later()
    assert desk.say("add a task") == "What should the new task be called?"
    assert desk.say("Groceries tomorrow") == "Added **Groceries** · due tomorrow."
