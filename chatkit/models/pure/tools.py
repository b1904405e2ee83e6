"""Tools as a model is told of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chatkit.protocol.errors import Sentence

ToolKind = Literal["server", "client", "ask", "image", "draft"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool as the model is told of it; `parameters` is a JSON Schema of type object.

    `kind` says who answers a call: a tool server, the page (`client`), the user (`ask`), or an
    image model. `title` and `icon` are what the user sees of it; the title of a tool
    that is not ours is a text.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    kind: ToolKind = "server"
    title: str | Sentence = ""
    icon: str = "bolt"
