"""What of a thread fits into the budget of the model."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chatkit.answer.fitting import Fitted, fit, shorten, tokens_of
from chatkit.protocol.bodies import AssistantMessage, Body, Note, ToolRound, UserMessage
from chatkit.protocol.calls import CallRecord
from chatkit.protocol.content import InputText
from chatkit.protocol.items import Item
from tests.stored import stored


def user(text: str) -> UserMessage:
    return UserMessage(content=(InputText(text=text),))


def tool_round(output: str) -> ToolRound:
    return ToolRound(calls=(CallRecord(call_id="c", name="f", arguments="{}", output=output),))


def conversation(turns: int, output: str = "x" * 300) -> list[Item]:
    """`turns` turns of three items each."""
    bodies: list[Body] = []
    for number in range(turns):
        bodies += [user(f"question {number:3}"), tool_round(output), AssistantMessage(text="yes")]
    return stored(bodies)


ONE_TURN = Fitted(conversation(1), trimmed=False).tokens


def outputs(fitted: Fitted) -> list[str]:
    bodies = (item.body for item in fitted.items)
    return [body.calls[0].output for body in bodies if isinstance(body, ToolRound)]


def test_a_thread_within_the_budget_is_read_whole() -> None:
    thread = conversation(5)
    assert fit(thread, ONE_TURN * 5) == Fitted(thread, trimmed=False)
    assert fit([], 10) == Fitted([], trimmed=False)


def test_the_last_turn_is_read_whatever_the_budget() -> None:
    thread = conversation(5)
    assert fit(thread, 1) == Fitted(thread[12:], trimmed=True)


def test_what_fits_is_whole_turns_and_some_are_missing() -> None:
    fitted = fit(conversation(40), ONE_TURN * 20)
    assert fitted.trimmed
    assert isinstance(fitted.items[0].body, UserMessage)
    assert ONE_TURN * 10 < fitted.tokens <= ONE_TURN * 20


def test_while_a_long_thread_grows_it_is_seldom_cut_anew() -> None:
    """The beginning of a request is cached by its provider only while it stays the same."""
    thread = conversation(200)
    firsts = [fit(thread[: 3 * turns], ONE_TURN * 20).items[0].id for turns in range(40, 200)]
    changes = sum(before != after for before, after in pairwise(firsts))
    assert changes < len(firsts) / 3


def test_of_a_thread_whose_beginning_was_not_loaded_the_same_part_is_read() -> None:
    thread = conversation(60)
    whole = fit(thread, ONE_TURN * 20)
    for loaded_from in range(1, 60):  # also in the middle of a turn
        assert fit(thread[loaded_from:], ONE_TURN * 20, complete=False) == whole
    few = fit(conversation(3), ONE_TURN * 20, complete=False)
    assert few.trimmed


def test_to_make_a_thread_shorter_old_results_are_cut_first() -> None:
    thread = conversation(4, output="x" * 3_000)
    size = Fitted(thread, trimmed=False).tokens
    shorter = shorten(thread, size // 2, complete=True)
    assert not shorter.trimmed
    assert shorter.tokens <= size // 2
    assert [len(output) < 400 for output in outputs(shorter)] == [True, True, True, False]


def test_then_turns_are_left_out_and_at_last_the_results_of_the_newest_are_cut() -> None:
    thread = conversation(4, output="x" * 30_000)
    size = Fitted(thread[9:], trimmed=True).tokens
    shorter = shorten(thread, size // 2, complete=True)
    assert shorter.items[0] == thread[9]
    assert shorter.trimmed
    assert size // 3 < shorter.tokens <= size // 2 + 30
    assert outputs(shorter)[0].endswith("left out to fit)")


def test_a_message_that_is_too_long_itself_stays_whole() -> None:
    thread = stored([user("x" * 30_000)])
    assert shorten(thread, 100, complete=True).items == thread


BODIES = [user("q"), AssistantMessage(text="a"), tool_round("r"), Note(text="n")]


@given(st.lists(st.sampled_from(BODIES), max_size=20), st.integers(0, 200), st.booleans())
def test_what_is_kept_is_always_an_end_of_the_thread_that_begins_with_the_user(
    bodies: list[Body], budget: int, complete: bool
) -> None:
    thread = stored(bodies)
    fitted = fit(thread, budget, complete=complete)
    assert fitted.trimmed == (not complete or len(fitted.items) < len(thread))
    if any(isinstance(body, UserMessage) for body in bodies):
        assert list(fitted.items) == thread[len(thread) - len(fitted.items) :]
        assert not fitted.trimmed or isinstance(fitted.items[0].body, UserMessage)
        assert replace(fitted) == fit(thread, budget, complete=complete)
    assert shorten(thread, budget, complete=complete).tokens <= sum(map(tokens_of, bodies))
