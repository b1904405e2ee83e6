"""A tool that the user chose for a message, and the two tools that show a form and a draft."""

from __future__ import annotations

import pytest

from tests.demo.desk import Desk


def later(*titles: str) -> Desk:
    desk = Desk(*titles)
    desk.say("hello")
    return desk


@pytest.mark.parametrize(
    ("said", "choice"),
    [
        ("help me plan a task", None),
        ("ask me", None),
        ("hello", "ask_user"),
        ("show my tasks", "ask_user"),
    ],
)
def test_a_form_asks_for_a_task_and_its_answers_add_it(said: str, choice: str | None) -> None:
    desk = later()
    desk.form = ["Call mum", "tomorrow", "high"]
    assert desk.say(said, choice) == "Added **Call mum** · due tomorrow · high priority."
    assert [[name for name, _ in calls] for calls in desk.rounds] == [["ask_user"], ["add_task"]]
    assert desk.say("complete it") == "✅ Completed **Call mum** · due tomorrow · high priority."


@pytest.mark.parametrize(
    ("said", "choice"),
    [
        ("Buy milk please ask_user", "ask_user"),
        ("add buy milk", "ask_user"),
        ("help me plan a task: buy milk", None),
    ],
)
def test_a_form_does_not_ask_for_what_was_said(said: str, choice: str | None) -> None:
    desk = later()
    desk.form = ["no date", ""]
    assert desk.say(said, choice) == "Added **Buy milk**."
    (questions,) = [given["questions"] for name, given in desk.rounds[0]]
    assert [question["question"] for question in questions] == [
        "When is it due?",
        "How important is it?",
    ]


def test_a_form_takes_an_answer_in_the_users_own_words() -> None:
    desk = later()
    desk.form = ["Pay rent", "on 1 December", "it is urgent"]
    assert desk.say("ask me") == "Added **Pay rent** · due Tue 1 Dec · high priority."


def test_a_form_that_is_skipped_adds_nothing() -> None:
    desk = later()
    assert desk.say("ask me") == "All right, nothing was added."
    desk.form = ["", "today", ""]
    assert desk.say("ask me") == "All right, nothing was added."
    assert desk.tasks == []


@pytest.mark.parametrize(
    ("said", "choice", "title"),
    [
        ("draft an email to Ana about the meeting", None, "Email to Ana about the meeting"),
        ("help me write a letter to the landlord", None, "Letter to the landlord"),
        ("the meeting", "write_draft", "The meeting"),
    ],
)
def test_a_draft_is_a_short_card(said: str, choice: str | None, title: str) -> None:
    desk = later()
    told = desk.say(said, choice)
    assert told == (
        "Here is a first draft. I'm only a demo: what stands in brackets is yours to write."
    )
    (((name, given),),) = desk.rounds
    assert (name, given["title"]) == ("write_draft", title)
    assert "[What" in given["text"]


@pytest.mark.parametrize(
    ("said", "choice", "told"),
    [
        ("groceries", "add_task", "Added **Groceries**."),
        ("hello", "list_tasks", "You have **1** task.\n\n1. ☐ Buy milk"),
        ("milk tasks", "list_tasks", "I found **1** such task.\n\n1. ☐ Buy milk"),
        ("1", "complete_task", "✅ Completed **Buy milk**."),
        ("hello", "delete_task", "Which task do you mean? Give me its number or its title."),
        ("complete task 1", "list_tasks", "✅ Completed **Buy milk**."),
    ],
)
def test_a_chosen_tool_says_what_is_wanted_where_the_words_do_not(
    said: str, choice: str, told: str
) -> None:
    desk = later("Buy milk")
    desk.say("show my tasks")
    assert desk.say(said, choice) == told
