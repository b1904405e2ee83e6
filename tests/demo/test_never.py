"""`never.txt`: sentences on which nothing may change, whatever follows.

They are denied, conditional, asked, told of, taken back, not meant, in another language, or about
something else. Lines that begin with `#` are headings.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.demo.desk import Desk

_LINES = Path(__file__).with_name("never.txt").read_text(encoding="utf-8").splitlines()
SENTENCES = [line for line in _LINES if line and not line.startswith("#")]
TITLES = (
    "Buy milk", "Call mom", "Pay rent", "Order pizza tonight", "Poem about the sea",
    "Dentist appointment", "Sort photos", "Delete old photos",
)  # fmt: skip


def desk_with_a_list() -> Desk:
    desk = Desk(*TITLES)
    desk.say("hello")
    desk.say("show my tasks")
    return desk


def changes(desk: Desk) -> list[str]:
    return [name for calls in desk.rounds for name, _ in calls if name != "list_tasks"]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_nothing_changes_and_a_yes_afterwards_changes_nothing_either(sentence: str) -> None:
    desk = desk_with_a_list()
    before = json.dumps(desk.tasks)
    for said in (sentence, "yes"):
        answer = desk.say(said)
        assert "Shall I" not in answer
        assert changes(desk) == []
        assert json.dumps(desk.tasks) == before


@pytest.mark.parametrize(
    "answer",
    [
        "no, yes", "yes, no", "yes?", "yes and no", "yes but not Call mom", "no yes no", "not yes",
        "yes if they are old", "yesterday", "maybe", "go on", "sure, as if", "ok but wait",
        "don't say yes", "yes? no", "what does yes do", "yes. Actually no.", "no", "",
    ],
)  # fmt: skip
def test_no_answer_in_words_deletes_what_a_card_asks_about(answer: str) -> None:
    desk = desk_with_a_list()
    desk.say("delete 1 and 2")
    before = json.dumps(desk.tasks)
    for said in (answer, "yes"):
        desk.say(said)
        assert changes(desk) == []
        assert json.dumps(desk.tasks) == before


@pytest.mark.parametrize("said", ["add a task", "delete", "complete"])
@pytest.mark.parametrize(
    "answer", ["never mind", "no", "what do you mean?", "not that", "wait, no", "nothing"]
)
def test_what_lacks_its_end_is_not_ended_by_a_doubt(said: str, answer: str) -> None:
    desk = desk_with_a_list()
    desk.say(said)
    before = json.dumps(desk.tasks)
    desk.say(answer)
    assert changes(desk) == []
    assert json.dumps(desk.tasks) == before


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Add a new task: Don't forget the passport", "Don't forget the passport"),
        ("Add a new task: Delete Call mom", "Delete Call mom"),
        ("Add a task: Ask Bob if he comes", "Ask Bob if he comes"),
    ],
)
def test_what_follows_a_colon_is_the_title_as_it_stands(said: str, title: str) -> None:
    desk = desk_with_a_list()
    desk.say(said)
    assert changes(desk) == ["add_task"]
    assert desk.titles == [title, *reversed(TITLES)]


def test_a_title_that_holds_a_command_is_only_a_title() -> None:
    desk = desk_with_a_list()
    assert desk.say("delete Delete old photos") == "Deleted **Delete old photos**."
    assert "Sort photos" in desk.titles
