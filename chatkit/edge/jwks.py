"""Verifies JWTs of a Better Auth server with its published public keys (RFC 7517).

The key determines the algorithm, never the token: each key is bound to one algorithm when it is
parsed. The key set is fetched in the background and cached. If a refresh fails, the old set stays
in use: an outage of the sign-in server, or an empty set published by mistake, should not sign out
every user.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from chatkit.edge.mcp_sign_in import McpResource, issuer_url, require_no_id_token
from chatkit.edge.tokens import (
    SIGNATURE_ONLY,
    ExpectedClaims,
    Token,
    Verified,
    check_claims,
)
from chatkit.protocol.errors import Sentence, Unauthorized, Unavailable

_log = logging.getLogger("chatkit.jwks")

#: Timeout for fetching the key set, in seconds, and its maximum size, in bytes.
FETCH_S: Final = 5.0
MAX_BYTES: Final = 256 * 1024
#: Age, in seconds, from which a request starts a refresh in the background.
REFRESH_S: Final = 600.0
#: Most fetches in `UNKNOWN_WINDOW_S` seconds that unknown `kid` values may cause: enough for key
#: rotation, but a client that invents ids cannot flood the sign-in server.
MAX_UNKNOWN_FETCHES: Final = 4
UNKNOWN_WINDOW_S: Final = 60.0
#: How long a verified token is cached, in seconds. A token of a withdrawn key is accepted for at
#: most about this long after the refresh.
REMEMBER_S: Final = 60.0

_FIRST_PAUSE_S: Final = 1.0
_MAX_PAUSE_S: Final = 15.0
_MIN_RSA_BITS: Final = 2048  # RFC 7518, 3.3

# By key type and curve (RFC 7518, 6.1; RFC 8037, 2). The first is used if the key has no `alg`.
_ALGORITHMS: Final[Mapping[tuple[object, object], tuple[str, ...]]] = {
    ("OKP", "Ed25519"): ("EdDSA",),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("RSA", None): ("RS256", "PS256", "RS384", "RS512", "PS384", "PS512"),
}
_SIGNED_BY_KEY_PAIR: Final = frozenset(name for names in _ALGORITHMS.values() for name in names)


class JwksFault(Exception):
    """A key set or a key is unusable. `str(error)` is for the log and has no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key and the one algorithm that it may verify."""

    algorithm: str
    key: Any


#: Keys by `kid`; None for a key without one.
KeySet = Mapping[str | None, PublicKey]


def jwks_url(base: str) -> str:
    """The URL of Better Auth's key set. `base` is its address, with or without `/api/auth`."""
    return f"{issuer_url(base)}/jwks"


def parse_jwks(body: bytes) -> KeySet:
    """Parse a key set. Unusable keys are skipped and logged.

    Raises JwksFault if `body` is not a key set.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise JwksFault("the answer is not JSON") from error
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise JwksFault("the answer is no key set")
    keys: dict[str | None, PublicKey] = {}
    for place, entry in enumerate(entries):
        try:
            kid, key = _parse_jwk(entry)
        except JwksFault as error:
            _log.warning("key %d of the sign-in server is left out: %s", place, error)
        else:
            keys[kid] = key
    return keys


def _parse_jwk(entry: object) -> tuple[str | None, PublicKey]:
    """Parse one key. Raises JwksFault with the reason, which contains no part of the key."""
    if not isinstance(entry, dict):
        raise JwksFault("it is no object")
    for name, kind in (("kid", str), ("kty", str), ("crv", str), ("key_ops", list)):
        if not isinstance(entry.get(name), kind | None):
            raise JwksFault(f"its {name} is of the wrong kind")
    operations = entry.get("key_ops") or ["verify"]
    if (entry.get("use") or "sig") != "sig" or "verify" not in operations:
        raise JwksFault("it is not for signatures")
    if "d" in entry or "k" in entry:
        raise JwksFault("it holds a secret, which belongs into no key set")
    algorithms = _ALGORITHMS.get((entry.get("kty"), entry.get("crv")), ())
    algorithm = entry.get("alg") or next(iter(algorithms), None)
    if algorithm not in algorithms:
        raise JwksFault("its type and algorithm are none of those that are taken")
    try:
        key = jwt.PyJWK(entry, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise JwksFault("it is malformed") from error
    if isinstance(key, RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        raise JwksFault(f"it is shorter than {_MIN_RSA_BITS} bits")
    return entry.get("kid"), PublicKey(algorithm=algorithm, key=key)


class IssuerKeys:
    """The key set at a URL: `async with IssuerKeys(url) as keys`.

    Entering starts the first fetch and does not wait for it. There is one fetch at a time. After a
    failure there is a pause that grows up to 15 s. `clock` returns seconds of a monotonic clock.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        # Do not follow redirects: a forged redirect would choose the keys.
        self._client = httpx.AsyncClient(timeout=FETCH_S, follow_redirects=False)
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._fetching: asyncio.Task[None] | None = None
        self._pause_s = _FIRST_PAUSE_S
        self._not_before = -float("inf")
        self._for_unknown: deque[float] = deque(maxlen=MAX_UNKNOWN_FETCHES)

    async def __aenter__(self) -> Self:
        self._start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        await self._client.aclose()

    async def find(self, kid: str | None) -> PublicKey | None:
        """The key with this id, or the only key if the token has no `kid`.

        Raises Unavailable until the first fetch has succeeded.
        """
        if self._keys is None:
            await self._fetch()
            if self._keys is None:
                raise Unavailable(Sentence("sign_in.keys_away"))
        key = self._pick(kid)
        if key is None and self._may_ask_for_unknown():
            await self._fetch()
            return self._pick(kid)
        if self._clock() - self._fetched_at >= REFRESH_S:
            self._start()
        return key

    def _pick(self, kid: str | None) -> PublicKey | None:
        keys = self._keys or {}
        if kid is None and len(keys) == 1:
            return next(iter(keys.values()))
        return keys.get(kid)

    def _may_ask_for_unknown(self) -> bool:
        if self._is_fetching:
            return True
        now = self._clock()
        asked = self._for_unknown
        spent = len(asked) == MAX_UNKNOWN_FETCHES and now - asked[0] < UNKNOWN_WINDOW_S
        if spent or now < self._not_before:
            return False
        asked.append(now)
        return True

    @property
    def _is_fetching(self) -> bool:
        return self._fetching is not None and not self._fetching.done()

    def _start(self) -> None:
        if not self._is_fetching and self._clock() >= self._not_before:
            self._fetching = asyncio.create_task(self._renew(), name="jwks")

    async def _fetch(self) -> None:
        """Wait for the running fetch, or start one unless it is too soon after a failure."""
        self._start()
        if self._fetching is not None:
            # A cancelled caller must not cancel the fetch that others wait for.
            await asyncio.shield(self._fetching)

    async def _renew(self) -> None:
        try:
            keys = parse_jwks(await self._download())
        except TimeoutError:
            self._failed(f"no answer within {FETCH_S:g} seconds")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._failed(type(error).__name__)
        except JwksFault as error:
            self._failed(str(error))
        else:
            if self._keys and not keys:
                self._failed("the answer holds no key that can be used")
                return
            if not keys:
                _log.warning("the sign-in server publishes no key that can be used")
            self._keys = keys
            self._fetched_at = self._clock()
            self._pause_s = _FIRST_PAUSE_S

    def _failed(self, reason: str) -> None:
        _log.warning("the keys of the sign-in server could not be fetched: %s", reason)
        self._not_before = self._clock() + self._pause_s
        self._pause_s = min(2 * self._pause_s, _MAX_PAUSE_S)

    async def _download(self) -> bytes:
        # Uncompressed, so that the size limit also limits the memory.
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with (
            asyncio.timeout(FETCH_S),
            self._client.stream("GET", self._url, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise JwksFault(f"the answer is {response.status_code}")
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > MAX_BYTES:
                    raise JwksFault(f"the answer is larger than {MAX_BYTES} bytes")
            return bytes(body)


class JwksVerifier:
    """Verifies JWTs signed with a key pair of the issuer.

    The same keys sign the access tokens of its OAuth clients, which open only `/mcp`, and ID
    tokens, which open nothing.
    """

    def __init__(
        self,
        keys: IssuerKeys,
        *,
        expected: ExpectedClaims,
        agents: McpResource,
        now: Callable[[], float],
    ) -> None:
        self._keys = keys
        self._expected = expected
        self._agents = agents
        self._now = now

    def recognizes(self, token: Token) -> bool:
        """Whether the algorithm is one with public keys. `verify` checks it against the key."""
        return token.header is not None and token.header["alg"] in _SIGNED_BY_KEY_PAIR

    async def verify(self, token: Token) -> Verified:
        """See SecretVerifier.verify. Raises Unavailable until the first fetch has succeeded."""
        # `Token.parse` has checked that a kid is a string.
        kid = None if token.header is None else token.header.get("kid")
        key = await self._keys.find(kid)
        if key is None:
            raise Unauthorized(Sentence("sign_in.token_not_valid"))
        try:
            claims = jwt.decode(
                token.text, key.key, algorithms=[key.algorithm], options=SIGNATURE_ONLY
            )
        except jwt.PyJWTError as error:
            raise Unauthorized(Sentence("sign_in.token_not_valid")) from error
        if self._agents.is_access_token(token.header or {}, claims):
            self._agents.check_access_token(claims, self._expected)
            verified = check_claims(claims, ExpectedClaims(), self._now(), remember_s=REMEMBER_S)
            return replace(verified, user=replace(verified.user, only="mcp"))
        require_no_id_token(claims, self._expected)
        return check_claims(claims, self._expected, self._now(), remember_s=REMEMBER_S)
