from __future__ import annotations

from typing import Any

import pytest

from chatkit.demo.conversation import Calls, Text, answer, short_title
from chatkit.demo.smalltalk import NOTICE
from chatkit.models.pure.call_pieces import MAX_CALLS
from tests.demo.desk import LATER, TODAY, TOOLS, Desk, later


def first_calls(sentence: str) -> list[tuple[str, dict[str, Any]]]:
    """The first round that a sentence leads to, in a thread where nothing was shown yet."""
    step = answer([*LATER, {"role": "user", "content": sentence}], TOOLS, TODAY)
    assert isinstance(step, Calls)
    return [(call.name, dict(call.arguments)) for call in step.calls]


CALLS: list[tuple[str, list[tuple[str, dict[str, Any]]]]] = [
    ("Add a new task: Buy groceries", [("add_task", {"title": "Buy groceries"})]),
    (
        "add buy milk tomorrow high priority #shop",
        [
            (
                "add_task",
                {
                    "title": "Buy milk",
                    "due_date": "2026-11-26",
                    "priority": "high",
                    "tags": ["shop"],
                },
            )
        ],
    ),
    ("add: A; B", [("add_task", {"title": "A"}), ("add_task", {"title": "B"})]),
    ("add milk and then show my tasks", [("add_task", {"title": "Milk"})]),
    ("Show me my tasks", [("list_tasks", {"limit": 20})]),
    (
        "show overdue work tasks",
        [("list_tasks", {"status": "overdue", "category": "work", "limit": 20})],
    ),
    ("Mark task 1 as complete", [("complete_task", {"task_id": "1"})]),
    ("mark task 2 as not done", [("complete_task", {"task_id": "2", "completed": False})]),
    ("delete the first one", [("delete_task", {"task_id": "1"})]),
    ("make task 2 urgent", [("update_task", {"task_id": "2", "priority": "high"})]),
    ("remove the due date of task 1", [("update_task", {"task_id": "1", "due_date": ""})]),
    ("remove the category from 1", [("update_task", {"task_id": "1", "category": "none"})]),
    ("complete buy milk", [("list_tasks", {"search": "buy milk", "limit": 100, "show": False})]),
    ("delete all", [("list_tasks", {"limit": 100, "show": False})]),
    ("complete all", [("list_tasks", {"status": "pending", "limit": 100, "show": False})]),
    (
        "done with 2 and 3",
        [("list_tasks", {"limit": 100, "show": False})],
    ),  # places could shift in between
    (
        "tag task 1 with shop",
        [("list_tasks", {"limit": 100, "show": False})],
    ),  # its other tags stay
]


@pytest.mark.parametrize(("sentence", "calls"), CALLS)
def test_a_sentence_leads_to_calls(sentence: str, calls: list[tuple[str, dict[str, Any]]]) -> None:
    assert first_calls(sentence) == calls


def test_an_added_task_is_told_with_its_fields() -> None:
    told = later().say("add pay rent every month by the 1st, it's urgent #home")
    assert told == "Added **Pay rent** · due Tue 1 Dec · high priority · every month · #home."


def test_several_tasks_are_added_in_one_round() -> None:
    desk = later()
    assert desk.say("add milk, eggs and bread") == (
        "Added 3 tasks:\n\n- **Milk**\n- **Eggs**\n- **Bread**"
    )
    assert [len(calls) for calls in desk.rounds] == [3]


def test_a_list_is_numbered_in_the_order_of_the_result() -> None:
    desk = later()
    desk.say("add call mum on Friday")
    desk.say("add slides, overdue #office in category work by 2026-11-20")
    desk.say("complete 2")
    desk.say("complete call mum")
    assert desk.say("show my tasks") == (
        "You have **2** tasks, 1 of them completed:\n\n"
        "1. ☐ Slides, overdue · overdue since Fri 20 Nov · work · #office\n"
        "2. ✅ Call mum · due Fri 27 Nov"
    )


def test_a_list_that_a_card_shows_is_not_told_again() -> None:
    desk = later(*(f"Task {number}" for number in range(22)))
    desk.shows_cards = True
    assert desk.say("show me my tasks") == (
        "You have **22** tasks.\n\nThere are 2 more: say “show more”."
    )
    assert desk.say("show more") == "The next 2 of 22 tasks."
    assert desk.say("complete 1") == "✅ **Task 1** is complete."
    assert desk.say("show tasks due tomorrow") == "You have no tasks due tomorrow."


def test_tags_are_added_to_those_there_are() -> None:
    desk = later("Buy milk", tags=["shop"])
    desk.say("tag buy milk with home")
    assert desk.task("Buy milk")["tags"] == ["shop", "home"]
    desk.say("remove tag shop from it")
    assert desk.task("Buy milk")["tags"] == ["home"]


def test_no_round_holds_more_calls_than_an_answer_may() -> None:
    desk = later(*[f"Task {n}" for n in range(MAX_CALLS + 1)])
    desk.say("complete all")
    assert [len(calls) for calls in desk.rounds] == [1, MAX_CALLS]


def test_independent_requests_go_out_together_and_a_list_after_them() -> None:
    desk = later("Buy milk", "Pay rent", "Call mum")
    desk.say("list")
    told = desk.say("complete 1, delete 2 and show what's left")
    assert [[name for name, _ in calls] for calls in desk.rounds] == [
        ["complete_task", "delete_task"],
        ["list_tasks"],
    ]
    assert told == (
        "✅ **Call mum** is complete.\n\nDeleted **Pay rent**.\n\n"
        "You have **1** open task:\n\n1. ☐ Buy milk"
    )


def test_all_open_tasks_are_completed_without_asking() -> None:
    desk = later("Buy milk", "Pay rent")
    assert desk.say("complete all") == "Completed 2 tasks:\n\n- **Pay rent**\n- **Buy milk**"
    assert desk.say("complete all") == "You have no open tasks, so there is nothing to complete."


def test_an_update_is_told_in_its_words() -> None:
    desk = later("Buy milk", due_date="2026-11-24", category="work")
    assert "1. ☐ Buy milk · overdue since yesterday · work" in desk.say("overdue?")
    assert desk.say("remove its due date") == "Updated **Buy milk**: no due date."
    assert desk.say("remove its category") == "Updated **Buy milk**: no category."
    assert desk.say("make it medium priority") == "Updated **Buy milk**: medium priority."
    assert desk.say("add a note to it: blue") == "Updated **Buy milk**: a new description."
    assert desk.say("change it to Bread by Friday") == (
        "Renamed **Buy milk** to **Bread**: due Fri 27 Nov."
    )
    assert desk.task("Bread")["due_date"] == "2026-11-27"


def test_the_rest_of_a_very_long_list_is_told_of() -> None:
    desk = later(*[f"Task {n}" for n in range(130)])
    assert desk.say("complete all").endswith("There are 98 more like these: say it again to go on.")
    assert "… and 12 more.\n\nShall I delete these 32 tasks?" in desk.say("delete all")


def test_what_is_complete_is_not_completed_again() -> None:
    desk = later("Buy milk")
    desk.say("list")
    desk.say("complete 1")
    assert desk.say("complete 1") == "**Buy milk** was complete already."
    assert desk.say("I bought the milk") == "**Buy milk** was complete already."


def test_a_summary_names_what_was_asked() -> None:
    system = {"role": "system", "content": "Summarize the conversation."}
    users = [{"role": "user", "content": text} for text in ("add milk", "show my tasks")]
    assert answer([system, *users], (), TODAY) == Text("The user asked: Add milk; Show my tasks.")


def test_a_long_list_is_shown_in_pages() -> None:
    desk = later(*[f"Task {n}" for n in range(25, 0, -1)])
    told = desk.say("show my tasks")
    assert told.startswith("You have **25** tasks:\n\n1. ☐ Task 1\n")
    assert told.endswith("There are 5 more: say “show more”.")
    assert desk.say("show more").startswith("The next 5 of 25 tasks:\n\n1. ☐ Task 21\n")
    desk.say("complete 1")
    assert desk.task("Task 21")["completed"]


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("What is the capital of France?", "I'm only a demo and can manage tasks"),
        ("Muéstrame mis tareas", "understands English only"),
        ("покажи мои задачи", "understands English only"),
        ("今日の予定は", "understands English only"),
        ("blah blah blah blah blah blah blah blah", "I did not understand that"),
        ("What can you help me with?", "I look after your to-do list"),
        ("what day is it?", "Today is Wednesday, 25 November 2026."),
        ("show me my tasks", "Your list is empty."),
        ("overdue?", "You have no overdue tasks. 🎉"),
        ("show more", "I have not shown a list yet."),
        ("update task 1", "What should change?"),
        ("task 2", "What shall I do with task 2?"),
        ("thanks", "You're welcome!"),
        ("who are you?", "a small rule-based program"),
        ("bye", "Goodbye!"),
        ("how are you?", "All well here"),
        ("delete them", "I have not shown a list to choose from."),
        ("delete the last one and complete 1", "Your list is empty, so there is nothing to"),
        ("add a; show tasks; add b; show tasks; add c; show tasks", "That was a lot at once"),
        ("\n".join(f"- task {n}" for n in range(31)), "I add at most 30 at a time"),
    ],
)
def test_an_honest_answer_tells_what_works(sentence: str, words: str) -> None:
    assert words in later().say(sentence)


def test_the_notice_comes_once_in_a_thread_with_the_text_of_the_first_answer() -> None:
    desk = Desk()
    assert desk.say("add milk") == f"Added **Milk**.\n\n{NOTICE}"
    assert NOTICE not in desk.say("hello")


def test_titles_cannot_break_out_of_the_list() -> None:
    desk = later("**bold** [x](http://y) <img>\n# head")
    assert desk.say("list").endswith("1. ☐ \\*\\*bold\\*\\* \\[x\\](http://y) \\<img\\> # head")


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
        f"tag buy milk with {'x' * 90}",
        f"add a note to buy milk: {'x' * 2900}",
    ],
)
def test_nothing_goes_to_the_tools_that_they_refuse_for_its_length(sentence: str) -> None:
    desk = later("Buy milk")
    desk.say(sentence)
    assert desk.rounds
    assert desk.refused == []


def test_without_tools_it_says_that_it_cannot() -> None:
    messages = [*LATER, {"role": "user", "content": "add milk"}]
    assert answer(messages, (), TODAY) == Text(
        "I can't reach the task list from here, so I could not do that."
    )


def test_a_title_is_made_of_the_users_first_words() -> None:
    system = {"role": "system", "content": "Write a short title for this conversation."}
    user = {"role": "user", "content": "Could you please add buy milk to the list for tomorrow?"}
    assert answer([system, user], (), TODAY) == Text("Add buy milk to the list")


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("User: hello there", "Hello there"),
        ("**Buy** `milk`!", "Buy milk"),
        ("", "New conversation"),
        ("x" * 500, "X" + "x" * 59),
    ],
)
def test_a_title_is_short_and_plain(said: str, title: str) -> None:
    assert short_title(said) == title


def test_the_day_of_the_system_message_counts() -> None:
    system = {"role": "system", "content": "Today is Friday, 2027-01-01 (UTC)."}
    step = answer([system, {"role": "user", "content": "what day is it?"}], TOOLS, TODAY)
    assert isinstance(step, Text)
    assert step.text.startswith("Today is Friday, 1 January 2027.")


def test_text_parts_are_read_and_other_parts_passed_over() -> None:
    parts = [{"type": "text", "text": "add milk"}, {"type": "image_url", "image_url": {}}, None]
    step = answer([{"role": "user", "content": parts}], TOOLS, TODAY)
    assert isinstance(step, Calls)
    assert step.calls[0].arguments == {"title": "Milk"}
