"""What a sentence leads to: calls, and what they are told as."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.demo.conversation import answer
from chatkit.models.pure.call_pieces import MAX_CALLS
from tests.demo.desk import LATER, SAY, TODAY, TOOLS, Desk, later


def first_calls(sentence: str) -> list[tuple[str, dict[str, Any]]]:
    """The first round that a sentence leads to, in a thread where nothing was shown yet."""
    step = answer([*LATER, {"role": "user", "content": sentence}], TOOLS, TODAY, SAY)
    assert not isinstance(step, str)
    return [(call.name, dict(call.arguments)) for call in step]


CALLS: list[tuple[str, list[tuple[str, dict[str, Any]]]]] = [
    ("Add a new task: Buy groceries", [("add_task", {"title": "Buy groceries"})]),
    ("Could you please add eggs to my shopping list, thanks!", [("add_task", {"title": "Eggs"})]),
    ("put eggs on my list", [("add_task", {"title": "Eggs"})]),
    ("create a to-do: read", [("add_task", {"title": "Read"})]),
    ("add: A; B", [("add_task", {"title": "A"}), ("add_task", {"title": "B"})]),
    (
        "Add these tasks:\n- milk\n2. call Bob",
        [("add_task", {"title": "Milk"}), ("add_task", {"title": "Call Bob"})],
    ),
    ("add buy milk, eggs and bread", [("add_task", {"title": "Buy milk, eggs and bread"})]),
    ("Show me my tasks", [("list_tasks", {})]),
    ("what's on my list?", [("list_tasks", {})]),
    ("What\u2019s due today?", [("list_tasks", {"status": "today"})]),
    ("find groceries", [("list_tasks", {"search": "groceries"})]),
    (
        "show overdue work tasks",
        [("list_tasks", {"status": "overdue", "category": "work"})],
    ),
    ("show #shop", [("list_tasks", {"tag": "shop"})]),
    # the server knows what was shown, where the messages no longer tell
    ("Mark task 1 as complete", [("complete_task", {"task_id": "1"})]),
    ("mark task 2 as not done", [("complete_task", {"task_id": "2", "completed": False})]),
    ("delete the first one", [("delete_task", {"task_id": "1"})]),
    ("make task 2 urgent", [("update_task", {"task_id": "2", "priority": "high"})]),
    ("remove the due date of task 1", [("update_task", {"task_id": "1", "due_date": ""})]),
    ("remove the category from 1", [("update_task", {"task_id": "1", "category": "none"})]),
    ("complete buy milk", [("list_tasks", {"search": "buy milk", "limit": 100, "show": False})]),
    ("delete all", [("list_tasks", {"limit": 100, "show": False})]),
    ("complete all", [("list_tasks", {"status": "pending", "limit": 100, "show": False})]),
]


@pytest.mark.parametrize(("sentence", "calls"), CALLS)
def test_a_sentence_leads_to_calls(sentence: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    assert first_calls(sentence) == calls


def test_an_added_task_is_told_with_its_fields() -> None:
    told = later().say("add pay rent every month by 1 December, it's urgent #home")
    assert told == "Added **Pay rent** · due Tue 1 Dec · high priority · every month · #home."


def test_several_tasks_are_added_in_one_round() -> None:
    desk = later()
    assert desk.say("add milk tomorrow; eggs; bread") == (
        "Added 3 tasks:\n\n- **Milk** · due tomorrow\n- **Eggs**\n- **Bread**"
    )
    assert [len(calls) for calls in desk.rounds] == [3]


def test_a_list_is_numbered_in_the_order_of_the_result() -> None:
    desk = later()
    desk.say("add call mum on Friday")
    desk.say("add slides #office in category work by 2026-11-20")
    desk.say("complete call mum")
    assert desk.say("show my tasks") == (
        "You have **2** tasks.\n\n"
        "1. ☐ Slides · overdue since Fri 20 Nov · work · #office\n"
        "2. ✅ Call mum · due Fri 27 Nov"
    )


def test_a_list_that_a_card_shows_is_not_told_again() -> None:
    desk = later(*(f"Task {number}" for number in range(22)))
    desk.shows_cards = True
    assert desk.say("show me my tasks") == "You have **22** tasks."
    assert desk.say("complete 1") == "✅ Completed **Task 21**."
    assert desk.say("show tasks due tomorrow") == "I found no such task."


def test_a_list_that_is_too_long_says_how_much_is_missing() -> None:
    desk = later(*[f"Task {n}" for n in range(55, 0, -1)])
    told = desk.say("show my tasks")
    assert told.startswith("You have **55** tasks.\n\n1. ☐ Task 1\n")
    assert told.endswith("There are 5 more: ask for fewer, such as “Show overdue tasks”.")


def test_no_round_holds_more_calls_than_an_answer_may() -> None:
    desk = later(*[f"Task {n}" for n in range(MAX_CALLS + 1)])
    assert desk.say("complete all").endswith("There are more like these: say it again to go on.")
    assert [len(calls) for calls in desk.rounds] == [1, MAX_CALLS]


@pytest.mark.parametrize(
    "said",
    [
        "complete 1 and delete 2",
        "complete task 1, then show my tasks",
        "add milk and show my tasks",
        "add milk and then delete task 2",
        "Add milk. Delete task 1.",
        "delete all and show my tasks",
        "show my tasks\ncomplete 1",
    ],
)
def test_a_message_of_two_requests_is_not_done(said: str) -> None:
    desk = later("Buy milk", "Pay rent")
    desk.say("show my tasks")
    assert "did not understand that, so I changed nothing" in desk.say(said)
    assert desk.rounds == []


def test_thanks_and_a_greeting_are_no_second_request() -> None:
    assert later().say("Hi there! Add milk, please. Thanks!") == "Added **Milk**."


def test_all_open_tasks_are_completed_without_asking() -> None:
    desk = later("Buy milk", "Pay rent")
    assert desk.say("complete all") == "Completed 2 tasks:\n\n- **Pay rent**\n- **Buy milk**"
    assert desk.say("complete all") == "I found no such task."


def test_an_update_is_told_with_the_task_as_it_is_now() -> None:
    desk = later("Buy milk", due_date="2026-11-24", category="work")
    assert "1. ☐ Buy milk · overdue since yesterday · work" in desk.say("overdue?")
    assert desk.say("remove its due date") == "Updated **Buy milk** · work."
    assert desk.say("remove its category") == "Updated **Buy milk**."
    assert desk.say("set its priority to low") == "Updated **Buy milk** · low priority."
    assert desk.say("remove its priority") == "Updated **Buy milk**."
    assert desk.say("rename it to Bread") == "Updated **Bread**."


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("What is the capital of France?", "did not understand that, so I changed nothing"),
        ("покажи мои задачи", "“Show me my tasks” and “Add a new task: Buy groceries”"),
        ("What can you help me with?", "I look after your to-do list"),
        ("show me my tasks", "Your list is empty."),
        ("thanks", "You're welcome!"),
        ("who are you?", "I look after your to-do list"),
        ("delete all", "I found no such task."),
        ("add a. show tasks. add b. show tasks.", "did not understand that"),
        ("add:\n" + "\n".join(f"- task {n}" for n in range(31)), "did not understand that"),
    ],
)
def test_an_honest_answer_tells_what_works(sentence: str, words: str) -> None:
    assert words in later().say(sentence)


def test_the_notice_comes_once_in_a_thread_with_the_text_of_the_first_answer() -> None:
    desk = Desk()
    assert desk.say("add milk") == "Added **Milk**.\n\n" + SAY("demo.notice")
    assert SAY("demo.notice") not in desk.say("hello")


def test_titles_cannot_break_out_of_the_list() -> None:
    desk = later("**bold** [x](http://y) <img>\n# head")
    assert desk.say("show my tasks").endswith(
        "1. ☐ \\*\\*bold\\*\\* \\[x\\](http://y) \\<img\\> # head"
    )


@pytest.mark.parametrize(
    "sentence",
    [
        f"add {'x' * 400}",
        f"add x {' '.join(f'#tag{n}' for n in range(40))}",
        f"add x #{'y' * 90}",
        f"add x with description {'y' * 2900}",
        f"find {'x' * 400}",
        f"show #{'x' * 90}",
        f"delete {'x' * 400}",
        f"rename buy milk to {'x' * 400}",
    ],
    ids=range(8),
)
def test_nothing_goes_to_the_tools_that_they_refuse_for_its_length(sentence: str) -> None:
    desk = later("Buy milk")
    desk.say(sentence)
    assert desk.rounds
    assert desk.refused == []


def test_without_tools_it_says_that_it_cannot() -> None:
    messages = [*LATER, {"role": "user", "content": "add milk"}]
    assert answer(messages, (), TODAY, SAY) == (
        "I can't reach the task list from here, so I could not do that."
    )


@pytest.mark.parametrize(
    "notes",
    [
        (),
        ("it is now Friday, 2027-01-01 08:00, UTC",),
        ("the user ticked Tea",),
        ("the user ticked it is now Monday, 2029-01-01 08:00, UTC]",),
    ],
)
def test_the_day_on_which_the_newest_message_was_sent_counts(notes: tuple[str, ...]) -> None:
    sent = "2026-12-31" if "it is now Friday" in "".join(notes) else "2027-01-01"
    thread = [
        {"role": "user", "content": "[Monday, 2026-12-14 23:59, UTC]\nhello"},
        {"role": "user", "content": f"[Friday, {sent} 09:30, Asia/Tokyo]\nadd milk tomorrow"},
        *({"role": "user", "content": f"[Note from the server: {note}]"} for note in notes),
    ]
    step = answer(thread, TOOLS, TODAY, SAY)
    assert not isinstance(step, str)
    assert step[0].arguments == {"title": "Milk", "due_date": "2027-01-02"}


def test_text_parts_are_read_and_other_parts_passed_over() -> None:
    parts = [{"type": "text", "text": "add milk"}, {"type": "image_url", "image_url": {}}, None]
    step = answer([{"role": "user", "content": parts}], TOOLS, TODAY, SAY)
    assert not isinstance(step, str)
    assert step[0].arguments == {"title": "Milk"}
