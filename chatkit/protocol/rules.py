"""What the wire does not know cannot be built: checks of its closed sets and required fields."""

from __future__ import annotations

import re
from typing import Any, Final, get_args

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")


def require(holds: bool, otherwise: str) -> None:
    """Raises ValueError with `otherwise` for a value that cannot be."""
    if not holds:
        raise ValueError(otherwise)


def require_one_of(literal: Any, value: object, name: str) -> None:
    """For a field of a closed set; `literal` is its type, a `Literal` of strings."""
    allowed = get_args(literal)
    if value not in allowed:
        raise ValueError(f"{name}: must be one of {', '.join(allowed)}")


def require_id(value: str) -> None:
    """For an id of ours, which stands in JSON and in URLs as it is."""
    if not _ID.fullmatch(value):
        raise ValueError(f"not an id: {value!r}")
