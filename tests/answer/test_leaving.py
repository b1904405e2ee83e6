"""Whether a turn that nobody reads is stopped."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import get_args

import pytest

from chatkit.answer import leaving
from chatkit.answer.leases import StopReason
from chatkit.answer.leaving import (
    TRANSITIONS,
    Asked,
    AskOthers,
    Change,
    DropTimer,
    Ended,
    FollowerCame,
    FollowerLeft,
    Input,
    Leaving,
    OnDisconnect,
    Output,
    Polled,
    StartTimer,
    State,
    Stop,
    StopRequested,
    ThreadRead,
    TimeOver,
)

CAME, LEFT, READ, ASKED, OVER, END = (
    FollowerCame(), FollowerLeft(), ThreadRead(), Asked(), TimeOver(), Ended()
)  # fmt: skip
NOBODY, ELSEWHERE, READ_THERE = Polled(False, 0), Polled(True, 0), Polled(False, 1)
STOP = StopRequested("user")

#: With `auto`, how each state is reached.
REACHED: dict[State, Sequence[Input]] = {
    State.UNFOLLOWED: [],
    State.FOLLOWED: [CAME],
    State.GRACE: [CAME, LEFT],
    State.EXPIRED: [CAME, LEFT, OVER],
    State.ASKED: [CAME, LEFT, OVER, ASKED],
    State.STOPPED: [STOP],
    State.ENDED: [END],
}
INPUTS: Sequence[Input] = (CAME, READ, ASKED, NOBODY, ELSEWHERE, READ_THERE, OVER, STOP, END)

DROP = DropTimer()
#: With `auto`: every input that changes a state.
CHANGES: dict[tuple[State, Input], tuple[State, list[Output]]] = {
    (State.UNFOLLOWED, CAME): (State.FOLLOWED, []),
    (State.UNFOLLOWED, ELSEWHERE): (State.FOLLOWED, []),
    (State.UNFOLLOWED, STOP): (State.STOPPED, [Stop("user")]),
    (State.UNFOLLOWED, END): (State.ENDED, []),
    (State.FOLLOWED, LEFT): (State.GRACE, [StartTimer(5.0)]),
    (State.FOLLOWED, STOP): (State.STOPPED, [Stop("user")]),
    (State.FOLLOWED, END): (State.ENDED, []),
    (State.GRACE, CAME): (State.FOLLOWED, [DROP]),
    (State.GRACE, ELSEWHERE): (State.FOLLOWED, [DROP]),
    (State.GRACE, READ): (State.UNFOLLOWED, [DROP]),
    (State.GRACE, READ_THERE): (State.UNFOLLOWED, [DROP]),
    (State.GRACE, OVER): (State.EXPIRED, [StartTimer(3.0), AskOthers()]),
    (State.GRACE, STOP): (State.STOPPED, [DROP, Stop("user")]),
    (State.GRACE, END): (State.ENDED, [DROP]),
    (State.EXPIRED, CAME): (State.FOLLOWED, [DROP]),
    (State.EXPIRED, ELSEWHERE): (State.FOLLOWED, [DROP]),
    (State.EXPIRED, READ): (State.UNFOLLOWED, [DROP]),
    (State.EXPIRED, READ_THERE): (State.UNFOLLOWED, [DROP]),
    (State.EXPIRED, ASKED): (State.ASKED, []),
    (State.EXPIRED, OVER): (State.STOPPED, [Stop("left")]),
    (State.EXPIRED, STOP): (State.STOPPED, [DROP, Stop("user")]),
    (State.EXPIRED, END): (State.ENDED, [DROP]),
    (State.ASKED, CAME): (State.FOLLOWED, [DROP]),
    (State.ASKED, ELSEWHERE): (State.FOLLOWED, [DROP]),
    (State.ASKED, READ): (State.UNFOLLOWED, [DROP]),
    (State.ASKED, READ_THERE): (State.UNFOLLOWED, [DROP]),
    (State.ASKED, NOBODY): (State.STOPPED, [DROP, Stop("left")]),
    (State.ASKED, OVER): (State.STOPPED, [Stop("left")]),
    (State.ASKED, STOP): (State.STOPPED, [DROP, Stop("user")]),
    (State.ASKED, END): (State.ENDED, [DROP]),
    (State.STOPPED, END): (State.ENDED, []),
}


def machine(*before: Input, on_disconnect: OnDisconnect = "auto", alone: bool = False) -> Leaving:
    """A machine that has received `before`."""
    made = Leaving(on_disconnect, alone=alone)
    for each in before:
        made.receive(each)
    return made


@pytest.mark.parametrize(
    ("state", "happened"),
    [*itertools.product(State, INPUTS), (State.FOLLOWED, LEFT)],
    ids=str,
)
def test_each_input_in_each_state(state: State, happened: Input) -> None:
    made = machine(*REACHED[state])
    assert made.state is state
    after, outputs = CHANGES.get((state, happened), (state, []))
    assert (made.receive(happened), made.state) == (outputs, after)


def test_the_table_in_the_docstring_is_the_table_of_the_machine() -> None:
    table = (leaving.__doc__ or "").partition("    state  ")[2].partition("\n\n")[0]
    header, rule, *lines = table.split("\n")
    assert header.split() == list(Change.__members__)
    columns = [slice(*column.span()) for column in re.finditer("-+", rule)][1:]
    for line in lines:
        changes = {
            change: State[line[column].split("[")[0].strip()]
            for change, column in zip(Change, columns, strict=True)
            if line[column].strip()
        }
        assert (line.split()[0], changes) == (line.split()[0], TRANSITIONS[State[line.split()[0]]])
    assert len(lines) == len(State)


def test_only_the_last_follower_that_leaves_starts_the_grace_period() -> None:
    made = machine(CAME, CAME, CAME)
    assert [made.receive(LEFT) for _ in range(3)] == [[], [], [StartTimer(5.0)]]
    assert made.followers == 0
    assert made.is_followed is False


def test_a_turn_that_nobody_has_followed_yet_is_left_alone() -> None:
    made = machine()
    assert [made.receive(each) for each in (NOBODY, READ, Polled(False, 3), NOBODY)] == [[]] * 4
    assert made.state is State.UNFOLLOWED


@pytest.mark.parametrize("alone", [False, True])
def test_continue_never_stops_a_turn(alone: bool) -> None:
    made = machine(CAME, on_disconnect="continue", alone=alone)
    assert [made.receive(each) for each in (LEFT, CAME, LEFT)] == [[]] * 3
    assert made.state is State.UNFOLLOWED


def test_cancel_waits_for_nobody_here_and_asks_the_others_for_less_than_a_second() -> None:
    made = machine(CAME, on_disconnect="cancel")
    assert made.receive(LEFT) == [StartTimer(0.0)]
    assert made.receive(OVER) == [StartTimer(0.7), AskOthers()]
    assert made.receive(OVER) == [Stop("left")]


@pytest.mark.parametrize("policy", ["auto", "cancel"])
def test_where_no_other_process_is_nobody_is_asked(policy: OnDisconnect) -> None:
    made = machine(CAME, LEFT, on_disconnect=policy, alone=True)
    assert made.receive(OVER) == [Stop("left")]
    assert made.state is State.STOPPED


def test_a_follower_elsewhere_keeps_the_turn_until_it_leaves() -> None:
    made = machine(CAME, ELSEWHERE)
    assert made.receive(LEFT) == []
    assert (made.state, made.followers, made.is_followed) == (State.FOLLOWED, 0, True)
    assert made.receive(NOBODY) == [StartTimer(5.0)]
    assert made.is_followed is False


def test_a_follower_elsewhere_that_leaves_before_the_last_one_here_changes_nothing() -> None:
    made = machine(CAME, ELSEWHERE)
    assert made.receive(NOBODY) == []
    assert made.receive(LEFT) == [StartTimer(5.0)]


def test_reads_elsewhere_count_when_they_are_newer_than_the_leaving() -> None:
    made = machine(CAME, Polled(False, 2), LEFT)
    assert made.receive(Polled(False, 2)) == []
    assert made.receive(Polled(False, 3)) == [DROP]
    assert made.state is State.UNFOLLOWED


def test_reads_that_are_reported_with_a_leaving_elsewhere_count_as_newer() -> None:
    made = machine(ELSEWHERE)
    assert made.receive(READ_THERE) == [StartTimer(5.0)]
    assert made.receive(READ_THERE) == [DROP]


def test_an_answer_to_a_question_from_before_a_return_does_not_count() -> None:
    made = machine(CAME, LEFT, OVER, ASKED, CAME, LEFT, OVER)
    assert made.receive(NOBODY) == []
    assert made.state is State.EXPIRED
    assert [made.receive(each) for each in (ASKED, NOBODY)] == [[], [DROP, Stop("left")]]


def test_the_others_are_asked_again_when_they_did_not_answer() -> None:
    made = machine(CAME, LEFT, OVER, ASKED)
    assert [made.receive(each) for each in (ASKED, NOBODY)] == [[], [DROP, Stop("left")]]


@pytest.mark.parametrize("reason", get_args(StopReason))
def test_the_first_reason_to_stop_is_the_only_one(reason: StopReason) -> None:
    made = machine(CAME)
    assert made.receive(StopRequested(reason)) == [Stop(reason)]
    assert made.receive(STOP) == []


@pytest.mark.parametrize("end", [STOP, END])
def test_followers_are_counted_on_when_the_turn_is_over(end: Input) -> None:
    made = machine(CAME, ELSEWHERE, end, CAME, LEFT)
    assert (made.followers, made.followed_elsewhere) == (1, True)
    assert [made.receive(each) for each in (LEFT, NOBODY)] == [[], []]
    assert made.is_followed is False
