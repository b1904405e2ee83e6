"""Checks arguments of foreign tools against their schema, in bounded time.

A general validator follows every alternative and every pattern, and quotes each value in full: a
schema written for that stops the process. This one counts its steps. It knows the keywords that
models get wrong and leaves the others to the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_MAX_FAULT: Final = 300
#: Most steps of one check, 10 ms or so. Arguments that need more are left to the server.
_MAX_STEPS: Final = 20_000

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


def first_fault(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str | None:
    """The first error, as a short sentence that names the field; None if there is none.

    `schema` is a mended one: without references.
    """
    try:
        fault = next(_Check().faults(schema, arguments, ""), None)
    except _TooLong:
        return None
    return fault if fault is None or len(fault) <= _MAX_FAULT else fault[:_MAX_FAULT] + "…"


class _TooLong(Exception):
    pass


class _Check:
    def __init__(self) -> None:
        self._steps = _MAX_STEPS

    def faults(self, schema: Mapping[str, Any], value: Any, place: str) -> Iterator[str]:
        """The errors of `value`, which is at `place`, one at a time."""
        self._steps -= 1
        if self._steps < 0:
            raise _TooLong
        at = f"{place}: " if place else ""
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(_is(kind, value) for kind in kinds):
            named = ", ".join(f"'{kind}'" for kind in kinds)
            yield f"{at}{_quoted(value)} is not of type {named}"
            return
        if "enum" in schema and value not in schema["enum"][:1000]:
            yield f"{at}{_quoted(value)} is not one of {_quoted(schema['enum'])}"
        if "const" in schema and value != schema["const"]:
            yield f"{at}{_quoted(schema['const'])} was expected"
        match value:
            case dict():
                yield from self._in_object(schema, value, place)
            case list():
                yield from self._in_list(schema, value, place)
            case str():
                yield from _size(schema, value, len(value), at, "Length", "short", "long")
            case int() | float() if not isinstance(value, bool):
                yield from _range(schema, value, at)
        for part in schema.get("allOf", []):
            yield from self.faults(part, value, place)
        for key in ("anyOf", "oneOf"):
            ways = schema.get(key)
            if ways and all(self._fails(way, value, place) for way in ways):
                yield f"{at}{_quoted(value)} is not valid under any of the given schemas"

    def _fails(self, schema: Mapping[str, Any], value: Any, place: str) -> bool:
        return next(self.faults(schema, value, place), None) is not None

    def _in_object(
        self, schema: Mapping[str, Any], value: dict[str, Any], place: str
    ) -> Iterator[str]:
        at = f"{place}: " if place else ""
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{at}'{name}' is a required property"
        more = schema.get("additionalProperties", True)
        for name, each in value.items():
            inner = f"{place}.{name}" if place else name
            if name in properties:
                yield from self.faults(properties[name], each, inner)
            elif more is False:
                yield f"{at}'{name[:64]}' was unexpected"
            elif isinstance(more, dict):
                yield from self.faults(more, each, inner)

    def _in_list(self, schema: Mapping[str, Any], value: list[Any], place: str) -> Iterator[str]:
        at = f"{place}: " if place else ""
        yield from _size(schema, value, len(value), at, "Items", "short", "long")
        if items := schema.get("items"):
            for number, each in enumerate(value):
                yield from self.faults(items, each, f"{place}[{number}]")


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])


def _size(
    schema: Mapping[str, Any], value: Any, size: int, at: str, unit: str, short: str, long: str
) -> Iterator[str]:
    if size < schema.get(f"min{unit}", 0):
        yield f"{at}{_quoted(value)} is too {short}"
    if size > schema.get(f"max{unit}", size):
        yield f"{at}{_quoted(value)} is too {long}"


def _range(schema: Mapping[str, Any], value: float, at: str) -> Iterator[str]:
    if value < schema.get("minimum", value):
        yield f"{at}{value} is less than the minimum of {schema['minimum']}"
    if value > schema.get("maximum", value):
        yield f"{at}{value} is greater than the maximum of {schema['maximum']}"
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        yield f"{at}{value} must be more than {schema['exclusiveMinimum']}"
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        yield f"{at}{value} must be less than {schema['exclusiveMaximum']}"


def _quoted(value: Any) -> str:
    """`value` as Python writes it, cut. A long list or object is cut before it is written."""
    match value:
        case str():
            return repr(value[:_MAX_FAULT])
        case list():
            return repr([each[:_MAX_FAULT] if isinstance(each, str) else each
                         for each in value[:5]])[:_MAX_FAULT]  # fmt: skip
        case dict():
            return f"an object of {len(value)} fields"
    return repr(value)[:_MAX_FAULT]
