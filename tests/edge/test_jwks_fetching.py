"""When the keys of a sign-in server are fetched, and what is done without them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatkit.edge.jwks import (
    MAX_BYTES,
    MAX_UNKNOWN_FETCHES,
    REFRESH_S,
    UNKNOWN_WINDOW_S,
    IssuerKeys,
)
from chatkit.protocol.errors import Unauthorized, Unavailable
from tests.edge.clock import Clock
from tests.edge.issuer import Issuer, open_issuer, public_jwk
from tests.edge.issuer_tokens import OTHER_ED, SHORT_RSA, sign, user_of


async def test_one_fetch_serves_every_token(issuer: Issuer, keys: IssuerKeys) -> None:
    issuer.hold.clear()
    asking = [asyncio.create_task(user_of(keys, sign())) for _ in range(20)]
    await issuer.wait_for(1)
    issuer.hold.set()
    assert await asyncio.gather(*asking) == ["ada"] * 20
    assert await user_of(keys, sign()) == "ada"
    assert issuer.requests == ["/api/auth/jwks"]


async def test_who_leaves_while_waiting_does_not_stop_the_fetch_for_others(
    issuer: Issuer, keys: IssuerKeys
) -> None:
    issuer.hold.clear()
    leaving = asyncio.create_task(user_of(keys, sign()))
    staying = asyncio.create_task(user_of(keys, sign()))
    await issuer.wait_for(1)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    issuer.hold.set()
    assert await staying == "ada"
    assert len(issuer.requests) == 1


async def test_a_key_that_was_added_is_found_at_once(issuer: Issuer, keys: IssuerKeys) -> None:
    assert await user_of(keys, sign()) == "ada"
    issuer.keys.append(public_jwk(OTHER_ED, "two"))
    assert await user_of(keys, sign(OTHER_ED, kid="two")) == "ada"
    assert await user_of(keys, sign()) == "ada"
    assert len(issuer.requests) == 2


async def test_a_flood_of_unknown_kids_does_not_reach_the_issuer(
    issuer: Issuer, keys: IssuerKeys, clock: Clock
) -> None:
    assert await user_of(keys, sign()) == "ada"
    for number in range(50):
        with pytest.raises(Unauthorized):
            await user_of(keys, sign(kid=f"made-up-{number}"))
    assert len(issuer.requests) == 1 + MAX_UNKNOWN_FETCHES
    assert await user_of(keys, sign()) == "ada"
    issuer.keys.append(public_jwk(OTHER_ED, "two"))
    clock.now += UNKNOWN_WINDOW_S
    assert await user_of(keys, sign(OTHER_ED, kid="two")) == "ada"


async def test_what_the_pause_after_a_failure_holds_back_is_not_counted(
    issuer: Issuer, keys: IssuerKeys, clock: Clock
) -> None:
    assert await user_of(keys, sign()) == "ada"
    issuer.status = 503
    for _ in range(2 * MAX_UNKNOWN_FETCHES):
        with pytest.raises(Unauthorized):
            await user_of(keys, sign(OTHER_ED, kid="two"))
    assert len(issuer.requests) == 2
    issuer.status = 200
    issuer.keys.append(public_jwk(OTHER_ED, "two"))
    clock.now += 1
    assert await user_of(keys, sign(OTHER_ED, kid="two")) == "ada"


async def test_old_keys_are_renewed_beside_the_request_that_uses_them(
    issuer: Issuer, keys: IssuerKeys, clock: Clock
) -> None:
    assert await user_of(keys, sign()) == "ada"
    clock.now += REFRESH_S
    issuer.hold.clear()
    issuer.keys = [public_jwk(OTHER_ED, "two")]
    assert await user_of(keys, sign()) == "ada"  # and does not wait
    await issuer.wait_for(2)
    waiting = asyncio.create_task(user_of(keys, sign(OTHER_ED, kid="two")))
    issuer.hold.set()
    assert await waiting == "ada"
    assert len(issuer.requests) == 2
    with pytest.raises(Unauthorized):  # the withdrawn key is gone
        await user_of(keys, sign())


async def test_known_keys_outlive_an_issuer_that_is_away(
    issuer: Issuer, keys: IssuerKeys, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    assert await user_of(keys, sign()) == "ada"
    issuer.status = 503
    clock.now += 100 * REFRESH_S
    for _ in range(5):
        assert await user_of(keys, sign()) == "ada"
    await issuer.wait_for(2)
    with pytest.raises(Unauthorized):
        await user_of(keys, sign(kid="two"))
    assert await user_of(keys, sign()) == "ada"
    assert "the keys of the sign-in server could not be fetched: the answer is 503" in caplog.text


async def test_without_any_key_it_is_the_server_that_is_unavailable(
    issuer: Issuer, keys: IssuerKeys, clock: Clock
) -> None:
    issuer.status = 500
    for _ in range(10):
        with pytest.raises(Unavailable):
            await user_of(keys, sign())
    assert len(issuer.requests) == 1  # the pause
    clock.now += 1
    issuer.status = 200
    assert await user_of(keys, sign()) == "ada"


async def test_an_issuer_that_cannot_be_reached_is_unavailable(clock: Clock) -> None:
    async with open_issuer() as gone:
        pass
    async with IssuerKeys(gone.url, clock=clock) as keys:
        with pytest.raises(Unavailable):
            await user_of(keys, sign())


@pytest.mark.parametrize("url", ["http://[::1", "http://\x7f/"])
async def test_an_address_that_is_none_is_unavailable(url: str, clock: Clock) -> None:
    async with IssuerKeys(url, clock=clock) as keys:
        with pytest.raises(Unavailable):
            await user_of(keys, sign())


async def test_an_end_in_the_middle_of_a_fetch_leaves_nothing_behind(issuer: Issuer) -> None:
    issuer.hold.clear()
    async with asyncio.timeout(2):
        async with IssuerKeys(issuer.url):
            await issuer.wait_for(1)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "jwks"]
    issuer.hold.set()


@pytest.mark.parametrize(
    ("status", "headers", "body", "reason"),
    [
        (302, {"location": "/elsewhere"}, b"", "the answer is 302"),
        (200, {}, b"<html>", "the answer is not JSON"),
        (200, {}, b"[" * 100_000, "the answer is not JSON"),
        (200, {}, b"\xff\xfe", "the answer is not JSON"),
        (200, {}, b"[]", "the answer is no key set"),
        (200, {}, b'{"keys": {}}', "the answer is no key set"),
        (200, {}, b" " * (MAX_BYTES + 1), f"the answer is larger than {MAX_BYTES} bytes"),
        (200, {"content-length": "9999"}, b"{}", "RemoteProtocolError"),
    ],
)
async def test_an_answer_that_is_no_key_set_is_a_failed_fetch(
    issuer: Issuer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    status: int,
    headers: dict[str, str],
    body: bytes,
    reason: str,
) -> None:
    issuer.status, issuer.headers, issuer.body = status, headers, body
    async with IssuerKeys(issuer.url, clock=clock) as keys:
        with pytest.raises(Unavailable):
            await user_of(keys, sign())
    assert issuer.requests == ["/api/auth/jwks"]
    assert caplog.messages == [f"the keys of the sign-in server could not be fetched: {reason}"]


async def test_a_set_without_keys_refuses_every_token(issuer: Issuer, keys: IssuerKeys) -> None:
    issuer.keys = []
    with pytest.raises(Unauthorized):
        await user_of(keys, sign())


@pytest.mark.parametrize("entries", [[], [public_jwk(SHORT_RSA, "one")]])
async def test_a_set_without_a_usable_key_does_not_take_the_place_of_a_good_one(
    issuer: Issuer,
    keys: IssuerKeys,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    entries: list[dict[str, Any]],
) -> None:
    assert await user_of(keys, sign()) == "ada"
    good, issuer.keys = issuer.keys, entries
    with pytest.raises(Unauthorized):
        await user_of(keys, sign(OTHER_ED, kid="two"))
    assert await user_of(keys, sign()) == "ada"
    assert caplog.messages[-1].endswith(
        "could not be fetched: the answer holds no key that can be used"
    )
    issuer.keys = [*good, public_jwk(OTHER_ED, "two")]
    clock.now += 1
    assert await user_of(keys, sign(OTHER_ED, kid="two")) == "ada"
