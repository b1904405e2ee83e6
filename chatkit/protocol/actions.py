"""Actions of users on widgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A user's action. `type` and `payload` come from a client and are untrusted."""

    type: str
    payload: Any = None
