"""The stored log of a turn: it has no holes, whatever was lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chatkit.answer.leases import Begun, Followed, Lease, LogBatch, LogEnd, NewTurn, RequestKey
from chatkit.protocol.bodies import UserMessage
from chatkit.protocol.content import InputText
from store.postgres import Database
from store.turn_log import TurnLogs
from store.turns import StoredTurns

NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.fixture
async def lease(database: Database) -> Lease:
    key = RequestKey(key="body:1", body_hash=b"1" * 32, explicit=False)
    turn = NewTurn(turn_id="trn_1", item_id="msg_1", model="m", language="en", key=key)
    message = UserMessage(content=(InputText(text="Hello"),))
    begun = await StoredTurns(database, owner="one", lease_s=60).begin_thread(
        "ada", "thr_1", turn, message, NOW
    )
    assert isinstance(begun, Begun)
    return begun.lease


@pytest.fixture
def logs(database: Database) -> TurnLogs:
    return TurnLogs(database, owner="one", living_s=0)


def batch(lease: Lease, first: int, *events: str, last: bool = False) -> LogBatch:
    return LogBatch(lease=lease, first=first, text="\n".join(events), last=last)


async def lines(logs: TurnLogs) -> list[str]:
    return list((await logs.read("ada", "trn_1", 0)).lines)


async def test_events_are_added_where_the_log_ends(logs: TurnLogs, lease: Lease) -> None:
    assert await logs.append([batch(lease, 1, "a", "b")]) == {
        "trn_1": LogEnd(through=2, last=False)
    }
    assert await logs.append([batch(lease, 3, "c")]) == {"trn_1": LogEnd(through=3, last=False)}
    assert await logs.append([batch(lease, 4, last=True)]) == {
        "trn_1": LogEnd(through=3, last=True)
    }
    assert await lines(logs) == ["a", "b", "c"]


async def test_events_whose_storing_was_not_confirmed_are_not_stored_twice_and_hide_no_others(
    logs: TurnLogs, lease: Lease
) -> None:
    await logs.append([batch(lease, 1, "a", "b")])
    # The owner was not told, and sends them again with what has come since.
    assert await logs.append([batch(lease, 1, "a", "b", "c")]) == {
        "trn_1": LogEnd(through=2, last=False)
    }
    assert await logs.append([batch(lease, 3, "c", "d")]) == {
        "trn_1": LogEnd(through=4, last=False)
    }
    assert await lines(logs) == ["a", "b", "c", "d"]


async def test_what_a_crash_of_the_database_took_is_asked_for_again(
    logs: TurnLogs, lease: Lease, database: Database
) -> None:
    await logs.append([batch(lease, 1, "a")])
    await logs.append([batch(lease, 2, "b", "c")])
    await database.execute("DELETE FROM turn_events WHERE first = 2")
    assert await logs.append([batch(lease, 4, "d")]) == {"trn_1": LogEnd(through=1, last=False)}
    assert await logs.append([batch(lease, 2, "b", "c", "d")]) == {
        "trn_1": LogEnd(through=4, last=False)
    }
    assert await lines(logs) == ["a", "b", "c", "d"]


async def test_the_end_of_a_log_is_confirmed_again(logs: TurnLogs, lease: Lease) -> None:
    await logs.append([batch(lease, 1, "a")])
    for _ in range(2):
        assert await logs.append([batch(lease, 2, last=True)]) == {
            "trn_1": LogEnd(through=1, last=True)
        }
    assert await lines(logs) == ["a"]


async def test_the_log_of_a_turn_that_was_taken_over_is_not_this_owners(
    logs: TurnLogs, lease: Lease, database: Database
) -> None:
    await StoredTurns(database, owner="two", lease_s=60).take_over("ada", "trn_1")
    assert await logs.append([batch(lease, 1, "a")]) == {}
    assert await lines(logs) == []


async def test_a_process_that_follows_counts_until_it_leaves_and_others_go_on_counting(
    logs: TurnLogs, lease: Lease, database: Database
) -> None:
    two, three = (TurnLogs(database, owner=name, living_s=0) for name in ("two", "three"))
    await logs.publish_followed([Followed(lease=lease, followed=False)])

    async def followed() -> bool:
        found = await two.find_elsewhere("ada", "thr_1")
        assert found is not None
        (wish,) = await logs.wishes()
        assert wish.followed_elsewhere is found.followed
        return found.followed

    assert not await followed()
    for each in (two, three):
        await each.follow("ada", "trn_1", 60)
        await each.follow("ada", "trn_1", 60)
    await two.unfollow("ada", "trn_1")
    assert await followed()
    await three.unfollow("ada", "trn_1")
    assert not await followed()
    await two.follow("ada", "trn_1", 0)
    assert not await followed()


async def test_reads_in_other_processes_are_counted(logs: TurnLogs, lease: Lease) -> None:
    for count in range(3):
        (wish,) = await logs.wishes()
        assert wish.reads == count
        await logs.note_read("ada", "trn_1")
