"""The description of a tool for the model."""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chatkit.protocol.errors import Sentence

ToolKind = Literal["server", "client", "ask", "image", "draft"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool that the model may call. `parameters` is a JSON Schema of type object.

    `kind` says who answers a call: a tool server, the page (`client`), the user (`ask`) or an image
    model (`image`). A `draft` is not run: its arguments are shown as a card.
    `title` and `icon` are shown to the user; the title of a foreign tool is its own text.
    `read_only`: a call changes nothing, and `destructive`: it may destroy something, as the tool's
    server declares it.
    Only of a tool of a foreign server: the `server`, the tool's `own_name` there, and a `digest`
    that changes with everything that the server says of the tool.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    kind: ToolKind = "server"
    title: str | Sentence = ""
    icon: str = "bolt"
    read_only: bool = False
    destructive: bool = False
    server: str = ""
    own_name: str = ""
    digest: str = ""


class ToolCopies:
    """Copies of tools in OpenAI's format. LiteLLM changes schemas in place, so each request gets
    its own; a packed copy is kept, because the tools are nearly always those of the request before
    and `deepcopy` takes ten times as long."""

    def __init__(self) -> None:
        self._tools: tuple[ToolSpec, ...] = ()
        self._packed = marshal.dumps([])

    def copy_of(self, tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
        """`tools` as new objects."""
        if self._tools != (tools := tuple(tools)):
            self._packed = marshal.dumps(
                [
                    {
                        "type": "function",
                        "function": {
                            "name": tool.name,
                            "description": tool.description,
                            "parameters": tool.parameters,
                        },
                    }
                    for tool in tools
                ]
            )
            self._tools = tools
        copies: list[dict[str, Any]] = marshal.loads(self._packed)  # noqa: S302 - our own bytes
        return copies
