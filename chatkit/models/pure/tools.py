"""The description of a tool for the model."""

from __future__ import annotations

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
    `read_only`: a call changes nothing, as the tool's server declares it.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    kind: ToolKind = "server"
    title: str | Sentence = ""
    icon: str = "bolt"
    read_only: bool = False
