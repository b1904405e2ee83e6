"""The call of an answer that the page or the user has to answer: at most one."""

from __future__ import annotations

from chatkit.answer.approving import form_for
from chatkit.answer.asking import ONE_AT_A_TIME, pending_of
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.bodies import AskedCall, Body, ClientToolCall, StructuredInput
from chatkit.protocol.calls import BadArguments, ToolCall
from chatkit.protocol.ids import Prefix
from chatkit.words.say import Say


class Waiting:
    """Keeps the call until the turn ends. The methods that take one raise BadArguments with the
    result for the model if it cannot wait."""

    def __init__(self) -> None:
        self._item: ClientToolCall | StructuredInput | None = None
        self._asked: AskedCall | None = None

    def __bool__(self) -> bool:
        return self._item is not None

    def put(self, call: ToolCall, kind: str) -> None:
        """Keep a call of the page, or a form of the user."""
        self._refuse_second()
        self._item = pending_of(call, kind)

    def ask_about(self, call: ToolCall, tool: ToolSpec, say: Say) -> None:
        """Keep a call of `tool` that the user has to allow."""
        self._refuse_second()
        self._item = form_for(call, tool, say)
        self._asked = AskedCall(call=call, digest=tool.digest)

    def take(self) -> list[tuple[Prefix, Body]]:
        """The items to store at the end of the turn, in order."""
        items: list[tuple[Prefix, Body]] = [] if self._asked is None else [("hid", self._asked)]
        if self._item is not None:
            items.append(("tc" if isinstance(self._item, ClientToolCall) else "msg", self._item))
        self._item = self._asked = None
        return items

    def _refuse_second(self) -> None:
        if self._item is not None:
            raise BadArguments(ONE_AT_A_TIME)
