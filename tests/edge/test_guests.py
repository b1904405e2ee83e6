"""Guests: who they are, for how long, and from where."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.access.keys import Keys
from chatkit.edge.guests import GUEST_TOKEN_S
from chatkit.edge.tokens import User
from chatkit.protocol.errors import Forbidden, Unauthorized
from tests.edge.clock import NOW, Clock
from tests.edge.heads import head
from tests.edge.sign_ins import FRIEND, GOOD, GUEST_KEY, bearer, build, sign


async def test_a_guest_is_who_the_token_says() -> None:
    authenticator = build()
    guest = await authenticator.issue_guest(head(method="POST"))
    assert guest.user_id.startswith("guest_")
    assert len(guest.user_id) == len("guest_") + 32
    assert guest.expires_in == GUEST_TOKEN_S
    assert guest.token not in repr(guest)
    user = await authenticator.authenticate(bearer(guest.token))
    assert user == User(user_id=guest.user_id, is_guest=True)


async def test_two_guests_are_two_users() -> None:
    authenticator = build()
    first, second = [await authenticator.issue_guest(head()) for _ in range(2)]
    assert first.user_id != second.user_id


async def test_a_guest_that_returns_stays_the_same_user_with_a_fresh_token() -> None:
    clock = Clock()
    authenticator = build(clock=clock)
    first = await authenticator.issue_guest(head())
    clock.now += GUEST_TOKEN_S - 1
    second = await authenticator.issue_guest(bearer(first.token))
    assert second.user_id == first.user_id
    clock.now += GUEST_TOKEN_S - 1
    user = await authenticator.authenticate(bearer(second.token))
    assert user == User(user_id=first.user_id, is_guest=True)


@pytest.mark.parametrize("authorization", ["", "Bearer a.b.c", f"Bearer {GOOD}", "Basic x"])
async def test_with_any_other_credential_a_new_guest_is_made(authorization: str) -> None:
    guest = await build().issue_guest(head(authorization=authorization))
    assert guest.user_id.startswith("guest_")


async def test_a_guest_token_ends_after_thirty_days() -> None:
    clock = Clock()
    authenticator = build(clock=clock)
    guest = await authenticator.issue_guest(head())
    clock.now += GUEST_TOKEN_S + 60
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(bearer(guest.token))
    with pytest.raises(Unauthorized):  # a new guest instead would lose the chats unnoticed
        await authenticator.issue_guest(bearer(guest.token))


async def test_a_guest_token_of_another_installation_is_refused() -> None:
    guest = await build(guest_key=bytes(32)).issue_guest(head())
    with pytest.raises(Unauthorized):
        await build().authenticate(bearer(guest.token))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "someone"},
        {"aud": "someone"},
        {"sub": "ada"},
        {"sub": "guest_1"},
        {"sub": 7},
        {"exp": None},
    ],
)
async def test_the_guest_key_makes_nothing_but_guests(claims: dict[str, Any]) -> None:
    good = {"iss": "chatkit-guest", "aud": "chatkit", "sub": "guest_" + "0" * 32, "exp": NOW + 1}
    key, headers = GUEST_KEY.hex(), {"typ": "chatkit-guest+jwt"}
    accepted = bearer(sign(good, key=key, headers=headers))
    assert (await build().authenticate(accepted)).user_id == good["sub"]
    with pytest.raises(Unauthorized):
        await build().authenticate(bearer(sign(good | claims, key=key, headers=headers)))


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_guest_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keys(current=bytes(length))


LOCAL = [
    pytest.param({}, id="a program on this machine"),
    pytest.param({"client": "::1", "host": "[::1]:8000"}, id="over IPv6"),
    pytest.param({"origin": "http://localhost:8000"}, id="our own page"),
    pytest.param({"origin": "http://127.0.0.1:3000"}, id="a page served beside us"),
    pytest.param({"origin": FRIEND}, id="an allowed origin"),
]
FOREIGN = [
    pytest.param({"client": "192.0.2.9"}, id="another machine"),
    pytest.param({"client": None}, id="a unix socket"),
    pytest.param({"x_forwarded_for": "127.0.0.1"}, id="through a proxy"),
    pytest.param({"forwarded": "for=127.0.0.1"}, id="through another proxy"),
    pytest.param({"via": "1.1 relay"}, id="through a relay"),
    pytest.param({"x_real_ip": "127.0.0.1"}, id="through nginx"),
    pytest.param({"host": "chat.example"}, id="under a public name"),
    pytest.param({"host": None}, id="under no name"),
    pytest.param({"origin": "https://chat.example"}, id="from a page with a public name"),
    pytest.param({"origin": "null"}, id="from a page with no name"),
]


@pytest.mark.parametrize("facts", LOCAL)
async def test_the_local_policy_lets_guests_in_on_this_machine(facts: dict[str, Any]) -> None:
    authenticator = build(policy="local", secret=None)
    guest = await authenticator.issue_guest(head(method="POST", **facts))
    user = await authenticator.authenticate(head(authorization=f"Bearer {guest.token}", **facts))
    assert user == User(user_id=guest.user_id, is_guest=True)


@pytest.mark.parametrize("facts", FOREIGN)
async def test_the_local_policy_holds_at_the_issue_and_at_each_use(facts: dict[str, Any]) -> None:
    authenticator = build(policy="local", secret=None)
    token = (await authenticator.issue_guest(head())).token
    assert (await authenticator.authenticate(bearer(token))).is_guest
    for call in (
        authenticator.issue_guest(head(method="POST", **facts)),
        authenticator.authenticate(head(authorization=f"Bearer {token}", **facts)),
    ):
        with pytest.raises(Forbidden) as caught:
            await call
        assert caught.value.code == "guests_off"


@pytest.mark.parametrize("facts", FOREIGN)
async def test_guests_that_are_on_come_from_anywhere(facts: dict[str, Any]) -> None:
    guest = await build(policy="on").issue_guest(head(method="POST", **facts))
    assert guest.user_id.startswith("guest_")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_page_of_another_site_makes_no_guest_unless_its_origin_is_allowed(
    site: str,
) -> None:
    authenticator = build(policy="on")
    with pytest.raises(Forbidden):
        await authenticator.issue_guest(
            head(method="POST", origin="https://evil.example", sec_fetch_site=site)
        )
    friend = head(method="POST", origin=FRIEND, sec_fetch_site=site)
    assert (await authenticator.issue_guest(friend)).token


async def test_guests_that_are_off_get_no_token_and_an_old_one_no_longer_holds() -> None:
    token = (await build(policy="on").issue_guest(head())).token
    authenticator = build(policy="off")
    for call in (authenticator.issue_guest(head()), authenticator.authenticate(bearer(token))):
        with pytest.raises(Forbidden) as caught:
            await call
        assert caught.value.code == "guests_off"


async def test_a_guest_by_cookie_must_come_from_our_own_page_too() -> None:
    authenticator = build(policy="local")
    token = (await authenticator.issue_guest(head())).token
    with pytest.raises(Forbidden):
        await authenticator.authenticate(head(method="POST", cookie=f"auth_token={token}"))
