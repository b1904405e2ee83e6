"""Sessions against a real database."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from chatkit.access.sessions import Session, SessionScope
from chatkit.ports.sessions import SessionStore
from chatkit.protocol.errors import BadRequest, NotFound
from chatkit.protocol.paging import Cursor
from store.postgres import Database
from store.sessions import Sessions

ANNA = "anna"
BEN = "ben"


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database)


def hashed(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


async def open_session(
    sessions: Sessions,
    secret: str,
    *,
    user_id: str = ANNA,
    scope: SessionScope = "chat",
    origin: str | None = None,
    name: str | None = None,
) -> Session:
    return await sessions.open(
        user_id,
        secret_hash=hashed(secret),
        scope=scope,
        expires_in=3600,
        origin=origin,
        name=name,
    )


async def expire(database: Database, session: Session) -> None:
    """As the clock would in an hour."""
    await database.execute(
        "UPDATE sessions SET expires_at = clock_timestamp() WHERE id = $1", UUID(session.id)
    )


async def ids(sessions: Sessions, user_id: str = ANNA, **cursor: object) -> list[str]:
    page = await sessions.list(user_id, Cursor(**cursor))  # type: ignore[arg-type] # by name
    return [session.id for session in page.data]


def test_it_is_a_session_store(sessions: Sessions) -> None:
    store: SessionStore = sessions
    assert store


async def test_a_session_is_found_by_its_secret_alone(sessions: Sessions) -> None:
    opened = await open_session(
        sessions, "one", scope="mcp", origin="https://a.example", name="laptop"
    )
    assert opened == Session(
        id=opened.id,
        user_id=ANNA,
        scope="mcp",
        origin="https://a.example",
        name="laptop",
        created_at=opened.created_at,
        expires_at=opened.expires_at,
    )
    life = opened.expires_at - opened.created_at
    assert abs(life - timedelta(hours=1)) < timedelta(seconds=1)
    assert await sessions.find(hashed("one")) == opened
    assert await sessions.find(hashed("two")) is None


async def test_the_secret_is_nowhere_in_the_database(
    sessions: Sessions, database: Database
) -> None:
    await open_session(sessions, "the secret itself")
    row = await database.fetchval("SELECT sessions::text FROM sessions")
    assert "the secret" not in row
    assert b"the secret".hex() not in row


async def test_an_expired_session_holds_no_longer_and_is_not_listed(
    sessions: Sessions, database: Database
) -> None:
    opened = await open_session(sessions, "one")
    await expire(database, opened)
    assert await sessions.find(hashed("one")) is None
    assert await ids(sessions) == []


async def test_expired_sessions_of_anyone_are_swept_when_one_is_opened(
    sessions: Sessions, database: Database
) -> None:
    for secret in ("one", "two"):
        await expire(database, await open_session(sessions, secret))
    kept = await open_session(sessions, "three", user_id=BEN)
    left = await database.fetch("SELECT id FROM sessions")
    assert [str(row["id"]) for row in left] == [kept.id]


async def test_a_revoked_session_holds_no_longer(sessions: Sessions) -> None:
    one, two = [await open_session(sessions, secret) for secret in ("one", "two")]
    await sessions.revoke(ANNA, one.id)
    assert await sessions.find(hashed("one")) is None
    assert await sessions.find(hashed("two")) == two
    with pytest.raises(NotFound):
        await sessions.revoke(ANNA, one.id)


@pytest.mark.parametrize("session_id", ["", "x", "\0", "3f0c9a52-6f0e-4f57-9f2b-1c2d3e4f5a6b"])
async def test_a_session_that_is_none_cannot_be_revoked(
    sessions: Sessions, session_id: str
) -> None:
    with pytest.raises(NotFound):
        await sessions.revoke(ANNA, session_id)


async def test_the_sessions_of_another_user_are_not_there(sessions: Sessions) -> None:
    opened = await open_session(sessions, "one")
    with pytest.raises(NotFound):
        await sessions.revoke(BEN, opened.id)
    with pytest.raises(BadRequest):
        await ids(sessions, BEN, after=opened.id)
    await sessions.revoke_all(BEN, "chat")
    assert await ids(sessions, BEN) == []
    assert await sessions.find(hashed("one")) == opened


async def test_all_sessions_of_one_scope_are_revoked_together(sessions: Sessions) -> None:
    await open_session(sessions, "one")
    await open_session(sessions, "two")
    token = await open_session(sessions, "three", scope="mcp")
    await sessions.revoke_all(ANNA, "chat")
    assert await ids(sessions) == [token.id]


async def test_the_list_is_paged_newest_first(sessions: Sessions) -> None:
    opened = [(await open_session(sessions, str(number))).id for number in range(5)]
    first = await sessions.list(ANNA, Cursor(limit=2))
    assert ([session.id for session in first.data], first.has_more) == (opened[:2:-1], True)
    rest = await sessions.list(ANNA, Cursor(limit=3, after=first.data[-1].id))
    assert ([session.id for session in rest.data], rest.has_more) == (opened[2::-1], False)


@pytest.mark.parametrize("after", ["", "x", "3f0c9a52-6f0e-4f57-9f2b-1c2d3e4f5a6b"])
async def test_an_unknown_cursor_is_refused(sessions: Sessions, after: str) -> None:
    with pytest.raises(BadRequest) as caught:
        await sessions.list(ANNA, Cursor(after=after))
    assert caught.value.code == "invalid_cursor"
