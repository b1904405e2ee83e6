"""Cards that tools show in a thread, and what comes of a click on one, as plain values.

A tool offers cards (`protocol.calls.CardOffer`), the engine shows them as widget items (`Card`),
and a click on one comes back as an `Action`, which has an outcome or is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatkit.protocol.calls import Effect
from chatkit.protocol.errors import Sentence
from chatkit.protocol.widgets import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A widget to be shown; `copy_text` is the same as plain text."""

    widget: Node
    copy_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOutcome:
    """What came of an action.

    `card` takes the place of the one that was acted on; None leaves that as it is. `note` tells
    the model what the user did, in one line.
    """

    card: Card | None = None
    note: str | None = None
    effects: tuple[Effect, ...] = ()


class ActionRefused(Exception):
    """The action cannot be carried out at all; `sentence` tells the user why."""

    def __init__(self, sentence: Sentence | str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
