"""First contact: who becomes a guest without any credential, and how a guest stays the same."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.access.keys import Keys
from chatkit.edge.auth import Authenticator
from chatkit.edge.guest_door import JOIN_S, RENEW_AFTER_S, GuestPolicy
from chatkit.edge.guest_links import LINK_S, GuestLinks
from chatkit.edge.guests import GUEST_TOKEN_S
from chatkit.edge.tokens import User
from chatkit.protocol.errors import Forbidden, Unauthorized
from tests.edge.clock import Clock
from tests.edge.heads import Head, head
from tests.edge.sign_ins import FRIEND, GOOD, GUEST_KEY, build
from tests.edge.test_guests import FOREIGN, LOCAL

FRAME = "3f2b8c1e-5d4a-4c6b-9a7e-0123456789ab"


def cookie_of(request: Head) -> str:
    """What the response to the request makes the browser send from then on."""
    return request.reply_headers[b"set-cookie"].decode().partition(";")[0]


async def enter(authenticator: Authenticator, **facts: Any) -> tuple[User, str]:
    request = head(method="POST", **facts)
    user = await authenticator.authenticate(request)
    assert user.is_guest
    return user, cookie_of(request)


@pytest.mark.parametrize(("policy", "facts"), [("on", {}), ("on", {"client": "192.0.2.9"})])
async def test_the_first_request_makes_a_guest_whom_the_cookie_brings_back(
    policy: GuestPolicy, facts: dict[str, Any]
) -> None:
    authenticator = build(policy=policy)
    user, cookie = await enter(authenticator, **facts)
    again = head(method="POST", cookie=cookie, sec_fetch_site="same-origin", **facts)
    assert await authenticator.authenticate(again) == user
    assert b"set-cookie" not in again.reply_headers


@pytest.mark.parametrize("facts", LOCAL)
async def test_with_the_demo_alone_a_page_of_this_machine_is_let_in_at_once(
    facts: dict[str, Any],
) -> None:
    user, _ = await enter(build(policy="local", secret=None), **facts)
    assert user.user_id.startswith("guest_")


@pytest.mark.parametrize("facts", FOREIGN)
async def test_with_the_demo_alone_nobody_else_is_let_in(facts: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized) as caught:
        await build(policy="local", secret=None).authenticate(head(method="POST", **facts))
    assert str(caught.value) == "sign_in.only_this_machine"


@pytest.mark.parametrize(
    ("policy", "secret", "code"),
    [
        ("off", GOOD, "sign_in.nothing_shown"),
        ("off", None, "sign_in.no_way_in"),
        ("link", None, "sign_in.link_needed"),
    ],
)
async def test_the_refusal_says_what_to_do(
    policy: GuestPolicy, secret: str | None, code: str
) -> None:
    with pytest.raises(Unauthorized) as caught:
        await build(policy=policy, secret=secret).authenticate(head(method="POST"))
    assert str(caught.value) == code


@pytest.mark.parametrize("policy", ["on", "local"])
@pytest.mark.parametrize(
    "facts",
    [
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "cross-site"},
        {"origin": "null", "sec_fetch_site": "cross-site"},
        {"origin": "https://sub.example", "sec_fetch_site": "same-site"},
    ],
)
async def test_a_page_of_another_site_makes_no_guest(
    policy: GuestPolicy, facts: dict[str, Any]
) -> None:
    request = head(method="POST", **facts)
    with pytest.raises((Forbidden, Unauthorized)):
        await build(policy=policy, secret=None).authenticate(request)
    assert b"set-cookie" not in request.reply_headers


async def test_an_allowed_page_makes_a_guest() -> None:
    await enter(build(policy="on"), origin=FRIEND, sec_fetch_site="cross-site")


async def test_a_guest_is_a_users_choice_only_without_another_credential() -> None:
    authenticator = build(policy="on")
    user, cookie = await enter(authenticator)
    both = head(cookie=f"{cookie}; auth_token={GOOD}")
    assert await authenticator.authenticate(both) == User(user_id="ada")
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(head(cookie="auth_token=ended"))
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(head(cookie=cookie, authorization="Bearer ended"))
    assert await authenticator.authenticate(head(cookie=cookie)) == user


async def test_an_agent_is_nobodys_guest() -> None:
    request = head(method="POST")
    with pytest.raises(Unauthorized):
        await build(policy="on").authenticate(request, sessions=("mcp",))
    assert b"set-cookie" not in request.reply_headers


# --- The cookie -----------------------------------------------------------------------------------


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    plain, secure = head(method="POST"), head(method="POST", scheme="https", client="192.0.2.9")
    authenticator = build(policy="on")
    for request in (plain, secure):
        await authenticator.authenticate(request)
    name, *fields = plain.reply_headers[b"set-cookie"].decode().split("; ")
    assert name.startswith("chatkit_guest_test=")
    assert fields == ["Path=/", f"Max-Age={GUEST_TOKEN_S}", "HttpOnly", "SameSite=Lax"]
    name, *fields = secure.reply_headers[b"set-cookie"].decode().split("; ")
    assert name.startswith("__Host-chatkit_guest_test=")
    assert fields == ["Path=/", f"Max-Age={GUEST_TOKEN_S}", "HttpOnly", "Secure", "SameSite=Lax"]


async def test_a_guest_who_comes_back_another_day_gets_a_new_token() -> None:
    clock = Clock()
    authenticator = build(policy="on", clock=clock)
    user, cookie = await enter(authenticator)
    clock.now += RENEW_AFTER_S - 1
    early = head(cookie=cookie)
    assert await authenticator.authenticate(early) == user
    assert b"set-cookie" not in early.reply_headers
    for _ in range(3):  # far beyond the life of the first token
        clock.now += GUEST_TOKEN_S - RENEW_AFTER_S
        late = head(cookie=cookie)
        assert await authenticator.authenticate(late) == user
        cookie = cookie_of(late)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_damaged_cookie_says_so_and_is_removed(method: str) -> None:
    authenticator = build(policy="on")
    user, cookie = await enter(authenticator)
    damaged = head(method=method, cookie=cookie[:-3], sec_fetch_site="same-origin")
    with pytest.raises(Unauthorized) as caught:
        await authenticator.authenticate(damaged)
    assert str(caught.value) == "sign_in.guest_over"
    assert b"chatkit_guest_test=; Path=/; Max-Age=0" in damaged.reply_headers[b"set-cookie"]
    other, _ = await enter(authenticator)
    assert other != user


async def test_an_ended_cookie_says_so() -> None:
    clock = Clock()
    authenticator = build(policy="on", clock=clock)
    _, cookie = await enter(authenticator)
    clock.now += GUEST_TOKEN_S + 61
    with pytest.raises(Unauthorized) as caught:
        await authenticator.authenticate(head(cookie=cookie))
    assert str(caught.value) == "sign_in.guest_over"


async def test_a_cookie_from_a_foreign_page_changes_nothing() -> None:
    authenticator = build(policy="on")
    _, cookie = await enter(authenticator)
    for facts in ({"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}):
        with pytest.raises(Forbidden):
            await authenticator.authenticate(head(method="POST", cookie=cookie, **facts))


async def test_a_second_cookie_of_the_name_is_refused_and_none_is_removed() -> None:
    authenticator = build(policy="on")
    _, first = await enter(authenticator)
    _, second = await enter(authenticator)
    request = head(cookie=f"{first}; {second}")
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(request)
    assert b"set-cookie" not in request.reply_headers


async def test_where_guests_are_off_their_cookie_means_nothing() -> None:
    _, cookie = await enter(build(policy="on"))
    request = head(cookie=cookie)
    with pytest.raises(Unauthorized) as caught:
        await build(policy="off").authenticate(request)
    assert str(caught.value) == "sign_in.nothing_shown"
    assert b"set-cookie" not in request.reply_headers


async def test_the_guest_route_renews_the_guest_of_the_cookie() -> None:
    authenticator = build(policy="on")
    user, cookie = await enter(authenticator)
    request = head(method="POST", cookie=cookie)
    assert (await authenticator.issue_guest(request, as_cookie=True)).user_id == user.user_id
    assert cookie_of(request).startswith("chatkit_guest_test=")
    for_a_program = head(method="POST", cookie=cookie)
    assert (await authenticator.issue_guest(for_a_program)).user_id != user.user_id
    assert b"set-cookie" not in for_a_program.reply_headers


# --- First requests that are sent at once ---------------------------------------------------------


async def test_first_requests_of_one_frame_are_of_one_guest() -> None:
    clock = Clock()
    authenticator = build(policy="on", clock=clock)
    frame = {"chatkit_frame_instance_id": FRAME, "client": "192.0.2.9"}
    users = {(await enter(authenticator, **frame))[0] for _ in range(5)}
    assert len(users) == 1
    clock.now += JOIN_S
    assert (await enter(authenticator, **frame))[0] not in users


@pytest.mark.parametrize(
    "other",
    [
        {"chatkit_frame_instance_id": FRAME[:-1] + "0"},
        {"chatkit_frame_instance_id": FRAME, "client": "192.0.2.10"},
        {"chatkit_frame_instance_id": FRAME, "user_agent": "another"},
        {"chatkit_frame_instance_id": "short"},
        {},
    ],
)
async def test_first_requests_of_different_clients_are_of_different_guests(
    other: dict[str, str],
) -> None:
    authenticator = build(policy="on")
    known = {"client": "192.0.2.9", "user_agent": "one"}
    first, _ = await enter(authenticator, **known, chatkit_frame_instance_id=FRAME)
    second, _ = await enter(authenticator, **(known | other))
    third, _ = await enter(authenticator, **(known | other))
    assert first not in (second, third)
    if len(other.get("chatkit_frame_instance_id", "")) < 16:
        assert second != third


async def test_on_this_machine_a_page_needs_no_frame_to_be_one_guest() -> None:
    authenticator = build(policy="local", secret=None)
    users = {(await enter(authenticator, user_agent="one"))[0] for _ in range(5)}
    assert len(users) == 1
    assert (await enter(authenticator, user_agent="another"))[0] not in users


async def test_the_memory_of_first_requests_is_bounded() -> None:
    authenticator = build(policy="on")
    for number in range(3000):
        await authenticator.authenticate(
            head(method="POST", chatkit_frame_instance_id=f"{number:032}")
        )
    assert len(authenticator._door._first_visits) <= 1024


# --- The link of the start ------------------------------------------------------------------------


def links(clock: Clock, used: set[bytes] | None = None) -> GuestLinks:
    seen: set[bytes] = set() if used is None else used

    async def use(mark: bytes, keep_s: float) -> bool:
        assert len(mark) == 32
        assert 0 < keep_s <= LINK_S
        first = mark not in seen
        seen.add(mark)
        return first

    return GuestLinks(keys=Keys(current=GUEST_KEY), use=use, now=clock)


async def test_a_link_is_good_for_one_use_in_any_process() -> None:
    clock, used = Clock(), set[bytes]()
    link = links(clock, used).make()
    assert await links(clock, used).redeem(link) is True
    assert await links(clock, used).redeem(link) is False


async def test_a_link_ends_after_a_week() -> None:
    clock = Clock()
    link = links(clock).make()
    clock.now += LINK_S
    assert await links(clock).redeem(link) is False


@pytest.mark.parametrize("change", ["", "x", "..", "1.2.3"])
async def test_what_is_no_link_lets_nobody_in(change: str) -> None:
    assert await links(Clock()).redeem(change) is False


async def test_an_altered_link_lets_nobody_in() -> None:
    link = links(Clock()).make()
    expires, nonce, mac = link.split(".")
    for altered in (
        f"{int(expires, 16) + 1:x}.{nonce}.{mac}",
        f"{expires}.{'A' * 16}.{mac}",
        f"{expires}.{nonce}.{'A' * 43}",
        link + "\n",
        link.upper(),
    ):
        assert await links(Clock()).redeem(altered) is False


async def test_who_came_by_the_link_is_let_in_and_stays_so() -> None:
    clock = Clock()
    authenticator = build(policy="link", secret=None, clock=clock)
    opened = head()
    await authenticator.admit_invited(opened)
    clock.now += RENEW_AFTER_S
    back = head(method="POST", cookie=cookie_of(opened), sec_fetch_site="same-origin")
    user = await authenticator.authenticate(back)
    again = head(cookie=cookie_of(back))
    assert (await authenticator.authenticate(again)).user_id == user.user_id
    assert await authenticator.is_invited(again)


async def test_a_guest_from_before_the_link_keeps_the_chats_but_must_open_it() -> None:
    former, cookie = await enter(build(policy="local", secret=None))
    authenticator = build(policy="link", secret=None)
    with pytest.raises(Forbidden) as caught:
        await authenticator.authenticate(head(cookie=cookie))
    assert caught.value.code == "guests_off"
    with pytest.raises(Forbidden):
        await authenticator.issue_guest(head(method="POST", cookie=cookie), as_cookie=True)
    opened = head(cookie=cookie)
    assert not await authenticator.is_invited(opened)
    await authenticator.admit_invited(opened)
    user = await authenticator.authenticate(head(cookie=cookie_of(opened)))
    assert user.user_id == former.user_id


async def test_nobody_becomes_a_guest_without_the_link() -> None:
    authenticator = build(policy="link", secret=None)
    for call in (
        authenticator.authenticate(head(method="POST")),
        authenticator.issue_guest(head(method="POST")),
    ):
        with pytest.raises((Unauthorized, Forbidden)):
            await call
