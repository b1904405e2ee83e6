"""Names of foreign tools for the model: `server_tool`, the same whichever server connects first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Final

from chatkit.protocol.calls import MAX_TOOL_NAME, as_tool_name

_HASH_CHARS: Final = 6
#: Longest beginning that a server's name makes, in characters.
_MAX_SERVER: Final = 24


def prefixes_of(servers: Sequence[str]) -> tuple[str, ...]:
    """The beginning of the names of each server's tools, in the order of `servers`.

    A hash is added where the name was cut, or where tools of two servers could get one name. Two
    servers whose names differ always have different beginnings.
    """
    plain = [as_tool_name(name)[:_MAX_SERVER] for name in servers]
    return tuple(
        f"{mine}_{_hash(name)}"
        if len(name) > _MAX_SERVER
        or any(
            f"{other}_".startswith(f"{mine}_") or f"{mine}_".startswith(f"{other}_")
            for number, other in enumerate(plain)
            if number != place
        )
        else mine
        for place, (name, mine) in enumerate(zip(servers, plain, strict=True))
    )


def names_of(prefix: str, tools: Collection[str], taken: Collection[str]) -> Mapping[str, str]:
    """The names of a server's tools, by their names at the server.

    A hash is added where a name is cut, equal to another of this server, or one of `taken`: the
    tools that are not of any server.
    """
    plain = {tool: as_tool_name(f"{prefix}_{tool}") for tool in tools}
    shared = [*plain.values(), *taken]
    return {
        tool: f"{name[: MAX_TOOL_NAME - _HASH_CHARS - 1]}_{_hash(tool)}"
        if len(f"{prefix}_{tool}") > MAX_TOOL_NAME or shared.count(name) > 1
        else name
        for tool, name in plain.items()
    }


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_CHARS]
