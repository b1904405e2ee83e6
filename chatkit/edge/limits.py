"""Rate limits by user and by address, and the limit on open streams.

Every request that authenticates passes `Limits.admit`, so new routes are limited automatically.
The address limit is checked before any credential. A request refused by the user's limit does not
count against the address, which other users may share.

Responses show the stricter of the two limits in `RateLimit-Limit`, `RateLimit-Remaining` and
`RateLimit-Reset` (draft-ietf-httpapi-ratelimit-headers up to -06, which clients know; later drafts
have one structured field). `Reset` is the time until a whole burst is allowed again.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from chatkit.access.networks import network_of
from chatkit.access.rates import Rate, RateStatus
from chatkit.edge.proxies import RequestHead, TrustedProxies
from chatkit.edge.tokens import User
from chatkit.ports.limits import BucketStore
from chatkit.protocol.errors import ChatKitError, Sentence, TooMany, Unavailable

#: Most buckets of one generation; a limit keeps two generations in memory.
_MAX_BUCKETS: Final = 100_000
#: Longest `X-Forwarded-For` whose address is cached, in characters.
_MAX_CACHED_CHARS: Final = 200


class Buckets:
    """The buckets of one limit in this process. `now` returns seconds of a monotonic clock.

    There are two generations. A bucket that was not used for a whole window is full again, so it is
    dropped with its generation and nothing needs to be swept. If there are too many callers, the
    oldest buckets are dropped early to bound the memory.
    """

    def __init__(
        self, rate: Rate, *, now: Callable[[], float], max_buckets: int = _MAX_BUCKETS
    ) -> None:
        self.rate = rate
        self._now = now
        self._max_buckets = max_buckets
        self._full_at: dict[str, float] = {}
        self._older: dict[str, float] = {}
        self._rotated_at = now()

    def __len__(self) -> int:
        """The number of buckets in memory."""
        return len(self._full_at) + len(self._older)

    def take(self, key: str) -> RateStatus:
        """Count one request if it is allowed."""
        now = self._now()
        if now - self._rotated_at >= self.rate.window_s or len(self._full_at) >= self._max_buckets:
            self._older, self._full_at, self._rotated_at = self._full_at, {}, now
        full_at = self._full_at.get(key)
        if full_at is None:
            full_at = self._older.get(key, now)
        status = self.rate.take(full_at - now)
        if status.allowed:
            self._full_at[key] = now + status.full_in_s
        return status

    def set(self, key: str, full_in_s: float) -> None:
        """Set a bucket from a shared store, whose value is more accurate."""
        self._full_at[key] = self._now() + full_in_s


class Limits:
    """The rate limits. None disables one.

    With `shared`, the buckets here are only a cache: an empty one refuses without a query, so a
    flood causes no queries. Every other request costs one query.
    """

    def __init__(
        self,
        *,
        user: Rate | None,
        address: Rate | None,
        proxies: TrustedProxies,
        now: Callable[[], float],
        shared: BucketStore | None = None,
    ) -> None:
        self._users = None if user is None else Buckets(user, now=now)
        self._addresses = None if address is None else Buckets(address, now=now)
        self._proxies = proxies
        self._shared = shared
        self._remembered = functools.lru_cache(maxsize=4096)(self._address_of)

    async def admit(self, request: RequestHead, identify: Callable[[], Awaitable[User]]) -> User:
        """Return the user that `identify` finds. Raises TooMany and the errors of `identify`."""
        address, status = self._count_address(request)
        try:
            user = await identify()
        except ChatKitError:
            await self._count_shared(request, address, status, None)
            raise
        if self._users is not None:
            own = self._users.take(user.user_id)
            status = _stricter(status, own)
        await self._count_shared(request, address, status, user.user_id)
        return user

    async def admit_address(self, request: RequestHead) -> None:
        """Limit a request without a user: a guest token or a signed URL. Raises TooMany."""
        address, status = self._count_address(request)
        await self._count_shared(request, address, status, None)

    def _count_address(self, request: RequestHead) -> tuple[str | None, RateStatus | None]:
        """Count a request against its address. Returns the bucket's key and its state, or None if
        the address is unknown or not limited. Raises TooMany."""
        if self._addresses is None:
            return None, None
        peer = None if request.client is None else request.client[0]
        forwarded = request.header("x-forwarded-for")
        if forwarded is not None and len(forwarded) > _MAX_CACHED_CHARS:
            address = self._address_of(peer, forwarded)
        else:
            address = self._remembered(peer, forwarded)
        if address is None:
            return None, None
        status = self._addresses.take(address)
        if not status.allowed:
            _report(request, status)
        return address, status

    def _address_of(self, peer: str | None, forwarded: str | None) -> str | None:
        """The key of an address: for IPv6 its /64, which belongs to one customer."""
        ip, _ = self._proxies.client_ip(peer, forwarded)
        return None if ip is None else network_of(ip)

    async def _count_shared(
        self,
        request: RequestHead,
        address: str | None,
        status: RateStatus | None,
        user_id: str | None,
    ) -> None:
        """Count a request that is allowed here in the shared buckets, and report the result."""
        if self._shared is None or status is None or not status.allowed:
            _report(request, status)
            return
        asked: list[tuple[Buckets, str, str]] = []
        if self._addresses is not None and address is not None:
            asked.append((self._addresses, address, f"ip:{address}"))
        if self._users is not None and user_id is not None:
            asked.append((self._users, user_id, f"user:{user_id}"))
        statuses = await self._shared.take([(name, own.rate) for own, _, name in asked])
        for (own, key, _), status in zip(asked, statuses, strict=True):
            own.set(key, status.full_in_s)
        _report(request, functools.reduce(_stricter, statuses))


def _stricter(one: RateStatus | None, other: RateStatus) -> RateStatus:
    if one is None or not other.allowed:
        return other
    return other if one.allowed and other.remaining <= one.remaining else one


def _report(request: RequestHead, status: RateStatus | None) -> None:
    """Add the rate limit headers. Raises TooMany if the request is not allowed."""
    if status is None:
        return
    headers = request.reply_headers
    headers[b"ratelimit-limit"] = b"%d" % status.rate.count
    headers[b"ratelimit-remaining"] = b"%d" % status.remaining
    headers[b"ratelimit-reset"] = b"%d" % status.reset_s
    if not status.allowed:
        seconds = status.retry_after_s
        raise TooMany(Sentence("limit.requests", count=seconds), retry_after_s=seconds)


class OpenStreams:
    """The open streams of one kind in this process, with a share for each user and each address.

    An address is a network, as for rates. One that is not told (a unix socket, or a proxy on this
    machine that does not say for whom it asks) has no share of its own. Raises Unavailable.
    """

    def __init__(
        self, *, max_open: int, max_per_user: int, max_per_address: int, proxies: TrustedProxies
    ) -> None:
        self._max_open = max_open
        self._max_per_user = max_per_user
        self._max_per_address = max_per_address
        self._proxies = proxies
        self._open = 0
        self._by_user: Counter[str] = Counter()
        self._by_address: Counter[str] = Counter()

    @contextmanager
    def slot(self, request: RequestHead, user_id: str) -> Iterator[None]:
        """Count one stream while the context is open."""
        address = self._address_of(request)
        if self._open >= self._max_open:
            raise Unavailable(Sentence("limit.streams"))
        if self._by_user[user_id] >= self._max_per_user:
            raise Unavailable(Sentence("limit.own_streams"))
        if address is not None and self._by_address[address] >= self._max_per_address:
            raise Unavailable(Sentence("limit.address_streams"))
        counted = [(self._by_user, user_id)]
        if address is not None:
            counted.append((self._by_address, address))
        self._open += 1
        for counter, key in counted:
            counter[key] += 1
        try:
            yield
        finally:
            self._open -= 1
            for counter, key in counted:
                counter[key] -= 1
                if not counter[key]:
                    del counter[key]

    def _address_of(self, request: RequestHead) -> str | None:
        ip = self._proxies.resolve(request).ip
        return None if ip is None or ip in ("127.0.0.1", "::1") else network_of(ip)
