"""Tokens: the kinds of credentials, and how signed ones are verified.

Verifiers form a chain. They recognize tokens by shape or by the unverified header. The first one
that recognizes a token verifies it alone, with its own key and algorithm. A token cannot choose the
kind of key (RFC 8725, 3.1), so a public key is never used as a shared secret.
"""

from __future__ import annotations

import math
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import jwt

from chatkit.access.caller import GUEST_PREFIX
from chatkit.access.sessions import Session, SessionScope
from chatkit.protocol.errors import Sentence, Unauthorized

#: Allowed clock difference, in seconds, for all times in tokens.
LEEWAY_S = 60.0
_MAX_USER_ID = 255

#: PyJWT only verifies the signature. Its claim checks use another clock, accept numbers written as
#: strings, and reject any `aud` if none is expected.
SIGNATURE_ONLY: jwt.types.Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An authenticated caller. `user_id` is the owner of all the user's rows."""

    user_id: str
    is_guest: bool = False
    invited: bool = False
    """A guest who came by the link that a start prints."""
    issued_at: float | None = field(default=None, compare=False)
    """When a guest's token was made, in Unix seconds."""
    session: Session | None = None
    """The session whose `client_secret` was used. None: the user's own credential was used."""
    only: SessionScope | None = None
    """It opens only the routes of sessions of this scope alone. None: it opens all routes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A credential before verification. `header` is the unverified JOSE header of a JWT, None for
    other tokens."""

    text: str
    header: Mapping[str, Any] | None

    @classmethod
    def parse(cls, text: str) -> Token:
        """Parse visible ASCII text. Text with three parts is a JWT.

        Raises Unauthorized if a JWT's header is unreadable or its alg, kid or typ is not a string.
        """
        if text.count(".") != 2:
            return cls(text=text, header=None)
        try:
            header = jwt.get_unverified_header(text)
        except jwt.PyJWTError as error:
            raise Unauthorized(Sentence("sign_in.token_malformed")) from error
        # PyJWT checks only kid and crit; other members can be any JSON value.
        if not isinstance(header.get("alg"), str) or not isinstance(header.get("typ", ""), str):
            raise Unauthorized(Sentence("sign_in.token_malformed"))
        return cls(text=text, header=header)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The result of a successful verification.

    It may be cached until `cache_until` (Unix seconds). 0: do not cache, for revocable tokens.
    """

    user: User
    cache_until: float


class Verifier(Protocol):
    """Verifies one kind of token."""

    def recognizes(self, token: Token) -> bool:
        """Whether the token is of this kind. If so, no other verifier is asked."""

    async def verify(self, token: Token) -> Verified:
        """Verify the token. Raises Unauthorized if it is invalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedClaims:
    """The required issuer and audience of a token. None: not checked."""

    issuer: str | None = None
    audience: str | None = None

    def check(self, claims: Mapping[str, Any]) -> None:
        """Check `iss` and `aud` (RFC 7519, 4.1.1 and 4.1.3). `aud` is a string or a list."""
        if self.issuer is not None and claims.get("iss") != self.issuer:
            raise Unauthorized(Sentence("sign_in.other_issuer"))
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if self.audience is not None and self.audience not in audiences:
            raise Unauthorized(Sentence("sign_in.other_audience"))


class SecretVerifier:
    """Verifies JWTs that Better Auth signs with HS256 and a shared secret.

    Any of the `secrets` is accepted: during a rotation the previous one is still valid.
    """

    def __init__(
        self,
        *,
        secrets: Sequence[str],
        now: Callable[[], float],
        expected: ExpectedClaims = ExpectedClaims(),
    ) -> None:
        self._keys = tuple(secret.encode() for secret in secrets)
        self._now = now
        self._expected = expected

    def recognizes(self, token: Token) -> bool:
        """Whether the algorithm is an HMAC. `verify` accepts only HS256."""
        return token.header is not None and token.header["alg"].startswith("HS")

    async def verify(self, token: Token) -> Verified:
        """Verify the token. The user id is the first claim present of `sub`, `user_id`, `id`."""
        claims = decode_hs256(token, *self._keys)
        return check_claims(claims, self._expected, self._now())


def decode_hs256(token: Token, *keys: bytes) -> dict[str, Any]:
    """The claims of a token signed by one of `keys`. Only the signature is checked."""
    fault: jwt.PyJWTError | None = None
    for key in keys:
        try:
            return jwt.decode(token.text, key, algorithms=["HS256"], options=SIGNATURE_ONLY)
        except jwt.PyJWTError as error:
            fault = error
    raise Unauthorized(Sentence("sign_in.token_not_valid")) from fault


def check_claims(
    claims: Mapping[str, Any],
    expected: ExpectedClaims,
    now: float,
    *,
    remember_s: float = math.inf,
) -> Verified:
    """Check the claims of a token with a valid signature. Cacheable for up to `remember_s`."""
    cache_until = check_times(claims, now)
    expected.check(claims)
    user = User(user_id=read_user_id(claims))
    return Verified(user=user, cache_until=min(cache_until, now + remember_s))


def check_times(claims: Mapping[str, Any], now: float) -> float:
    """Check `exp` (required), `nbf` and `iat` (RFC 7519, 4.1) with a tolerance of `LEEWAY_S`.

    Returns the time at which the token expires, in Unix seconds.
    """
    cache_until = _read_time(claims, "exp") + LEEWAY_S
    if now >= cache_until:
        raise Unauthorized(Sentence("sign_in.token_expired"))
    for name in ("nbf", "iat"):
        if name in claims and _read_time(claims, name) > now + LEEWAY_S:
            raise Unauthorized(Sentence("sign_in.token_early"))
    return cache_until


def _read_time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # In Python true is an int, json accepts NaN and Infinity, and a large int has no float value.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unauthorized(Sentence("sign_in.claim_no_number", claim=name))
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise Unauthorized(Sentence("sign_in.claim_out_of_range", claim=name))
    return seconds


def read_user_id(claims: Mapping[str, Any]) -> str:
    """The first claim present of `sub`, `user_id` and `id`. Later ones are not tried."""
    name = next((name for name in ("sub", "user_id", "id") if name in claims), "sub")
    user_id = claims.get(name)
    if not isinstance(user_id, str) or not 0 < len(user_id) <= _MAX_USER_ID:
        raise Unauthorized(Sentence("sign_in.claim_no_user_id", claim=name, count=_MAX_USER_ID))
    # Control characters and lone surrogates. PostgreSQL stores neither NUL nor surrogates.
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in user_id):
        raise Unauthorized(Sentence("sign_in.claim_control_character", claim=name))
    if user_id.startswith(GUEST_PREFIX):
        raise Unauthorized(Sentence("sign_in.foreign_guest"))
    return user_id


class TokenCache:
    """A cache of verified tokens. The keys are hashes, so it contains no credential."""

    def __init__(self, *, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[bytes, Verified] = OrderedDict()

    def get(self, token: str, now: float) -> User | None:
        """The user of a cached token, unless the entry has expired."""
        key = sha256(token.encode()).digest()
        verified = self._entries.get(key)
        if verified is None:
            return None
        if now >= verified.cache_until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return verified.user

    def put(self, token: str, verified: Verified) -> None:
        """Add a token. Above `size` entries the least recently used one is dropped."""
        self._entries[sha256(token.encode()).digest()] = verified
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
