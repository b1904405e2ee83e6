"""The reasons why an answer fails or is refused: sentence for the user, and whether to retry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from chatkit.models.pure.deltas import FaultKind
from chatkit.protocol.errors import Sentence, in_words
from chatkit.protocol.events import ErrorEvent, Notice
from chatkit.protocol.items import ThreadStatus
from chatkit.words.say import Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failed or refused answer, not yet translated.

    `sentence` is a `str` if the text is fixed: the reason of a locked thread, or the error of a
    field. `of_limit`: a limit of the server was reached, which the audit log records.
    """

    sentence: Sentence | str
    allow_retry: bool
    of_limit: bool = False

    def event(self, say: Say) -> ErrorEvent:
        """The `error` event, in the language of `say`."""
        return ErrorEvent(message=in_words(self.sentence, say), allow_retry=self.allow_retry)


def _model(sentence: Sentence, *, allow_retry: bool = True) -> Fault:
    return Fault(sentence=sentence, allow_retry=allow_retry)


MODEL_FAULTS: Final[dict[FaultKind, Fault]] = {
    "timeout": _model(Sentence("model.timeout")),
    "rate_limited": _model(Sentence("model.rate_limited")),
    "overloaded": _model(Sentence("model.overloaded")),
    "unavailable": _model(Sentence("model.unavailable")),
    "credentials": _model(Sentence("model.credentials"), allow_retry=False),
    "quota": _model(Sentence("model.quota"), allow_retry=False),
    "too_long": _model(Sentence("model.too_long"), allow_retry=False),
    "refused": _model(Sentence("model.refused"), allow_retry=False),
    "empty": _model(Sentence("model.empty")),
    "malformed": _model(Sentence("model.malformed")),
    "bad_call": _model(Sentence("model.bad_call")),
    "unknown_model": _model(Sentence("model.unknown_model"), allow_retry=False),
    "misconfigured": _model(Sentence("model.misconfigured"), allow_retry=False),
}

TOO_MANY_ROUNDS: Final = Fault(sentence=Sentence("answer.too_many_rounds"), allow_retry=True)
DATABASE_AWAY: Final = Fault(sentence=Sentence("answer.database_away"), allow_retry=True)
INTERRUPTED: Final = Fault(sentence=Sentence("answer.interrupted"), allow_retry=True)
LOST: Final = Fault(sentence=Sentence("answer.lost"), allow_retry=False)
#: Without a message, the widget shows its own.
UNEXPECTED: Final = ErrorEvent(message=None, allow_retry=True)

BUSY: Final = Fault(sentence=Sentence("answer.busy"), allow_retry=False)
TOO_MANY_STREAMS: Final = Fault(
    sentence=Sentence("answer.too_many_streams"), allow_retry=True, of_limit=True
)
NOT_FOLLOWED: Final = Fault(sentence=Sentence("answer.not_followed"), allow_retry=False)
NOT_WAITED_FOR: Final = Fault(sentence=Sentence("answer.not_waited_for"), allow_retry=False)
LOCKED: Final = Fault(sentence=Sentence("thread.locked"), allow_retry=False)
CLOSED: Final = Fault(sentence=Sentence("thread.closed"), allow_retry=False)


def too_many_turns(most: int) -> Fault:
    """For a user who already has `most` running answers."""
    sentence = Sentence("answer.too_many_turns", count=most)
    return Fault(sentence=sentence, allow_retry=True, of_limit=True)


def too_fast(retry_after_s: int) -> Fault:
    """For a message above a rate limit."""
    minutes = math.ceil(retry_after_s / 60)
    if retry_after_s < 5:
        sentence = Sentence("answer.too_fast_moment")
    elif minutes < 3:
        sentence = Sentence("answer.too_fast_seconds", count=retry_after_s)
    else:
        sentence = Sentence("answer.too_fast_minutes", count=minutes)
    return Fault(sentence=sentence, allow_retry=True, of_limit=True)


def full(sentence: Sentence | str) -> Fault:
    """For a message for which there is no room."""
    return Fault(sentence=sentence, allow_retry=False, of_limit=True)


def refused(sentence: Sentence | str) -> Fault:
    """For a refused action, with the sentence of the refusal."""
    return Fault(sentence=sentence, allow_retry=False)


def nearly_too_fast(remaining: int, reset_s: int, say: Say) -> Notice:
    """For a message that leaves `remaining` more before a rate limit, which resets in `reset_s`."""
    return Notice(
        level="warning",
        title=say("limit.near_title"),
        message=say("limit.near", count=remaining, seconds=reset_s),
    )


def storage_full(sentence: Sentence | str) -> Fault:
    """For a message that the user has no room for."""
    return Fault(sentence=sentence, allow_retry=False, of_limit=True)


def shut(status: ThreadStatus) -> Fault:
    """For a locked or closed thread: the thread's own reason, if it has one."""
    if status.reason is not None:
        return Fault(sentence=status.reason, allow_retry=False)
    return CLOSED if status.type == "closed" else LOCKED
