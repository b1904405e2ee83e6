"""What is asked back, and what the answers to that do."""

from __future__ import annotations

import pytest

from tests.demo.desk import CARD, later


def test_what_was_only_looked_up_is_told_in_words() -> None:
    desk = later("Buy eggs", "Buy milk")
    desk.shows_cards = True
    assert "1. ☐ Buy milk\n2. ☐ Buy eggs\n\nWhich one do you mean?" in (desk.say("complete buy"))


def test_of_several_matches_the_person_chooses() -> None:
    desk = later("Buy milk", "Milk the cow")
    assert desk.say("delete milk") == (
        "I do not know which task “milk” means. These come near:\n\n"
        "1. ☐ Milk the cow\n2. ☐ Buy milk\n\nWhich one do you mean? Give me its number."
    )
    assert desk.say("the second one") == "Deleted **Buy milk**."
    assert desk.titles == ["Milk the cow"]


@pytest.mark.parametrize("sentence", ["delete all", "delete 1 and 2", "clear my list"])
@pytest.mark.parametrize(
    "answer", ["yes", "yes, please", "do it", "NO!! Do not delete anything", "no", "ok"]
)
def test_more_than_one_is_deleted_only_by_the_card_and_by_no_word(
    sentence: str, answer: str
) -> None:
    desk = later("Buy milk", "Pay rent")
    desk.say("show my tasks")
    assert desk.say(sentence) == CARD
    desk.say(answer)
    assert desk.rounds == []
    assert len(desk.tasks) == 2


def test_a_yes_to_a_card_is_told_where_its_buttons_are() -> None:
    desk = later("Buy milk", "Pay rent")
    assert desk.say("delete all") == CARD
    assert desk.say("yes").startswith("I changed nothing. A question on a card is answered with")
    assert desk.say("no") == "All right, nothing changed."


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
