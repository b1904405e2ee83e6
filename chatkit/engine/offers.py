"""The models and tools that a user may choose for a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatkit.answer.steps import title_of
from chatkit.engine import faults
from chatkit.engine.faults import Fault
from chatkit.models.pure.tools import ToolSpec
from chatkit.ports.tools import ToolBox
from chatkit.protocol.content import InferenceOptions
from chatkit.protocol.errors import Sentence
from chatkit.words.say import Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """The choices. The first of `models` is the default. `own_tools` need no tool server."""

    models: Sequence[str]
    own_tools: Sequence[ToolSpec]
    tools: ToolBox

    async def find_fault(self, options: InferenceOptions) -> Fault | None:
        """The fault of a choice that is not offered, as of a page that was loaded long ago."""
        if options.model is not None and options.model not in self.models:
            return faults.refused(Sentence("choice.model_gone"))
        if options.tool_choice is not None:
            tools = [*self.own_tools, *await self.tools.list_tools()]
            if not any(tool.name == options.tool_choice for tool in tools):
                return faults.refused(Sentence("choice.tool_gone"))
        return None

    def model_for(self, options: InferenceOptions) -> str:
        """The chosen model, or the default if none was chosen or it is no longer offered."""
        chosen = options.model
        return chosen if chosen is not None and chosen in self.models else self.models[0]

    async def listed(self, say: Say) -> dict[str, Any]:
        """The choices as JSON, as the widget's `composer` has them."""
        tools = [*self.own_tools, *await self.tools.list_tools()]
        return {
            "models": [
                {"id": model, "label": model.rpartition("/")[2], "default": place == 0}
                for place, model in enumerate(self.models)
            ],
            "tools": [
                {"id": tool.name, "label": title_of(tool, tool.name, say), "icon": tool.icon}
                for tool in tools
                if tool.kind != "client"
            ],
        }
