"""The cards that tools show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from chatkit.access.caller import Caller
from chatkit.answer.cards import ActionOutcome, Card
from chatkit.protocol.actions import Action
from chatkit.protocol.calls import CardOffer


class Cards(Protocol):
    """Builds the cards that tools offer, and executes their actions."""

    async def show(self, offers: Sequence[CardOffer], caller: Caller) -> Sequence[Card]:
        """Build cards for the offers of one round. Several offers may share one card."""
        ...

    async def act(
        self, action: Action, shown: dict[str, Any] | None, caller: Caller
    ) -> ActionOutcome:
        """Execute the action of a card. `shown` is the card's stored widget.

        Raises ActionRefused with a sentence for the user.
        """
        ...
