"""The tools that a model may call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from chatkit.access.caller import Caller
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.calls import Elicitation, ElicitationReply, ToolCall, ToolResult


class ToolBox(Protocol):
    """Every tool that the model may call: the built-in ones and those of other MCP servers."""

    async def list_tools(self, budget: int | None = None) -> Sequence[ToolSpec]:
        """The tools of all reachable servers; names are unique, and the order is fixed.

        With a `budget`, in tokens, foreign tools are listed only as far as they fit it; the tools
        `find_tools` and `call_tool` then lead to the others.
        """
        ...

    async def call(
        self,
        call: ToolCall,
        caller: Caller,
        progress: Callable[[str], None],
        reply: ElicitationReply | None = None,
    ) -> ToolResult:
        """Run one call. Errors, such as bad arguments or a timeout, are returned as failed results.

        `progress` is called with each progress line of the tool. The result may be a question to
        the user, `asked`: then the same call with the `reply` to it goes on.
        """
        ...

    def give_up(self, asked: Elicitation, caller: Caller) -> None:
        """Cancel a call that waits for an answer, which the user does not give."""
        ...
