"""Keys in the database: made once, rotated, and encrypted where there is a password."""

from __future__ import annotations

import asyncio
import json

import pytest

from store.postgres import Database
from store.secrets import Secrets, SecretsError, keep_name

PASSWORD = "a password of more than thirty-two letters"


async def stored(database: Database) -> str:
    """All that the table holds, as text."""
    rows = await database.fetch("SELECT * FROM server_secrets")
    return json.dumps([dict(row) for row in rows], default=str)


@pytest.mark.parametrize("password", [None, PASSWORD])
async def test_the_first_that_asks_makes_the_key_for_all(
    database: Database, password: str | None
) -> None:
    secrets = [Secrets(database, password=password) for _ in range(5)]
    keys = await asyncio.gather(*(each.load("k") for each in secrets))
    assert len({each.current for each in keys}) == 1
    assert all(each.previous is None for each in keys)
    assert (keys[0].current.hex() in await stored(database)) == (password is None)
    assert keys[0].current.hex() not in repr(keys[0])


async def test_a_key_from_before_the_password_is_encrypted_with_it(database: Database) -> None:
    plain = await Secrets(database, password=None).load("k")
    assert plain.current.hex() in await stored(database)
    sealed = await Secrets(database, password=PASSWORD).load("k")
    assert sealed == plain
    assert plain.current.hex() not in await stored(database)


@pytest.mark.parametrize(
    ("password", "words"),
    [(None, "SECRETS_KEY is not set"), ("x" * 40, "another SECRETS_KEY")],
)
async def test_a_lost_password_is_one_sentence(
    database: Database, password: str | None, words: str
) -> None:
    await Secrets(database, password=PASSWORD).load("k")
    lost = Secrets(database, password=password)
    for attempt in (lost.load("k"), lost.rotate("k", keep_s=60)):
        with pytest.raises(SecretsError, match=words):
            await attempt
    await lost.rotate("k", keep_s=0)
    assert (await lost.load("k")).previous is None


async def test_an_encrypted_value_is_good_for_its_own_name_alone(database: Database) -> None:
    secrets = Secrets(database, password=PASSWORD)
    await secrets.load("k")
    await database.execute(
        "INSERT INTO server_secrets (name, value) SELECT 'other', value FROM server_secrets"
    )
    with pytest.raises(SecretsError):
        await secrets.load("other")


@pytest.mark.parametrize("password", [None, PASSWORD])
async def test_a_rotated_key_is_accepted_for_its_time(
    database: Database, password: str | None
) -> None:
    secrets = Secrets(database, password=password)
    first = await secrets.load("k")
    await secrets.rotate("k", keep_s=60)
    second = await secrets.load("k")
    assert second.current != first.current
    assert second.accepted == (second.current, first.current)
    await secrets.rotate("k", keep_s=60)
    third = await secrets.load("k")
    assert third.accepted == (third.current, second.current)
    await secrets.rotate("k", keep_s=0)
    assert (await secrets.load("k")).previous is None


async def test_a_rotated_key_ends_with_its_time(database: Database) -> None:
    secrets = Secrets(database, password=None)
    first = await secrets.load("k")
    await database.execute(
        "INSERT INTO server_secrets (name, value) VALUES ('k.previous', $1)",
        f"{first.current.hex()} 1000",
    )
    assert (await secrets.load("k")).previous is None


async def test_a_name_stays_the_same(database: Database) -> None:
    first = await keep_name(database, "n", lambda: "one")
    assert (first, await keep_name(database, "n", lambda: "two")) == ("one", "one")
