"""Sessions as their owner's list shows them."""

from __future__ import annotations

import json
from datetime import timedelta

from chatkit.access.sessions import Session
from tests.fakes import START


def test_an_entry_of_the_list_says_all_but_whose_it_is() -> None:
    session = Session(
        id="ses_1",
        user_id="alice",
        scope="mcp",
        origin=None,
        name="Laptop",
        created_at=START,
        expires_at=START + timedelta(hours=1),
    )
    assert json.loads(session.encode()) == {
        "id": "ses_1",
        "scope": "mcp",
        "name": "Laptop",
        "origin": None,
        "created_at": "2026-11-22T12:00:00.000Z",
        "expires_at": "2026-11-22T13:00:00.000Z",
    }
