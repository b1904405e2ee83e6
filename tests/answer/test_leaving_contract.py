"""The leaving machine beside a second reading of the contract (section 5, "Leaving").

The contract is written down here in times, without states and timers. Whatever happens in whatever
order, both must stop a turn at the same moment and for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit.answer.leases import StopReason
from chatkit.answer.leaving import (
    Asked,
    AskOthers,
    DropTimer,
    Ended,
    FollowerCame,
    FollowerLeft,
    Input,
    Leaving,
    OnDisconnect,
    Polled,
    StartTimer,
    Stop,
    StopRequested,
    ThreadRead,
    TimeOver,
)

#: How long a user may take to return, and how long the others are asked after that, in ms.
GRACE = {"auto": 5000, "cancel": 0, "continue": 0}
ASK = {"auto": 3000, "cancel": 700, "continue": 0}
#: With `cancel`, how soon the model must be stopped, in ms.
CANCELLED = 1000


@dataclass(kw_only=True)
class Contract:
    """When and why a turn must be stopped, from what is known of its readers. Times in ms."""

    policy: OnDisconnect
    alone: bool
    here: int = 0
    elsewhere: bool = False
    reads: int = 0
    #: Since when nobody is known to follow it, and how many reads were known then; None while
    #: somebody follows, and when somebody has returned.
    gone_since: int | None = None
    reads_then: int = 0
    #: When somebody was last known to follow or read it.
    seen_at: int = 0
    over: bool = False
    stops: list[tuple[int, StopReason]] = field(default_factory=list)

    def stop(self, now: int, reason: StopReason) -> None:
        if not self.over:
            self.stops.append((now, reason))
            self.over = True

    def pass_time(self, now: int) -> None:
        """It is `now`: a turn whose time is over was stopped when it was over."""
        if self.gone_since is not None:
            patience = GRACE[self.policy] + (0 if self.alone else ASK[self.policy])
            if now >= self.gone_since + patience:
                self.stop(self.gone_since + patience, "left")

    def returned(self, now: int) -> None:
        self.gone_since = None
        self.seen_at = now

    def left(self, now: int) -> None:
        if self.here == 0 and not self.elsewhere and self.policy != "continue":
            self.gone_since, self.reads_then = now, self.reads
        self.seen_at = now

    def polled(self, now: int, began_at: int, followed: bool, reads: int) -> None:
        was_followed, self.elsewhere = self.elsewhere, followed
        if followed:
            self.returned(now)
        elif was_followed:
            self.left(now)
        elif self.gone_since is not None and reads > self.reads_then:
            self.returned(now)
        elif self.gone_since is not None and began_at >= self.gone_since + GRACE[self.policy]:
            self.stop(now, "left")
        self.reads = reads


class World:
    """One turn with its machine, as the engine drives it, and its contract. Time in ms.

    Readers come and go here and elsewhere; a poll takes time, and may fail.
    """

    def __init__(self, policy: OnDisconnect, alone: bool) -> None:
        self.machine = Leaving(policy, alone=alone)
        self.contract = Contract(policy=policy, alone=alone)
        self.now = 0
        self.timer: int | None = None
        self.question = False
        self.over = False
        self.stops: list[tuple[int, StopReason]] = []
        #: What the database knows of other processes; when a poll began, and what it saw then.
        self.elsewhere, self.reads = 0, 0
        self.poll: tuple[int, bool, int] | None = None

    def receive(self, happened: Input) -> None:
        """Report to the machine, and do what it returns."""
        for output in self.machine.receive(happened):
            assert not self.over or output == DropTimer(), "something came out after the end"
            match output:
                case StartTimer(seconds):
                    assert self.timer is None, "two timers run"
                    self.timer = self.now + round(seconds * 1000)
                case DropTimer():
                    assert self.timer is not None, "no timer runs"
                    self.timer = None
                case AskOthers():
                    assert not self.contract.alone
                    self.question = True
                case Stop(reason):
                    self.stops.append((self.now, reason))
                    self.over = True
                    if reason == "left":
                        self.check_left()
        assert not (self.over and self.timer is not None), "a timer outlives its turn"

    def check_left(self) -> None:
        """For the whole grace period nobody followed or read the turn, as far as was known."""
        assert self.contract.policy != "continue"
        assert not self.machine.is_followed
        assert self.now - self.contract.seen_at >= GRACE[self.contract.policy]

    def check(self) -> None:
        """The machine and the contract agree."""
        assert self.stops == self.contract.stops
        assert self.machine.is_followed is (self.contract.here > 0 or self.contract.elsewhere)
        gone_since = self.contract.gone_since
        if self.contract.policy == "cancel" and gone_since is not None and not self.over:
            assert self.now - gone_since < CANCELLED

    def wait(self, milliseconds: int) -> None:
        until = self.now + milliseconds
        while self.timer is not None and self.timer <= until:
            self.now, self.timer = self.timer, None
            self.receive(TimeOver())
        self.now = until
        self.contract.pass_time(until)

    def come(self) -> None:
        self.contract.here += 1
        self.contract.returned(self.now)
        self.receive(FollowerCame())

    def leave(self) -> None:
        if self.contract.here:
            self.contract.here -= 1
            self.contract.left(self.now)
            self.receive(FollowerLeft())

    def read(self) -> None:
        self.contract.returned(self.now)
        self.receive(ThreadRead())

    def come_elsewhere(self) -> None:
        self.elsewhere += 1

    def leave_elsewhere(self) -> None:
        self.elsewhere = max(0, self.elsewhere - 1)

    def read_elsewhere(self) -> None:
        self.reads += 1

    def begin_poll(self) -> None:
        if self.contract.alone:
            return
        if self.question:
            self.question = False
            self.receive(Asked())
        self.poll = self.now, self.elsewhere > 0, self.reads

    def answer_poll(self) -> None:
        if self.poll is not None:
            began_at, followed, reads = self.poll
            self.poll = None
            self.contract.polled(self.now, began_at, followed, reads)
            self.receive(Polled(followed, reads))

    def do_poll(self) -> None:
        self.begin_poll()
        self.answer_poll()

    def stop(self, reason: StopReason) -> None:
        self.contract.stop(self.now, reason)
        self.receive(StopRequested(reason))

    def end(self) -> None:
        self.contract.over = self.over = True
        self.receive(Ended())


Step = Callable[[World], None]
#: The most frequent steps are named more often. A poll that is begun anew has failed before.
HERE: Sequence[Step] = (*[World.come] * 2, *[World.leave] * 3, World.read)
THERE: Sequence[Step] = (
    World.come_elsewhere,
    *[World.leave_elsewhere] * 2,
    World.read_elsewhere,
    *[World.begin_poll] * 2,
    World.answer_poll,
    *[World.do_poll] * 3,
)
WAITS: Sequence[Step] = [
    partial(World.wait, milliseconds=each) for each in (1, 50, 650, 1000, 2900, 4900, 6000)
]
ENDS: Sequence[Step] = [
    World.end,
    partial(World.stop, reason="user"),
    partial(World.stop, reason="shutdown"),
    partial(World.stop, reason="lost"),
]


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("policy", ["auto", "cancel", "continue"])
@settings(max_examples=400)
@given(
    steps=st.lists(st.sampled_from([*HERE, *THERE, *WAITS]), min_size=10, max_size=40),
    ends=st.lists(st.sampled_from([*ENDS, *HERE, *THERE, *WAITS]), max_size=10),
)
def test_a_turn_is_stopped_when_the_contract_says_so_and_never_otherwise(
    policy: OnDisconnect, alone: bool, steps: list[Step], ends: list[Step]
) -> None:
    world = World(policy, alone)
    for step in (World.come, *steps, *ends, World.end):
        world.wait(1)
        step(world)
        world.check()
