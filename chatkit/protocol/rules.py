"""Checks for constructors: closed sets of values and required fields of the wire."""

from __future__ import annotations

import re
from typing import Any, Final, get_args

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")


def require(condition: bool, otherwise: str) -> None:
    """Raise ValueError with the message `otherwise` unless `condition`."""
    if not condition:
        raise ValueError(otherwise)


def require_one_of(literal: Any, value: object, name: str) -> None:
    """Raise ValueError unless `value` is in `literal`, a `Literal` of strings."""
    allowed = get_args(literal)
    if value not in allowed:
        raise ValueError(f"{name}: must be one of {', '.join(allowed)}")


def require_id(value: str) -> None:
    """Raise ValueError unless `value` is an id that needs no escaping in JSON and in URLs."""
    if not _ID.fullmatch(value):
        raise ValueError(f"not an id: {value!r}")
