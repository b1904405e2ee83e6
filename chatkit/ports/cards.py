"""The cards that tools show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from chatkit.access.caller import Caller
from chatkit.answer.cards import ActionOutcome, Card
from chatkit.protocol.actions import Action
from chatkit.protocol.calls import CardOffer


class Cards(Protocol):
    """Cards that tools show in a thread, and what is done with them."""

    async def show(self, offers: Sequence[CardOffer], caller: Caller) -> Sequence[Card]:
        """The cards for what the calls of one round offered; several may become one."""
        ...

    async def act(
        self, action: Action, shown: dict[str, Any] | None, caller: Caller
    ) -> ActionOutcome:
        """Do what the user asked for with a card; `shown` is its widget as it stands in the thread.

        Raises ActionRefused with a sentence for the user.
        """
        ...
