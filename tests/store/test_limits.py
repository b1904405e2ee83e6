"""Rate limits of several processes against a real database."""

from __future__ import annotations

import asyncio

import pytest

from chatkit.access.rates import Rate
from store import limits
from store.limits import SharedBuckets
from store.postgres import Database

#: Slow enough that nothing refills while a test runs.
RATE = Rate(5, 3600)


async def taken(buckets: SharedBuckets, name: str, rate: Rate = RATE) -> bool:
    return (await buckets.take([(name, rate)]))[0].allowed


async def test_processes_use_one_bucket(database: Database) -> None:
    one, two = SharedBuckets(database), SharedBuckets(database)
    allowed = [await taken(buckets, "user:ada") for buckets in (one, two) * 5]
    assert allowed == [True] * 5 + [False] * 5
    assert await taken(two, "user:bob")


async def test_requests_at_once_are_each_counted_once(database: Database) -> None:
    buckets = SharedBuckets(database)
    allowed = await asyncio.gather(*(taken(buckets, "user:ada") for _ in range(40)))
    assert sum(allowed) == 5


@pytest.mark.parametrize("count", [7, 60, 300])
async def test_a_burst_is_the_whole_rate(database: Database, count: int) -> None:
    buckets, rate = SharedBuckets(database), Rate(count, 3600)
    assert sum([await taken(buckets, "user:ada", rate) for _ in range(count + 3)]) == count


async def test_it_tells_where_each_bucket_stands(database: Database) -> None:
    buckets, tight = SharedBuckets(database), Rate(1, 3600)
    asked = [("ip:127.0.0.1", RATE), ("user:ada", tight)]
    first, second = await buckets.take(asked), await buckets.take(asked)
    assert [standing.allowed for standing in first] == [True, True]
    assert [standing.allowed for standing in second] == [True, False]
    assert [standing.rate for standing in second] == [RATE, tight]
    assert [standing.remaining for standing in second] == [3, 0]
    assert second[1].retry_after_s == pytest.approx(3600, abs=30)


async def test_time_fills_a_bucket_again(database: Database) -> None:
    buckets = SharedBuckets(database)
    for _ in range(5):
        await taken(buckets, "user:ada")
    await database.execute("UPDATE rate_buckets SET full_at = full_at - 720")
    assert [await taken(buckets, "user:ada") for _ in range(2)] == [True, False]


async def test_after_a_change_of_the_rate_a_bucket_fills_as_the_new_one_says(
    database: Database,
) -> None:
    buckets = SharedBuckets(database)
    for _ in range(5):
        await taken(buckets, "user:ada")
    await database.execute("UPDATE rate_buckets SET full_at = full_at - 36")
    assert not await taken(buckets, "user:ada", RATE)
    assert await taken(buckets, "user:ada", Rate(100, 3600))


async def test_full_buckets_are_swept_and_others_stay(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_SWEEP_EVERY", 3)
    buckets = SharedBuckets(database)
    await taken(buckets, "user:ada")
    await taken(buckets, "user:bob")
    await database.execute("UPDATE rate_buckets SET full_at = 0 WHERE name = 'user:ada'")
    await taken(buckets, "user:cyd")
    rows = await database.fetch("SELECT name FROM rate_buckets ORDER BY name")
    assert [row["name"] for row in rows] == ["user:bob", "user:cyd"]
