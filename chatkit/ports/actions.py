"""Port: stores the effects of widget actions."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from chatkit.protocol.bodies import Note
from chatkit.protocol.items import Item, Thread


class HeldCard(Protocol):
    """A locked thread and, if the action came from one, its widget item."""

    @property
    def thread(self) -> Thread:
        """The thread as it was when the widget was locked."""
        ...

    @property
    def item(self) -> Item | None:
        """The widget item, or None."""
        ...

    async def save(
        self, *, widget: Item | None, note: tuple[str, Note] | None, now: datetime
    ) -> None:
        """Replace the locked widget, and append a note (id and body) for the model.

        None leaves out that part.
        """
        ...


class ActionStore(Protocol):
    """Stores the results of widget actions in threads."""

    def hold(
        self, user_id: str, thread_id: str, item_id: str | None
    ) -> AbstractAsyncContextManager[HeldCard]:
        """Lock the thread and the widget of an action until the context ends.

        Other actions on the same widget wait, in every process. Raises NotFound for a missing
        thread or item, BadRequest for an item that is not a widget, and Unavailable.
        """
        ...
