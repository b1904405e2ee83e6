"""The call of an answer that the page or the user has to answer: at most one."""

from __future__ import annotations

from chatkit.answer.approving import form_for
from chatkit.answer.asking import ONE_AT_A_TIME, pending_of
from chatkit.answer.eliciting import GoingOn, NotAsked, bodies_for, check
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.bodies import AskedCall, Body, ClientToolCall
from chatkit.protocol.calls import BadArguments, Elicitation, ToolCall
from chatkit.protocol.ids import Prefix
from chatkit.words.say import Say


class Waiting:
    """Keeps the items of the call, the pending one last, until the turn ends."""

    def __init__(self) -> None:
        self._items: list[tuple[Prefix, Body]] = []

    def __bool__(self) -> bool:
        return bool(self._items)

    def put(self, call: ToolCall, kind: str, tool: ToolSpec | None, say: Say) -> str | None:
        """Keep a call of the page or of the user, or of a `tool` that the user has to allow.

        Returns the result for the model if the call cannot wait.
        """
        if self._items:
            return ONE_AT_A_TIME
        if tool is not None:
            asked = AskedCall(call=call, digest=tool.digest)
            self._items = [("hid", asked), ("msg", form_for(call, tool, say))]
            return None
        try:
            item = pending_of(call, kind)
        except BadArguments as error:
            return str(error)
        self._items = [("tc" if isinstance(item, ClientToolCall) else "msg", item)]
        return None

    def elicit(self, call: ToolCall, asked: Elicitation, say: Say) -> None:
        """Keep a call whose server asks the user. Raises NotAsked if the user is not asked."""
        check(asked)
        if self._items:
            raise NotAsked("cancel", ONE_AT_A_TIME)
        self._items = bodies_for(call, asked, say)

    def elicit_again(self, going_on: GoingOn, say: Say) -> None:
        """Keep the call of which some values did not fit: only those are asked again."""
        before = going_on.elicited
        self._items = bodies_for(
            before.call, before.asked, say, content=before.content, faults=going_on.faults
        )

    def take(self) -> list[tuple[Prefix, Body]]:
        """The items to store at the end of the turn, in order."""
        items, self._items = self._items, []
        return items
