"""Validates arguments of foreign tools with their JSON Schema, compiled once per tool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_MAX_FAULT: Final = 300


class Arguments:
    """The compiled schema of the arguments of one tool."""

    def __init__(self, validator: Validator) -> None:
        self._validator = validator

    def first_fault(self, arguments: Mapping[str, Any]) -> str | None:
        """The first error, as a short sentence that names the field; None if there is none.

        Also None if the schema proves unusable: it refers to another document, which is never
        fetched, or its pattern is not valid in Python. The server checks the arguments then.
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
    """Compile a schema; None if it is not a valid JSON Schema of an object."""
    # Imported here: it takes 70 ms, and only additional servers need it.
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
    # An empty registry: references in a schema must not make us fetch a URL.
    return Arguments(chosen(dict(schema), registry=Registry()))
