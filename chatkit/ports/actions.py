"""Where actions of widgets leave their effects."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from chatkit.protocol.bodies import Note
from chatkit.protocol.items import Item, Thread


class HeldCard(Protocol):
    """A thread, and the widget of it that an action came from, where one did."""

    @property
    def thread(self) -> Thread:
        """As it is while the widget is held."""
        ...

    @property
    def item(self) -> Item | None:
        """The widget."""
        ...

    async def save(
        self, *, widget: Item | None, note: tuple[str, Note] | None, now: datetime
    ) -> None:
        """Replace the held widget with `widget`, and add a note (id and body) for the model at the
        end of the thread."""
        ...


class ActionStore(Protocol):
    """What actions of widgets leave in threads."""

    def hold(
        self, user_id: str, thread_id: str, item_id: str | None
    ) -> AbstractAsyncContextManager[HeldCard]:
        """What an action came from, held until the context ends.

        Another action on the same widget waits for that, in every process. Raises NotFound for a
        missing thread or item, BadRequest for an item that is no widget, Unavailable.
        """
        ...
