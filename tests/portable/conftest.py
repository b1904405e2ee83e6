"""An engine, of which a user's data is taken and erased."""

from __future__ import annotations

from tests.engine.conftest import new_engine

__all__ = ["new_engine"]
