"""State machine that stops a turn which nobody reads. It has no clock and no tasks.

A turn runs by itself. Its followers read its log in the process that runs it (`here`), or in other
processes through the database (`elsewhere`). When the last follower has left, ON_DISCONNECT
decides. `continue` lets the turn run. `auto` stops it unless its user comes back within the grace
period. `cancel` is `auto` with a grace period of zero. Readers elsewhere are known only after the
other processes were asked. They are therefore asked before a turn is stopped, with a timeout.

The engine reports each input and carries out the outputs in their order. States:

    UNFOLLOWED  nobody follows, and the turn runs on: nobody has followed it yet, its user has read
                the thread again, or ON_DISCONNECT is `continue`
    FOLLOWED    somebody follows, here or elsewhere
    GRACE       the last follower has left; the grace period runs
    EXPIRED     the grace period is over; the other processes are to be asked
    ASKED       they are being asked
    STOPPED     the turn was stopped, and is being stored
    ENDED       the turn has ended

What an input changes, and the state that follows. An empty field: the state stays, without output.

    state       FOLLOWED  LEFT      READ        TIME_OVER  ASKED  NOBODY   STOP     END
    ----------  --------  --------  ----------  ---------  -----  -------  -------  -----
    UNFOLLOWED  FOLLOWED                                                   STOPPED  ENDED
    FOLLOWED              GRACE[1]                                         STOPPED  ENDED
    GRACE       FOLLOWED            UNFOLLOWED  EXPIRED[2]                 STOPPED  ENDED
    EXPIRED     FOLLOWED            UNFOLLOWED  STOPPED    ASKED           STOPPED  ENDED
    ASKED       FOLLOWED            UNFOLLOWED  STOPPED           STOPPED  STOPPED  ENDED
    STOPPED                                                                         ENDED
    ENDED

    [1] UNFOLLOWED with `continue`.
    [2] STOPPED where no other process serves the database.

Outputs belong to states. GRACE, EXPIRED and ASKED have a timer: entering GRACE or EXPIRED starts
one, and a change to a state without a timer drops it, unless the timer itself made the change.
Entering EXPIRED asks the other processes. Entering STOPPED stops the turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Final, Literal

from chatkit.answer.leases import StopReason

#: The policy for a turn whose last follower has left.
OnDisconnect = Literal["auto", "cancel", "continue"]

#: How long the user may take to come back, in seconds.
GRACE_S: Final[dict[OnDisconnect, float]] = {"auto": 5.0, "cancel": 0.0}
#: Timeout for the answer of the other processes, after the grace period, in seconds. With `cancel`,
#: the model must stop within a second even if the database is unreachable.
ASK_S: Final[dict[OnDisconnect, float]] = {"auto": 3.0, "cancel": 0.7}


class State(Enum):
    """The states that the module docstring explains."""

    UNFOLLOWED = auto()
    FOLLOWED = auto()
    GRACE = auto()
    EXPIRED = auto()
    ASKED = auto()
    STOPPED = auto()
    ENDED = auto()


class Change(Enum):
    """The cause of a state change; the columns of the table."""

    #: Somebody follows, here or elsewhere.
    FOLLOWED = auto()
    #: The last follower of all has left.
    LEFT = auto()
    #: The user has read the thread again.
    READ = auto()
    #: The timer has fired.
    TIME_OVER = auto()
    #: The other processes are being asked.
    ASKED = auto()
    #: The other processes have answered, and know of no reader.
    NOBODY = auto()
    #: The turn is stopped for another reason than leaving.
    STOP = auto()
    #: The turn has ended.
    END = auto()


_ANY: Final = {Change.STOP: State.STOPPED, Change.END: State.ENDED}
_BACK: Final = {Change.FOLLOWED: State.FOLLOWED, Change.READ: State.UNFOLLOWED, **_ANY}

#: The table at the head of this file.
TRANSITIONS: Final[Mapping[State, Mapping[Change, State]]] = {
    State.UNFOLLOWED: {Change.FOLLOWED: State.FOLLOWED, **_ANY},
    State.FOLLOWED: {Change.LEFT: State.GRACE, **_ANY},
    State.GRACE: {Change.TIME_OVER: State.EXPIRED, **_BACK},
    State.EXPIRED: {Change.TIME_OVER: State.STOPPED, Change.ASKED: State.ASKED, **_BACK},
    State.ASKED: {Change.TIME_OVER: State.STOPPED, Change.NOBODY: State.STOPPED, **_BACK},
    State.STOPPED: {Change.END: State.ENDED},
    State.ENDED: {},
}
_TIMED: Final = {State.GRACE, State.EXPIRED, State.ASKED}


@dataclass(frozen=True, slots=True)
class FollowerCame:
    """Somebody follows the turn here."""


@dataclass(frozen=True, slots=True)
class FollowerLeft:
    """One of the followers here has left. Once for each FollowerCame."""


@dataclass(frozen=True, slots=True)
class ThreadRead:
    """The user has read the thread here, without following the turn."""

    change: ClassVar[Change] = Change.READ


@dataclass(frozen=True, slots=True)
class Asked:
    """The other processes are now being asked. Reply to AskOthers; may be repeated."""

    change: ClassVar[Change] = Change.ASKED


@dataclass(frozen=True, slots=True)
class Polled:
    """A report from the other processes. Arrives often, also without AskOthers.

    `followed`: one of them has followers of it. `reads`: how often the user has read the thread
    there since the turn began.
    """

    followed: bool
    reads: int


@dataclass(frozen=True, slots=True)
class TimeOver:
    """The timer has fired."""

    change: ClassVar[Change] = Change.TIME_OVER


@dataclass(frozen=True, slots=True)
class StopRequested:
    """The turn is stopped by its user, its next message, a shutdown, or because another process
    has taken it over (`lost`)."""

    reason: StopReason


@dataclass(frozen=True, slots=True)
class Ended:
    """The turn has ended, for any reason."""

    change: ClassVar[Change] = Change.END


Input = FollowerCame | FollowerLeft | ThreadRead | Asked | Polled | TimeOver | StopRequested | Ended


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Report TimeOver after `seconds`. At most one timer runs."""

    seconds: float


@dataclass(frozen=True, slots=True)
class DropTimer:
    """Cancel the running timer."""


@dataclass(frozen=True, slots=True)
class AskOthers:
    """Ask the other processes who follows the turn and reads its thread; report Asked when that
    begins, so that an answer to an earlier question does not count, and then Polled."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the turn soon, keeping its text."""

    reason: StopReason


Output = StartTimer | DropTimer | AskOthers | Stop


class Leaving:
    """The machine of one turn. `alone`: no other process serves the database."""

    def __init__(self, on_disconnect: OnDisconnect, *, alone: bool) -> None:
        self.state = State.UNFOLLOWED
        #: Number of followers in this process.
        self.followers = 0
        #: Whether other processes had followers at the last poll.
        self.followed_elsewhere = False
        self._on_disconnect = on_disconnect
        self._alone = alone
        self._reads = 0
        self._reads_when_left = 0

    @property
    def is_followed(self) -> bool:
        """Whether somebody follows the turn, here or elsewhere."""
        return self.followers > 0 or self.followed_elsewhere

    def receive(self, happened: Input) -> list[Output]:
        """Process one input; return the outputs to execute, in order."""
        match happened:
            case FollowerCame():
                self.followers += 1
                return self._move(Change.FOLLOWED)
            case FollowerLeft():
                self.followers -= 1
                return [] if self.is_followed else self._left()
            case Polled():
                outputs = self._polled(happened)
                self._reads = happened.reads
                return outputs
            case StopRequested(reason):
                return self._move(Change.STOP, reason)
            case _:
                return self._move(happened.change)

    def _polled(self, polled: Polled) -> list[Output]:
        was_followed, self.followed_elsewhere = self.followed_elsewhere, polled.followed
        if polled.followed:
            return self._move(Change.FOLLOWED)
        if was_followed and self.followers == 0:
            # Reads in this report count as new: they may have happened after the follower left.
            return self._left()
        if polled.reads > self._reads_when_left:
            return self._move(Change.READ)
        return self._move(Change.NOBODY)

    def _left(self) -> list[Output]:
        self._reads_when_left = self._reads
        return self._move(Change.LEFT)

    def _move(self, change: Change, reason: StopReason = "left") -> list[Output]:
        before = self.state
        after = TRANSITIONS[before].get(change, before)
        if after is State.GRACE and self._on_disconnect == "continue":
            after = State.UNFOLLOWED
        elif after is State.EXPIRED and self._alone:
            after = State.STOPPED
        if after is before:
            return []
        self.state = after
        outputs: list[Output] = []
        if before in _TIMED and after not in _TIMED and change is not Change.TIME_OVER:
            outputs.append(DropTimer())
        if after is State.GRACE:
            outputs.append(StartTimer(GRACE_S[self._on_disconnect]))
        elif after is State.EXPIRED:
            outputs += [StartTimer(ASK_S[self._on_disconnect]), AskOthers()]
        elif after is State.STOPPED:
            outputs.append(Stop(reason))
        return outputs
