"""Makes the tools that a server lists usable by every model, or names why one cannot be.

A mended schema has type object, no reference, and only what all providers accept at its top. It may
accept more than the server does, which checks the arguments itself.
"""

from __future__ import annotations

import re
from typing import Any, Final

#: Most schemas in one tool with every reference replaced, and their deepest nesting. Providers
#: refuse larger ones, and references can make a short text expand without end.
_MAX_NODES: Final = 2000
_MAX_DEPTH: Final = 32
#: Longest name of a tool at its server, in characters.
_MAX_NAME: Final = 256

_TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
#: Names of properties that every provider accepts.
_PROPERTY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_HINTS: Final = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
#: Keywords by the type of their value. A value of another type is dropped.
_VALUES: Final[dict[str, type | tuple[type, ...]]] = {
    "description": str,
    "title": str,
    "format": str,
    "pattern": str,
    "enum": list,
    "examples": list,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), (int, float)),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), int),
}
#: Keywords that are of no use once references are replaced.
_DROPPED: Final = frozenset(
    ["$schema", "$id", "$defs", "definitions", "$comment", "$anchor", "$ref", "$dynamicRef"]
)
#: Keywords that providers refuse at the top of a tool's schema.
_NOT_AT_TOP: Final = ("anyOf", "oneOf", "allOf", "not", "enum", "const", "if", "then", "else")


class Unusable(Exception):
    """The tool cannot be offered. `str(error)` says why, for the log."""


def mend_tool(raw: object) -> dict[str, Any]:
    """A tool of `tools/list` with only the fields that are used, each valid. Raises Unusable."""
    if not isinstance(raw, dict):
        raise Unusable("it is no object")
    name = raw.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME:
        raise Unusable(f"its name is no text of 1 to {_MAX_NAME} characters")
    tool: dict[str, Any] = {"name": name, "inputSchema": mend_schema(raw.get("inputSchema"))}
    for field in ("title", "description"):
        if isinstance(raw.get(field), str):
            tool[field] = raw[field]
    hints = raw.get("annotations")
    if isinstance(hints, dict):
        tool["annotations"] = {
            hint: hints[hint] for hint in _HINTS if isinstance(hints.get(hint), bool)
        }
    return tool


def mend_schema(schema: object) -> dict[str, Any]:
    """The schema of the arguments. Raises Unusable."""
    if schema is None or schema is True:
        schema = {}
    if not isinstance(schema, dict):
        raise Unusable("its schema is no object")
    mended = _Mender(schema).node(schema, depth=0, refs=())
    kinds = mended.get("type", "object")
    if "object" not in ([kinds] if isinstance(kinds, str) else kinds):
        raise Unusable("its schema is of another type than object")
    mended = _flattened(mended)
    mended["type"] = "object"
    mended.setdefault("properties", {})
    return mended


class _Mender:
    """Copies one schema; `whole` is what its references refer to."""

    def __init__(self, whole: dict[str, Any]) -> None:
        self._whole = whole
        self._left = _MAX_NODES

    def node(self, schema: object, *, depth: int, refs: tuple[str, ...]) -> dict[str, Any]:
        """`schema` mended. `refs` are the references around it; one to itself allows anything."""
        self._left -= 1
        if self._left < 0:
            raise Unusable("its schema is too large")
        if depth > _MAX_DEPTH:
            raise Unusable("its schema nests too deep")
        if not isinstance(schema, dict):  # true, or nonsense: anything is allowed
            return {}
        mended: dict[str, Any] = {}
        ref = schema.get("$ref")
        if isinstance(ref, str) and ref not in refs:
            target = _resolve(self._whole, ref)
            mended = self.node(target, depth=depth + 1, refs=(*refs, ref))
        for key, value in schema.items():
            if key not in _DROPPED:
                self._keep(mended, key, value, depth=depth + 1, refs=refs)
        if "array" in _kinds(mended):
            mended.setdefault("items", {})
        if isinstance(mended.get("required"), list):
            mended["required"] = [
                each for each in mended["required"] if each in mended.get("properties", {})
            ]
        return mended

    def _keep(
        self, mended: dict[str, Any], key: str, value: Any, *, depth: int, refs: tuple[str, ...]
    ) -> None:
        match key:
            case "type":
                if value is not None:
                    mended["type"] = _type(value)
            case "properties":
                given = value if isinstance(value, dict) else {}
                mended["properties"] = {
                    name: self.node(each, depth=depth, refs=refs)
                    for name, each in given.items()
                    if each is not False
                }
            case "required":
                if isinstance(value, list):
                    texts = (each for each in value if isinstance(each, str))
                    mended["required"] = list(dict.fromkeys(texts))
            case "items" | "not" | "contains":
                mended[key] = self.node(value, depth=depth, refs=refs)
            case "additionalProperties":
                mended[key] = (
                    value
                    if isinstance(value, bool)
                    else self.node(value, depth=depth, refs=refs)
                )  # fmt: skip
            case "anyOf" | "oneOf" | "allOf":
                if isinstance(value, list) and value:
                    mended[key] = [self.node(each, depth=depth, refs=refs) for each in value]
            case "prefixItems" | "patternProperties" | "if" | "then" | "else":
                pass  # few providers accept them
            case _ if key not in _VALUES:
                mended[key] = value
            case _ if isinstance(value, _VALUES[key]) and value is not True and value != []:
                mended[key] = value


def _kinds(schema: dict[str, Any]) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _type(value: object) -> str | list[str]:
    kinds = value if isinstance(value, list) else [value]
    known = [kind for kind in kinds if isinstance(kind, str) and kind in _TYPES]
    if not kinds or len(known) < len(kinds):
        raise Unusable("its schema has a type that JSON Schema does not know")
    return known if isinstance(value, list) else known[0]


def _resolve(whole: dict[str, Any], ref: str) -> object:
    """The part of `whole` that `ref` points to. Other documents are never fetched: None."""
    if not ref.startswith("#"):
        return None
    place: Any = whole
    for step in ref.removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(place, dict) or name not in place:
            return None
        place = place[name]
    return place


def _flattened(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with the properties of its alternatives, and without what the top may not have.

    A property is required if each alternative of `anyOf` or `oneOf`, or one part of `allOf`,
    requires it.
    """
    properties = dict(schema.get("properties", {}))
    required = list(schema.get("required", []))
    for key in ("allOf", "anyOf", "oneOf"):
        parts = [_flattened(part) for part in schema.get(key, [])]
        for part in parts:
            properties = {**part.get("properties", {}), **properties}
        named = [part.get("required", []) for part in parts]
        required += (
            name
            for names in named
            for name in names
            if key == "allOf" or all(name in others for others in named)
        )
        if parts and schema.get("additionalProperties") is False:
            schema = {**schema, "additionalProperties": True}
    flat = {key: value for key, value in schema.items() if key not in _NOT_AT_TOP}
    bad = {name for name in properties if not _PROPERTY.fullmatch(name)}
    if not bad.isdisjoint(required):
        raise Unusable("it requires a property whose name no provider accepts")
    flat["properties"] = {name: each for name, each in properties.items() if name not in bad}
    if required:
        flat["required"] = list(dict.fromkeys(required))
    return flat
