"""Requests without a turn run once for a key, and again only if the first came to nothing."""

from __future__ import annotations

from chatkit.answer.leases import RequestKey
from store.postgres import Database
from store.requests import AcceptedRequests

KEY = RequestKey(key="key:one", body_hash=b"1" * 32, explicit=True)
OTHER_BODY = RequestKey(key="key:one", body_hash=b"2" * 32, explicit=True)


async def pass_minutes(database: Database, minutes: int) -> None:
    await database.execute(
        "UPDATE accepted_requests SET accepted_at = accepted_at - make_interval(mins => $1)",
        minutes,
    )


async def test_a_request_that_was_never_answered_is_free_again_after_a_minute(
    database: Database,
) -> None:
    """Its process was killed, or the database went away under it."""
    requests = AcceptedRequests(database, fresh_s=2)
    assert await requests.claim("ada", KEY)
    assert not await requests.claim("ada", KEY)
    await pass_minutes(database, 1)
    assert not await requests.claim("ada", OTHER_BODY)
    assert await requests.claim("ada", KEY)
    assert not await requests.claim("ada", KEY)


async def test_a_request_that_was_answered_is_not_free(database: Database) -> None:
    requests = AcceptedRequests(database, fresh_s=2)
    assert await requests.claim("ada", KEY)
    await requests.answer("ada", KEY, "{}")
    await pass_minutes(database, 10)
    assert not await requests.claim("ada", KEY)
    found = await requests.find("ada", KEY)
    assert found is not None
    assert found.answer == "{}"
