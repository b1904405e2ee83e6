"""A turn of this process while it runs: what it answers, its log, and how it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from chatkit.access.caller import Caller
from chatkit.answer.leases import Begun, Lease, StopReason
from chatkit.answer.leaving import Leaving
from chatkit.engine.turn_log import TurnLog
from chatkit.protocol.bodies import UserMessage
from chatkit.protocol.content import InferenceOptions
from chatkit.protocol.events import Event
from chatkit.words.catalogue import say_in
from chatkit.words.say import Say


@dataclass(slots=True, kw_only=True)
class RunningTurn:
    """A turn of this process while it runs.

    `message` is the new user message; None for a retry or a reply to a pending item. The events
    in `opening` are published right after the stream options.
    """

    begun: Begun
    caller: Caller
    model: str
    message: UserMessage | None = None
    opening: Sequence[Event] = ()
    options: InferenceOptions = field(default_factory=InferenceOptions)
    log: TurnLog = field(init=False)
    task: asyncio.Task[None] | None = None
    #: Whether the task has begun to run. A task that is cancelled before that never runs.
    entered: bool = False
    stop_reason: StopReason | None = None
    ending: bool = False
    #: Decides whether the turn stops when its followers leave. Set by `Turns.start`.
    leaving: Leaving = field(init=False)
    #: How many events of the log are in the database, and whether the stored log is complete.
    written: int = 0
    complete: bool = False

    def __post_init__(self) -> None:
        self.log = TurnLog(self.begun.lease.turn_id)

    @property
    def lease(self) -> Lease:
        """The lease on this turn."""
        return self.begun.lease

    @property
    def say(self) -> Say:
        """Sentences in the caller's language."""
        return say_in(self.caller.language)

    def stop(self, reason: StopReason) -> None:
        """Cancel the turn; its text is kept. Only the first reason counts.

        Has no effect on a turn that is already ending.
        """
        if self.stop_reason is None and not self.ending and self.task is not None:
            self.stop_reason = reason
            if self.entered:
                self.task.cancel()
