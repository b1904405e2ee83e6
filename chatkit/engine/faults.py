"""What a user is told when an answer fails, and whether asking again makes sense."""

from __future__ import annotations

import math
from typing import Final

from chatkit.models.pure.deltas import FaultKind
from chatkit.protocol.events import ErrorEvent, Notice
from chatkit.protocol.items import ThreadStatus
from chatkit.protocol.workflows import CustomTask


def _event(message: str, *, allow_retry: bool, of_limit: bool = False) -> ErrorEvent:
    return ErrorEvent(message=message, allow_retry=allow_retry, of_limit=of_limit)


MODEL_FAULTS: Final[dict[FaultKind, ErrorEvent]] = {
    "timeout": _event("The model took too long to answer. Please try again.", allow_retry=True),
    "rate_limited": _event(
        "The model is receiving too many requests. Please try again in a moment.", allow_retry=True
    ),
    "unavailable": _event(
        "The model could not be reached, or its answer broke off. Please try again.",
        allow_retry=True,
    ),
    "credentials": _event(
        "The model provider refused this server's key. The operator of this server has to mend it.",
        allow_retry=False,
    ),
    "too_long": _event(
        "This conversation has become too long for the model. Please start a new one.",
        allow_retry=False,
    ),
    "refused": _event("The model declined to answer this message.", allow_retry=False),
    "empty": _event("The model gave no answer. Please try again.", allow_retry=True),
    "malformed": _event(
        "The model gave an answer that could not be read. Please try again.", allow_retry=True
    ),
    "misconfigured": _event(
        "The model of this server is not set up rightly. The operator has to mend it.",
        allow_retry=False,
    ),
}

TOO_MANY_ROUNDS: Final = _event(
    "The assistant kept calling tools without coming to an answer. Please try again, "
    "perhaps in smaller steps.",
    allow_retry=True,
)
DATABASE_AWAY: Final = _event(
    "The server's database is not reachable just now. Please try again in a moment.",
    allow_retry=True,
)
INTERRUPTED: Final = _event(
    "The server is restarting and this answer was interrupted. Please try again.", allow_retry=True
)
#: What stays in the thread of it, for whoever reads that later.
INTERRUPTED_STEP: Final = CustomTask(
    title="Interrupted",
    icon="info",
    content="The server stopped while this was being answered. Try again for a whole answer.",
)
LOST: Final = _event("This answer was ended by another request.", allow_retry=False)
#: Without words of ours, the widget shows its own.
UNEXPECTED: Final = ErrorEvent(message=None, allow_retry=True)

BUSY: Final = _event(
    "Another answer is still being written in this conversation. Wait for it, or stop it first.",
    allow_retry=False,
)
TOO_MANY_STREAMS: Final = _event(
    "The server is answering as many people as it can. Please try again in a moment.",
    allow_retry=True,
    of_limit=True,
)


def too_many_turns(most: int) -> ErrorEvent:
    """For a user who has `most` answers under way."""
    return _event(
        f"Answers are being written in {most} of your conversations at once, which is the most "
        "here. Wait for one to end, or stop one.",
        allow_retry=True,
        of_limit=True,
    )


def too_fast(retry_after_s: int) -> ErrorEvent:
    """For a message above a rate limit."""
    minutes = math.ceil(retry_after_s / 60)
    when = "a moment" if retry_after_s < 5 else f"{retry_after_s} seconds"
    return _event(
        "You are sending messages faster than this server allows. "
        f"Please try again in {when if minutes < 3 else f'{minutes} minutes'}.",
        allow_retry=True,
        of_limit=True,
    )


NOT_WAITED_FOR: Final = _event(
    "Nothing in this conversation waits for that answer any more.", allow_retry=False
)


def refused(sentence: str) -> ErrorEvent:
    """For an action that cannot be done, in the words of the one that refused it."""
    return _event(sentence, allow_retry=False)


def nearly_too_fast(remaining: int, reset_s: int) -> Notice:
    """For a message that is near a rate limit."""
    left = "one more request" if remaining == 1 else f"{remaining} more requests"
    return Notice(
        level="warning",
        title="Close to the limit",
        message=f"This server takes {left} from you in the next {reset_s} seconds.",
    )


LOCKED: Final = _event("This conversation is locked.", allow_retry=False)
CLOSED: Final = _event("This conversation is closed.", allow_retry=False)


def shut(status: ThreadStatus) -> ErrorEvent:
    """For a thread that takes no input: its own reason, where it has one."""
    if status.reason is not None:
        return _event(status.reason, allow_retry=False)
    return CLOSED if status.type == "closed" else LOCKED
