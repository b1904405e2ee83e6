"""Values for cards that tools show in a thread, and for the results of their actions.

A tool offers cards (`protocol.calls.CardOffer`); the engine shows each as a widget item (`Card`).
A click on a card is sent as an `Action`, which has an ActionOutcome or raises ActionRefused.
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
    """The result of an action.

    `card` replaces the clicked card; None keeps it unchanged. `note`: one line for the model about
    the user's action.
    """

    card: Card | None = None
    note: str | None = None
    effects: tuple[Effect, ...] = ()


class ActionRefused(Exception):
    """The action cannot be executed; `sentence` explains why to the user."""

    def __init__(self, sentence: Sentence | str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
