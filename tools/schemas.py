"""JSON Schema of foreign tools: compiled once, asked for the first thing wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_MAX_FAULT: Final = 300


class Arguments:
    """What the arguments of one tool must be."""

    def __init__(self, validator: Validator) -> None:
        self._validator = validator

    def first_fault(self, arguments: Mapping[str, Any]) -> str | None:
        """A short sentence that names the field, or None.

        A schema that turns out to be unusable (a reference to another document, which is never
        fetched, or a pattern that is none here) finds no fault: its server has the last word.
        """
        from jsonschema.exceptions import best_match
        from referencing.exceptions import Unresolvable

        try:
            fault = best_match(self._validator.iter_errors(arguments))
        except (Unresolvable, RecursionError, re.error):
            return None
        if fault is None:
            return None
        place = fault.json_path.removeprefix("$").removeprefix(".")
        sentence = f"{place}: {fault.message}" if place else fault.message
        return sentence if len(sentence) <= _MAX_FAULT else sentence[:_MAX_FAULT] + "…"


def compile_schema(schema: Mapping[str, Any]) -> Arguments | None:
    """The compiled schema; None when it is no JSON Schema of an object."""
    # Imported here: it takes 70 ms, and only servers beyond the built-in one need it.
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.validators import validator_for
    from referencing import Registry

    if schema.get("type") != "object":
        return None
    chosen = validator_for(schema, default=Draft202012Validator)
    try:
        chosen.check_schema(dict(schema))
    except (SchemaError, RecursionError):
        return None
    # An empty registry, so that no reference makes us fetch a URL that a server chose.
    return Arguments(chosen(dict(schema), registry=Registry()))
