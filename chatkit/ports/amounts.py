"""Port: what a user stores and may store."""

from __future__ import annotations

from typing import Protocol

from chatkit.access.quotas import Amounts


class AmountStore(Protocol):
    """Tells the amounts that the quotas are compared with."""

    async def load(self, user_id: str) -> tuple[Amounts, Amounts]:
        """What the user stores now, and what the user may store."""
        ...
