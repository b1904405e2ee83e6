"""Reads the frames of our streams as text, without the product's own decoder."""

from __future__ import annotations

import json
from typing import Any


def data_of(frame: str) -> str | None:
    """The data of one block; None if it has only comments. Our data is one line."""
    lines = [line for line in frame.split("\n") if line and not line.startswith(":")]
    if not lines:
        return None
    data, *more = lines
    assert data.startswith("data: "), frame
    assert all(line.startswith("id: ") for line in more), frame
    return data.removeprefix("data: ")


def id_of(frame: str) -> str | None:
    """The id of one block."""
    found = [line for line in frame.split("\n") if line.startswith("id: ")]
    return found[0].removeprefix("id: ") if found else None


def events_in(stream: bytes) -> list[dict[str, Any]]:
    """The events of a whole stream."""
    data = map(data_of, stream.decode().split("\n\n"))
    return [json.loads(text) for text in data if text is not None]
