"""Titles untitled threads: first the first line of the first message, then a model's title.

The model is asked once an answer has begun, so that it does not delay the answer. If the turn had
no text or the model returned no title, the next turn asks again. The stream contains the title if
it arrives before the answer ends; otherwise the client sees it when it next loads the thread.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from chatkit.answer.first_title import first_line, text_of
from chatkit.answer.leases import Begun, Lease, TitleSource
from chatkit.engine.model_titles import Completes, make_title
from chatkit.ports.threads import ThreadStore
from chatkit.protocol.bodies import UserMessage
from chatkit.protocol.errors import ChatKitError
from chatkit.protocol.events import Event, ThreadUpdated
from chatkit.protocol.items import Thread

_log = logging.getLogger("chatkit.turn")

_FIRST_LINE: Final[TitleSource] = "first line"
_MODEL: Final[TitleSource] = "model"


class ThreadTitles:
    """Names threads with the model `title_model`. One object per event loop; call `aclose`."""

    def __init__(self, *, model: Completes, title_model: str, threads: ThreadStore) -> None:
        self._model = model
        self._title_model = title_model
        self._threads = threads
        self._asked: dict[str, asyncio.Task[str | None]] = {}
        self._late: set[asyncio.Task[None]] = set()

    def begin(self, begun: Begun, first: UserMessage | None, language: str) -> None:
        """Ask the model for a title, unless the thread has one from a model or from the user.

        Call it when the answer has begun. `first` is the thread's first message.
        """
        if begun.wants_title and first is not None:
            self._asked[begun.lease.turn_id] = asyncio.create_task(
                make_title(self._model, self._title_model, text_of(first), "", language),
                name=f"title of {begun.thread.id}",
            )

    async def end(self, begun: Begun, first: UserMessage | None) -> list[Event]:
        """Store the title that is known at the end of the turn; return the event if it is new."""
        asked = self._asked.pop(begun.lease.turn_id, None)
        if not begun.wants_title or first is None:
            return []
        title, by = first_line(first) if begun.thread.title is None else None, _FIRST_LINE
        if asked is not None and asked.done():
            made = asked.result()
            title, by = (title, by) if made is None else (made, _MODEL)
        elif asked is not None:
            late = asyncio.create_task(self._give_late(begun.lease, asked), name=asked.get_name())
            self._late.add(late)
            late.add_done_callback(self._late.discard)
        named = None if title is None else await self._give(begun.lease, title, by)
        return [] if named is None else [ThreadUpdated(named)]

    async def _give_late(self, lease: Lease, asked: asyncio.Task[str | None]) -> None:
        title = await asked
        if title is not None:
            await self._give(lease, title, _MODEL)

    async def _give(self, lease: Lease, title: str, by: TitleSource) -> Thread | None:
        try:
            return await self._threads.give_title(lease.user_id, lease.thread_id, title, by)
        except ChatKitError as error:  # a missing title must not fail a stored answer
            _log.warning("turn %s: its thread got no title: %s", lease.turn_id, error)
            return None

    async def aclose(self) -> None:
        """Cancel all pending title requests."""
        tasks = [*self._asked.values(), *self._late]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
