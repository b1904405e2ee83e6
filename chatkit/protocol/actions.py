"""Cards in the conversation and what users do on them, as plain values.

A tool offers cards (`calls.CardOffer`), the engine has them shown as widget items (`Card`), and a
click on one comes back as an `Action`, which has an outcome or is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chatkit.protocol.calls import Effect
from chatkit.protocol.widgets import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a user did. Type and payload come from a client: neither is to be trusted."""

    type: str
    payload: Any = None


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
    """The action cannot be carried out at all; the message is a sentence for the user."""
