"""What users do on widgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a user did. Type and payload come from a client: neither is to be trusted."""

    type: str
    payload: Any = None
