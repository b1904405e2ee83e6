"""Compiles the type annotation of a prop into a check for JSON values.

Each prop is declared once, in `props.py`: mypy reads the annotation where code builds a tree, and
`validate` reads it at run time.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)


@dataclass(frozen=True, slots=True)
class Check:
    """A compiled check. `wanted` completes the sentence "must be …".

    `fault` takes a value and its path and returns "path: problem", or None for a valid value.
    `fields` are the known members of an object; a union uses them to choose among its objects.
    """

    wanted: str
    fault: Callable[[object, str], str | None]
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on a string, used as `Annotated[str, Rule(…)]`."""

    wanted: str
    holds: Callable[[str], bool]


def _plain(wanted: str, fits: Callable[[object], bool]) -> Check:
    def fault(value: object, place: str) -> str | None:
        return None if fits(value) else f"{place}: must be {wanted}"

    return Check(wanted, fault)


_PLAIN: Mapping[Any, Check] = {
    str: _plain("a string", lambda value: isinstance(value, str)),
    bool: _plain("true or false", lambda value: isinstance(value, bool)),
    int: _plain("a whole number", lambda value: type(value) is int),
    float: _plain(
        "a number",
        lambda value: type(value) is int or (type(value) is float and math.isfinite(value)),
    ),
    Any: _plain("a JSON value", lambda value: _is_json(value)),
}


def compile_check(annotation: Any) -> Check:
    """Compile an annotation. Raises TypeError for a type that is not supported.

    Supported are str, bool, int, float, Any, Literal, unions, lists, dicts with string keys,
    `Annotated[str, Rule]` and TypedDicts. None is not: an unset prop is left out.
    """
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if is_typeddict(annotation):
        return _object(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return _choice(arguments)
    if origin is Annotated:
        return _ruled(*(rule for rule in arguments[1:] if isinstance(rule, Rule)))
    if origin in (Union, types.UnionType):
        return _union([compile_check(each) for each in arguments])
    if origin is list:
        return _list(compile_check(arguments[0]))
    if origin is dict and arguments[0] is str:
        return _mapping(compile_check(arguments[1]))
    raise TypeError(f"no check for {annotation}")


@cache
def fields_of(*kinds: type) -> tuple[Mapping[str, Check], tuple[str, ...]]:
    """The checks of all members of TypedDicts, including inherited ones, and the required names."""
    hints = {n: h for kind in kinds for n, h in get_type_hints(kind, include_extras=True).items()}
    required = tuple(name for name, hint in hints.items() if get_origin(hint) is Required)
    bare = {name: get_args(hint)[0] if name in required else hint for name, hint in hints.items()}
    return {name: compile_check(hint) for name, hint in bare.items()}, required


def first_fault(kinds: tuple[type, ...], value: Mapping[str, object]) -> str | None:
    """The first error in the members of an object, or None. Unknown members are allowed."""
    checks, required = fields_of(*kinds)
    for name in required:
        if value.get(name) is None:
            return f"{name}: is required"
    for name, member in value.items():
        if member is None:
            return f"{name}: must not be null; leave it out"
        if (check := checks.get(name)) and (found := check.fault(member, name)):
            return found
    return None


def _object(kind: type) -> Check:
    def fault(value: object, place: str) -> str | None:
        if not isinstance(value, dict):
            return f"{place}: must be an object"
        found = first_fault((kind,), value)
        return found and f"{place}.{found}"

    return Check("an object", fault, fields=frozenset(fields_of(kind)[0]))


def _choice(options: tuple[Any, ...]) -> Check:
    known = {(type(option), option) for option in options}
    wanted = " or ".join("false" if option is False else str(option) for option in options)
    if len(options) > 2:
        wanted = f"one of {', '.join(map(str, options))}"
    return _plain(
        wanted,
        lambda value: isinstance(value, str | bool) and (type(value), value) in known,
    )


def _ruled(*rules: Rule) -> Check:
    wanted = " and ".join(rule.wanted for rule in rules)
    return _plain(
        wanted, lambda value: isinstance(value, str) and all(rule.holds(value) for rule in rules)
    )


def _union(choices: list[Check]) -> Check:
    wanted = " or ".join(dict.fromkeys(choice.wanted for choice in choices))

    def fault(value: object, place: str) -> str | None:
        objects = [choice for choice in choices if choice.fields]
        if isinstance(value, dict) and objects:  # choose the object that shares most members
            shared = [len(choice.fields & value.keys()) for choice in objects]
            nearest = [each for each, n in zip(objects, shared, strict=True) if n == max(shared)]
            faults = [choice.fault(value, place) for choice in nearest]
            return None if None in faults else faults[0]
        fits = any(choice.fault(value, place) is None for choice in choices)
        return None if fits else f"{place}: must be {wanted}"

    return Check(wanted, fault)


def _list(entry: Check) -> Check:
    def fault(value: object, place: str) -> str | None:
        if not isinstance(value, list):
            return f"{place}: must be a list"
        faults = (entry.fault(each, f"{place}[{index}]") for index, each in enumerate(value))
        return next((found for found in faults if found), None)

    return Check("a list", fault)


def _mapping(entry: Check) -> Check:
    def fault(value: object, place: str) -> str | None:
        if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
            return f"{place}: must be an object"
        faults = (entry.fault(each, f"{place}.{name}") for name, each in value.items())
        return next((found for found in faults if found), None)

    return Check("an object", fault)


def _is_json(value: object) -> bool:
    match value:
        case None | str() | bool() | int():
            return True
        case float():
            return math.isfinite(value)
        case list():
            return all(map(_is_json, value))
        case dict():
            return all(isinstance(name, str) for name in value) and all(
                map(_is_json, value.values())
            )
    return False
