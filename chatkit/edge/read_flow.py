"""When a connection is read, and whether its peer has closed it while it is not read."""

from __future__ import annotations

import asyncio
import select
import sys
from typing import Final

from uvicorn.protocols.http.flow_control import FlowControl

#: Reported when the peer has closed its side. Linux alone has it.
_POLLRDHUP: Final[int] = getattr(select, "POLLRDHUP", 0)


class ReadFlow(FlowControl):
    """uvicorn's flow control with a second, independent reason not to read.

    uvicorn pauses for a body that the application does not take, and resumes on every `receive` and
    after every answer. `hold` pauses whatever uvicorn resumes meanwhile.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self.held = False

    def hold(self, held: bool) -> None:
        """Stop reading, or read on unless uvicorn pauses."""
        if held == self.held or self._transport.is_closing():
            return
        self.held = held
        if self.read_paused:
            return
        if held:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def pause_reading(self) -> None:
        """For the body of a request."""
        if self.held:
            self.read_paused = True
        else:
            super().pause_reading()

    def resume_reading(self) -> None:
        """The body of a request is wanted again, or over."""
        if self.held:
            self.read_paused = False
        else:
            super().resume_reading()


def peer_has_closed(transport: asyncio.Transport) -> bool:
    """Whether the peer has closed or reset a connection that is not read.

    A close is not seen while the kernel has no room for the bytes that the peer sent before it.
    The next write then brings a reset, which is seen.
    """
    if sys.platform == "win32":  # has no poll
        return False
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), _POLLRDHUP)
    return bool(poll.poll(0))
