"""How an answer that is not whole is marked: a step for the user, and a note for the model.

Both are stored at the end of the answer, so that it looks in every client and for ever like what it
is, and the model can go on where it ended.
"""

from __future__ import annotations

from typing import Final, Literal

from chatkit.answer.leases import StopReason
from chatkit.protocol.errors import Sentence
from chatkit.protocol.workflows import CustomTask
from chatkit.words.say import Say

#: Why an answer is not whole. `orphaned`: its process is gone, and another one ended it. `failed`:
#: a fault of the model or the server. `length` and `content_filter`: reasons of the provider.
Mark = StopReason | Literal["orphaned", "failed", "length", "content_filter"]

NOTES: Final[dict[Mark, str]] = {
    "user": "the user stopped the answer here",
    "left": "the user left while this was being answered, and the answer was stopped here",
    "replaced": "the user went on with another message, and the answer was stopped here",
    "shutdown": "the answer was interrupted here by a restart of the server",
    "lost": "the answer was taken over by another process here",
    "orphaned": "the answer was interrupted here, because the server stopped",
    "failed": "the answer failed here with an error, which the user was shown",
    "length": "the answer was cut here because it reached the longest length; if the user asks you "
    "to continue, go on exactly where it ends",
    "content_filter": "the provider of the model withheld the rest of the answer",
}

_STOPPED: Final = Sentence("mark.stopped_title")
_INTERRUPTED: Final = (Sentence("mark.interrupted_title"), Sentence("mark.interrupted"))
#: Title and text of the step of each mark.
_STEPS: Final[dict[Mark, tuple[Sentence, Sentence]]] = {
    "user": (_STOPPED, Sentence("mark.stopped")),
    "left": (_STOPPED, Sentence("mark.left")),
    "replaced": (_STOPPED, Sentence("mark.replaced")),
    "shutdown": _INTERRUPTED,
    "lost": _INTERRUPTED,
    "orphaned": _INTERRUPTED,
    "failed": (Sentence("mark.broken_title"), Sentence("mark.broken")),
    "length": (Sentence("mark.length_title"), Sentence("mark.length")),
    "content_filter": (Sentence("mark.filtered_title"), Sentence("mark.filtered")),
}
#: Marks of answers that are marked even if nothing of them was shown.
ALWAYS_SHOWN: Final = frozenset[Mark]({"shutdown", "orphaned", "length", "content_filter"})


def mark_step(mark: Mark, say: Say) -> CustomTask:
    """The step that shows the mark in the thread and says how to go on."""
    title, text = _STEPS[mark]
    return CustomTask(title=title.in_words(say), icon="info", content=text.in_words(say))
