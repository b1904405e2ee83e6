"""Titles untitled threads: first the first line of the first message, then a model's title.

The model is asked once an answer has begun, so that it does not delay the answer. Its title is
stored and published as soon as it is known, also in the middle of the answer. The end of an answer
waits for it up to `WAIT_S`. A title that comes later is published in the thread's next answer if
that one has begun; otherwise the client sees it when it next loads the thread. If the turn had no
text or the model returned no title, the next turn asks again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from chatkit.answer.first_title import first_line, text_of
from chatkit.answer.leases import Begun, Lease, TitleSource
from chatkit.engine.calling import Publish
from chatkit.engine.model_titles import Completes, make_title
from chatkit.ports.threads import ThreadStore
from chatkit.protocol.bodies import UserMessage
from chatkit.protocol.errors import ChatKitError
from chatkit.protocol.events import Event, ThreadUpdated

_log = logging.getLogger("chatkit.turn")

#: How long a stream stays open for a title after the last event of its answer, in seconds. Clients
#: accept the next message when the stream ends.
WAIT_S: Final = 1.0

#: A request for a title. Its result: whether the thread got the model's title.
Naming = asyncio.Task[bool]


class ThreadTitles:
    """Names threads with the model `title_model`. One object per event loop; call `aclose`."""

    def __init__(self, *, model: Completes, title_model: str, threads: ThreadStore) -> None:
        self._model = model
        self._title_model = title_model
        self._threads = threads
        #: Running requests for a title, by thread id, and where they publish it.
        self._asked: dict[str, Naming] = {}
        self._publish: dict[str, Publish] = {}

    def begin(
        self, begun: Begun, first: UserMessage | None, language: str, publish: Publish
    ) -> Naming | None:
        """Ask the model for a title; None if the thread has one from a model or from the user.

        Call it when the answer has begun, and pass the result to `end`. `first` is the thread's
        first message. The title is published with `publish`, unless `end` is done.
        """
        if not begun.wants_title or first is None:
            return None
        thread_id = begun.thread.id
        self._publish[thread_id] = publish
        naming = self._asked.get(thread_id)
        if naming is None:
            asking = self._ask(begun.lease, text_of(first), language)
            naming = asyncio.create_task(asking, name=f"title of {thread_id}")
            self._asked[thread_id] = naming
            naming.add_done_callback(lambda _: self._forget(thread_id))
        return naming

    def _forget(self, thread_id: str) -> None:
        del self._asked[thread_id]
        self._publish.pop(thread_id, None)

    async def end(
        self,
        begun: Begun,
        first: UserMessage | None,
        naming: Naming | None,
        publish: Publish,
        *,
        wait: bool,
    ) -> None:
        """Give a thread without a title its first line, at the end of a turn, and publish it.

        `wait`: wait up to WAIT_S for the title that the model has not yet returned.
        """
        if begun.wants_title and first is not None and begun.thread.title is None:
            line = first_line(first)
            if line is not None and not _has_named(naming):
                events = await self._give(begun.lease, line, "first line")
                if not _has_named(naming):  # meanwhile
                    publish(events)
        if naming is not None:
            if wait:
                await asyncio.wait([naming], timeout=WAIT_S)
            # The thread's next answer may have begun meanwhile, and have the title published.
            if self._publish.get(begun.thread.id) == publish:
                del self._publish[begun.thread.id]

    async def _ask(self, lease: Lease, message: str, language: str) -> bool:
        title = await make_title(self._model, self._title_model, message, "", language)
        events = [] if title is None else await self._give(lease, title, "model")
        publish = self._publish.get(lease.thread_id)
        if events and publish is not None:
            publish(events)
        return bool(events)

    async def _give(self, lease: Lease, title: str, by: TitleSource) -> list[Event]:
        """Store a title. Returns the event, or none if the thread has a better title."""
        try:
            named = await self._threads.give_title(lease.user_id, lease.thread_id, title, by)
        except ChatKitError as error:  # a missing title must not fail a stored answer
            _log.warning("turn %s: its thread got no title: %s", lease.turn_id, error)
            return []
        return [] if named is None else [ThreadUpdated(named)]

    async def aclose(self) -> None:
        """Cancel all running requests for titles."""
        tasks = list(self._asked.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _has_named(naming: Naming | None) -> bool:
    return naming is not None and naming.done() and naming.result()
