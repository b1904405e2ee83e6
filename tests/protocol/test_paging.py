"""Pages and their cursors."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from chatkit.protocol.items import Thread
from chatkit.protocol.paging import Page
from tests.fakes import START


def threads(number: int) -> list[Thread]:
    return [Thread(id=f"thr_{place}", created_at=START) for place in range(number)]


@given(st.integers(0, 50), st.integers(1, 10))
def test_following_the_cursor_gives_each_entry_once_in_full_pages(total: int, limit: int) -> None:
    entries = threads(total)
    seen: list[str] = []
    start = 0
    while True:
        wire = json.loads(Page.of(entries[start : start + limit + 1], limit).encode())
        seen += [entry["id"] for entry in wire["data"]]
        if not wire["has_more"]:
            assert "after" not in wire
            break
        assert len(wire["data"]) == limit
        assert wire["after"] == seen[-1]
        start = len(seen)
    assert seen == [entry.id for entry in entries]
