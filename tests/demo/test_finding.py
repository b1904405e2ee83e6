"""Which task is meant: by its place, by its words, or as the one last spoken of."""

from __future__ import annotations

from tests.demo.desk import later


def test_a_number_means_the_place_in_the_list_last_shown() -> None:
    desk = later("Buy milk", "Pay rent", "Buy eggs")
    desk.say("find buy")  # Buy eggs, Buy milk
    assert desk.say("complete task 2") == "✅ **Buy milk** is complete."
    desk.say("complete pay rent")  # a look-up that nobody was shown
    assert desk.say("delete 1") == "Deleted **Buy eggs**."


def test_a_number_beyond_the_list_is_told() -> None:
    desk = later("Buy milk")
    desk.say("list")
    assert desk.say("complete 7") == "There is no task 7: the list has 1 task."


def test_a_task_is_found_by_words_and_then_completed() -> None:
    desk = later("Buy groceries", "Call mum")
    assert desk.say("complete buy groceries") == "✅ **Buy groceries** is complete."
    assert desk.rounds == [
        [("list_tasks", {"search": "buy groceries", "limit": 100, "show": False})],
        [("complete_task", {"task_id": desk.id_of("Buy groceries")})],
    ]


def test_words_are_forgiven_their_endings() -> None:
    assert later("Buy groceries").say("I finished buying the grocery") == (
        "✅ **Buy groceries** is complete."
    )


def test_no_match_is_told() -> None:
    assert later("Buy milk").say("delete pay rent") == (
        "I found no task matching “pay rent”. Say “show me my tasks” to see what there is."
    )


def test_it_means_the_task_last_touched() -> None:
    desk = later("Pay rent")
    desk.say("add buy milk")
    desk.say("make it urgent")
    desk.say("rename it to Buy bread")
    desk.say("move it to next Monday")
    assert desk.say("it's done") == "✅ **Buy bread** is complete."
    assert desk.task("Buy bread")["due_date"] == "2026-11-30"
    desk.say("delete it")
    assert desk.titles == ["Pay rent"]
    assert desk.say("reopen it").startswith("I'm not sure which task you mean.")


def test_what_a_sentence_adds_can_be_meant_in_its_rest() -> None:
    desk = later("Old")
    desk.say("complete old")
    assert desk.say("add milk and mark it as done") == "Added **Milk**.\n\n✅ **Milk** is complete."
    assert [len(calls) for calls in desk.rounds] == [1, 1]


def test_after_another_models_list_numbers_go_to_the_server() -> None:
    desk = later("Buy milk", "Pay rent")
    desk.say("show my tasks")
    desk.messages[-1]["content"] = "You have much to do."
    desk.say("complete 1 and 2")
    assert desk.rounds == [
        [("complete_task", {"task_id": "1"}), ("complete_task", {"task_id": "2"})]
    ]


def test_numbers_mean_the_list_as_it_is_when_all_that_was_shown_is_deleted() -> None:
    desk = later("Buy milk", "Pay rent")
    desk.say("delete all")
    desk.say("yes")
    desk.say("add call mum")
    desk.say("add call dad")
    assert desk.say("tag task 1 with home") == "Updated **Call dad**: #home."
