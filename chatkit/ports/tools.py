"""The tools that a model may call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from chatkit.access.caller import Caller
from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.calls import ToolCall, ToolResult


class ToolBox(Protocol):
    """Every tool that the model may call: the built-in ones and those of other MCP servers."""

    async def list_tools(self) -> Sequence[ToolSpec]:
        """The tools of all servers that answer now; names are unique."""
        ...

    async def call(
        self, call: ToolCall, caller: Caller, progress: Callable[[str], None]
    ) -> ToolResult:
        """Run one call. Bad arguments, unknown names, dead servers and time-outs are results.

        `progress` is called with a line of text whenever the tool tells how far it is.
        """
        ...
