"""Ids: a prefix for the kind and 128 random bits. The caller passes in the randomness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Prefix = Literal["thr", "msg", "tc", "wf", "tsk", "atc", "hid", "trn"]

#: Makes a new id with a prefix: `make_id` bound to a source of randomness.
NewId = Callable[[Prefix], str]


def make_id(prefix: Prefix, random_bytes: bytes) -> str:
    """`prefix` + `_` + 32 hex digits. `random_bytes` are exactly 16: fewer could collide."""
    if len(random_bytes) != 16:
        raise ValueError("an id wants 16 random bytes")
    return f"{prefix}_{random_bytes.hex()}"
