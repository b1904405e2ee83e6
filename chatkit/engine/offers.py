"""The models and tools that a user may choose for a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatkit.answer.steps import title_of
from chatkit.models.pure.tools import ToolSpec
from chatkit.ports.tools import ToolBox
from chatkit.protocol.content import InferenceOptions
from chatkit.protocol.errors import BadRequest
from chatkit.words.say import Say

_PLACE = "params.input.inference_options"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """The choices. The first of `models` is the default. `own_tools` need no tool server."""

    models: Sequence[str]
    own_tools: Sequence[ToolSpec]
    tools: ToolBox

    async def check(self, options: InferenceOptions) -> None:
        """Raises BadRequest for a model or a tool that is not offered."""
        if options.model is not None and options.model not in self.models:
            raise BadRequest(f"{_PLACE}.model: not a model that this server offers")
        if options.tool_choice is not None:
            tools = [*self.own_tools, *await self.tools.list_tools()]
            if not any(tool.name == options.tool_choice for tool in tools):
                raise BadRequest(f"{_PLACE}.tool_choice.id: not a tool that may be chosen")

    def model_for(self, options: InferenceOptions) -> str:
        """The chosen model, or the default if none was chosen or it is no longer offered."""
        chosen = options.model
        return chosen if chosen is not None and chosen in self.models else self.models[0]

    async def listed(self, say: Say) -> dict[str, Any]:
        """The choices as JSON for the page, each with an id and a label."""
        tools = [*self.own_tools, *await self.tools.list_tools()]
        return {
            "models": [{"id": model, "label": model.rpartition("/")[2]} for model in self.models],
            "tools": [
                {"id": tool.name, "label": title_of(tool, tool.name, say)}
                for tool in tools
                if tool.kind != "client"
            ],
        }
