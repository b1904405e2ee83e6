"""Parses CLIENT_TOOLS: the tools that the page executes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from chatkit.models.pure.tools import ToolSpec
from chatkit.protocol.calls import is_tool_name
from chatkit.protocol.jsontext import clean_value
from chatkit.wiring.variables import SettingsError

_MAX_TOOLS: Final = 32


def read_client_tools(given: str) -> tuple[ToolSpec, ...]:
    """Parse the tools. `given` is JSON text, or the path of a file with it: an array of objects
    with `name`, `description`, `parameters` (a JSON Schema of type object) and optionally `title`.

    Raises SettingsError with one sentence that names the position of the tool.
    """
    if not given.startswith("["):
        try:
            given = Path(given).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                "CLIENT_TOOLS must be JSON or the path of a readable file of it."
            ) from error
    try:
        entries = clean_value(json.loads(given))
    except (ValueError, RecursionError) as error:
        raise SettingsError("CLIENT_TOOLS is not valid JSON.") from error
    if not isinstance(entries, list) or len(entries) > _MAX_TOOLS:
        raise SettingsError(f"CLIENT_TOOLS must be an array of at most {_MAX_TOOLS} tools.")
    tools = tuple(_tool(place, entry) for place, entry in enumerate(entries, start=1))
    if len({tool.name for tool in tools}) < len(tools):
        raise SettingsError("CLIENT_TOOLS has two tools of one name.")
    return tools


def _tool(place: int, entry: Any) -> ToolSpec:
    if not isinstance(entry, dict):
        raise SettingsError(f"CLIENT_TOOLS: tool {place} must be an object.")
    name = entry.get("name")
    if not isinstance(name, str) or not is_tool_name(name):
        raise SettingsError(
            f"CLIENT_TOOLS: the name of tool {place} must be 1 to 64 letters, digits, _ or -."
        )
    parameters = entry.get("parameters", {"type": "object", "properties": {}})
    if not isinstance(parameters, dict) or parameters.get("type") != "object":
        raise SettingsError(
            f"CLIENT_TOOLS: the parameters of {name} must be a schema of an object."
        )
    words = {key: entry.get(key, "") for key in ("description", "title")}
    if not all(isinstance(word, str) for word in words.values()):
        raise SettingsError(f"CLIENT_TOOLS: description and title of {name} must be texts.")
    return ToolSpec(name=name, parameters=parameters, kind="client", **words)
