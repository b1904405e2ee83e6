from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.access.rates import Rate, RateStatus
from chatkit.edge.limits import Buckets, Limits, OpenStreams
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.tokens import User
from chatkit.protocol.errors import TooMany, Unauthorized, Unavailable
from tests.edge.clock import Clock
from tests.edge.heads import Head, head
from tests.wording import SAY

MINUTE = Rate(60, 60)
UP = 1_000_000.0  # seconds since the machine came up, which the server counts by


@pytest.fixture
def clock() -> Clock:
    return Clock(UP)


def build(
    clock: Clock,
    *,
    user: Rate | None = None,
    address: Rate | None = None,
    trusted: str = "127.0.0.1",
    shared: Shared | None = None,
) -> Limits:
    return Limits(
        user=user,
        address=address,
        proxies=TrustedProxies.parse(trusted),
        now=clock,
        shared=shared,
    )


def being(name: str) -> Callable[[], Awaitable[User]]:
    async def identify() -> User:
        return User(user_id=name)

    return identify


async def stranger() -> User:
    raise Unauthorized("no")


async def admitted(limits: Limits, times: int, name: str = "ada", **fields: str) -> int:
    """How many of so many requests are let in."""
    count = 0
    for _ in range(times):
        try:
            await limits.admit(head(**fields), being(name))
        except TooMany:
            continue
        count += 1
    return count


# --- Buckets --------------------------------------------------------------------------------------


@given(st.integers(1, 500), st.sampled_from([1, 60, 3600]))
def test_a_burst_is_as_large_as_the_rate_and_then_one_comes_at_a_time(
    count: int, window_s: int
) -> None:
    clock = Clock(UP)
    buckets = Buckets(Rate(count, window_s), now=clock)
    assert [buckets.take("ada").allowed for _ in range(count + 2)] == [True] * count + [False] * 2
    clock.now += window_s / count * 1.001
    assert [buckets.take("ada").allowed for _ in range(2)] == [True, False]


@given(st.lists(st.floats(0, 3), min_size=1, max_size=300))
def test_no_window_ever_holds_more_than_a_burst_and_what_has_refilled(waits: list[float]) -> None:
    clock, rate = Clock(UP), Rate(5, 10)
    buckets = Buckets(rate, now=clock)
    began, allowed = clock.now, 0
    for wait in waits:
        clock.now += wait
        allowed += buckets.take("ada").allowed
        assert allowed <= rate.count + (clock.now - began) / rate.every_s + 1e-3


def test_a_refusal_says_when_one_more_is_allowed_and_that_is_true(clock: Clock) -> None:
    buckets = Buckets(Rate(2, 60), now=clock)
    first, second, third = (buckets.take("ada") for _ in range(3))
    assert (first.remaining, second.remaining, third.remaining) == (1, 0, 0)
    assert (first.reset_s, second.reset_s) == (30, 60)
    assert third == RateStatus(Rate(2, 60), 60.0, False)
    assert third.retry_after_s == 30
    clock.now += 29
    assert not buckets.take("ada").allowed
    clock.now += 1
    assert buckets.take("ada").allowed


def test_buckets_that_nobody_uses_are_dropped(clock: Clock) -> None:
    buckets = Buckets(MINUTE, now=clock)
    for number in range(1000):
        buckets.take(str(number))
    clock.now += 60
    buckets.take("ada")
    assert len(buckets) == 1001
    clock.now += 60
    buckets.take("ada")
    assert len(buckets) == 2


def test_a_bucket_is_not_forgotten_before_it_is_full(clock: Clock) -> None:
    buckets = Buckets(Rate(60, 60), now=clock)
    clock.now += 59
    for _ in range(60):
        buckets.take("ada")
    for _ in range(59):
        clock.now += 1
        buckets.take("eve")  # turns the generation
        assert [buckets.take("ada").allowed for _ in range(2)] == [True, False]


def test_memory_is_bounded_under_a_flood_of_addresses(clock: Clock) -> None:
    buckets = Buckets(MINUTE, now=clock, max_buckets=100)
    for number in range(10_000):
        buckets.take(str(number))
        assert len(buckets) <= 200


# --- Who is limited -------------------------------------------------------------------------------


async def test_one_user_does_not_use_up_anothers(clock: Clock) -> None:
    limits = build(clock, user=Rate(3, 60))
    assert await admitted(limits, 5, "ada") == 3
    assert await admitted(limits, 5, "bob") == 3


async def test_a_limit_that_is_off_lets_everything_through(clock: Clock) -> None:
    request = head()
    await build(clock).admit(request, being("ada"))
    assert request.reply_headers == {}
    assert await admitted(build(clock), 1000) == 1000


async def test_an_address_is_refused_before_anything_is_looked_at(clock: Clock) -> None:
    limits = build(clock, address=Rate(2, 60))
    for _ in range(2):
        with pytest.raises(Unauthorized):
            await limits.admit(head(), stranger)

    async def look() -> User:
        raise AssertionError("the credential was looked at")

    with pytest.raises(TooMany):
        await limits.admit(head(), look)
    with pytest.raises(TooMany):
        await limits.admit_address(head())


async def test_what_a_users_own_limit_refuses_is_charged_to_the_address(clock: Clock) -> None:
    """Otherwise a flood that is refused would be free."""
    limits = build(clock, user=Rate(2, 60), address=Rate(6, 60))
    assert await admitted(limits, 4, "ada") == 2
    assert await admitted(limits, 4, "bob") == 2
    assert await admitted(limits, 1, "cyd") == 0


async def test_requests_at_once_are_all_counted(clock: Clock) -> None:
    limits = build(clock, address=Rate(3, 60))
    go = asyncio.Event()

    async def slowly() -> User:
        await go.wait()
        return User(user_id="ada")

    waiting = [asyncio.create_task(limits.admit(head(), slowly)) for _ in range(10)]
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(result, User) for result in results) == 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"client": "203.0.113.1"}, {"client": "203.0.113.2"}, False),
        ({"client": "2001:db8::1"}, {"client": "2001:db8::ffff:1"}, True),
        ({"client": "2001:db8::1"}, {"client": "2001:db8:0:1::1"}, False),
        ({"client": "::ffff:203.0.113.1"}, {"client": "203.0.113.1"}, True),
        ({"client": "a tunnel: one"}, {"client": "a tunnel: two"}, False),
        ({"x_forwarded_for": "203.0.113.1"}, {"x_forwarded_for": "203.0.113.2"}, False),
        ({"x_forwarded_for": "9.9.9.9, 203.0.113.1"}, {"x_forwarded_for": "203.0.113.1"}, True),
        (
            {"x_forwarded_for": "x, " * 100 + "203.0.113.1"},
            {"x_forwarded_for": "203.0.113.1"},
            True,
        ),
        (
            {"client": "203.0.113.1", "x_forwarded_for": "1.1.1.1"},
            {"client": "203.0.113.1", "x_forwarded_for": "2.2.2.2"},
            True,
        ),
    ],
)
async def test_whose_bucket_it_is_comes_from_trusted_hops_alone(
    clock: Clock, one: dict[str, str], other: dict[str, str], same: bool
) -> None:
    limits = build(clock, address=Rate(1, 60))
    assert await admitted(limits, 2, **one) == 1
    assert await admitted(limits, 1, **other) == (0 if same else 1)


async def test_an_unknown_address_is_not_one_bucket_for_everybody(clock: Clock) -> None:
    limits = build(clock, address=Rate(1, 60))
    for _ in range(5):
        await limits.admit(head(client=None), being("ada"))


async def test_the_answer_shows_the_tighter_limit(clock: Clock) -> None:
    limits = build(clock, user=Rate(10, 60), address=Rate(3, 60))
    shown: list[tuple[object, ...]] = []
    for name in ("ada", "bob", "cyd", "dan"):
        request = head()
        try:
            await limits.admit(request, being(name))
        except TooMany as error:
            shown.append(("refused", error.retry_after_s))
        shown.append(headers_of(request))
    assert shown == [
        ("3", "2", "20"),
        ("3", "1", "40"),
        ("3", "0", "60"),
        ("refused", 20),
        ("3", "0", "60"),
    ]
    request = head(client="203.0.113.9")
    limits = build(clock, user=Rate(2, 60), address=Rate(300, 60))
    await limits.admit(request, being("ada"))
    assert headers_of(request) == ("2", "1", "30")


def headers_of(request: Head) -> tuple[str, str, str]:
    names = (b"ratelimit-limit", b"ratelimit-remaining", b"ratelimit-reset")
    limit, remaining, reset = (request.reply_headers[name].decode() for name in names)
    return limit, remaining, reset


# --- Several processes ----------------------------------------------------------------------------


class Shared:
    """What several `Limits` have in common, in place of the table."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, Buckets] = {}
        self.asked: list[list[str]] = []

    async def take(self, requests: Sequence[tuple[str, Rate]]) -> Sequence[RateStatus]:
        self.asked.append([name for name, _ in requests])
        return [
            self._buckets.setdefault(name, Buckets(rate, now=self._clock)).take(name)
            for name, rate in requests
        ]


async def test_processes_share_what_a_user_has(clock: Clock) -> None:
    shared = Shared(clock)
    one, two = (build(clock, user=Rate(10, 60), shared=shared) for _ in range(2))
    assert await admitted(one, 6) == 6
    assert await admitted(two, 6) == 4
    assert await admitted(one, 6) == 0
    clock.now += 6
    assert await admitted(one, 2) == 1
    assert await admitted(two, 2) == 0


async def test_each_request_asks_once_and_a_flood_does_not_ask(clock: Clock) -> None:
    shared = Shared(clock)
    limits = build(clock, user=Rate(2, 60), address=Rate(5, 60), shared=shared)
    assert await admitted(limits, 2) == 2
    assert shared.asked == [["ip:127.0.0.1", "user:ada"]] * 2
    for _ in range(100):
        with pytest.raises((Unauthorized, TooMany)):
            await limits.admit(head(), stranger)
    assert shared.asked[2:] == [["ip:127.0.0.1"]] * 3


async def test_a_process_that_was_told_no_lets_in_again_in_time(clock: Clock) -> None:
    shared = Shared(clock)
    one, two = (build(clock, user=Rate(10, 60), shared=shared) for _ in range(2))
    await admitted(one, 10)
    assert await admitted(two, 50) == 0
    assert len(shared.asked) == 11  # it asked once, and then knew
    clock.now += 6.001
    assert await admitted(two, 1) == 1


# --- Streams --------------------------------------------------------------------------------------


def streams_of(*, most: int, per_user: int, per_address: int) -> OpenStreams:
    return OpenStreams(
        max_open=most,
        max_per_user=per_user,
        max_per_address=per_address,
        proxies=TrustedProxies.parse("127.0.0.1"),
    )


def test_streams_have_a_cap_in_all_and_for_one_user() -> None:
    streams, anywhere = streams_of(most=3, per_user=2, per_address=3), head()
    with streams.slot(anywhere, "ada"), streams.slot(anywhere, "ada"):
        with pytest.raises(Unavailable), streams.slot(anywhere, "ada"):
            pass
        with (
            streams.slot(anywhere, "bob"),
            pytest.raises(Unavailable),
            streams.slot(anywhere, "cyd"),
        ):
            pass
        with streams.slot(anywhere, "cyd"):
            pass
    with streams.slot(anywhere, "ada"), streams.slot(anywhere, "ada"):
        pass


def test_the_users_of_one_network_have_a_share_of_the_streams() -> None:
    streams = streams_of(most=9, per_user=2, per_address=2)
    one, other, far = (
        head(x_forwarded_for=ip) for ip in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    )
    with streams.slot(one, "ada"), streams.slot(other, "bob"):
        with pytest.raises(Unavailable) as refused, streams.slot(one, "cyd"):
            pass
        assert refused.value.in_words(SAY) == "too many streams from your network are open already"
        with streams.slot(far, "cyd"):
            pass
    with streams.slot(one, "cyd"):
        pass


def test_users_behind_a_proxy_that_does_not_name_them_have_no_common_share() -> None:
    streams = streams_of(most=9, per_user=2, per_address=1)
    with streams.slot(head(), "ada"), streams.slot(head(), "bob"):
        pass
