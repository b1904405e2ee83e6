"""LiteLLM's table of models, read without importing LiteLLM, which takes seconds."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any


def model_table() -> dict[str, dict[str, Any]]:
    """The table of the installed release: entries by model name."""
    package = importlib.util.find_spec("litellm")
    assert package is not None
    assert package.origin is not None
    file = Path(package.origin).with_name("model_prices_and_context_window_backup.json")
    table: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return table
