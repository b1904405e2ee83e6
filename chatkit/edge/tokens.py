"""Tokens: the kinds of proof that a caller may hold, and how a signed one is judged.

A chain of verifiers decides: the first that recognizes a token by its shape or its unverified
header judges it alone, with a key and an algorithm of its own. Nothing in a token chooses the key
family (RFC 8725, 3.1), so a public key can never be taken for a shared secret.
"""

from __future__ import annotations

import math
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

import jwt

from chatkit.access.sessions import Session
from chatkit.protocol.errors import Sentence, Unauthorized

#: How far two clocks may be apart, in seconds, wherever a token's times are judged.
LEEWAY_S = 60.0
#: User ids with this prefix are ours to give away.
GUEST_PREFIX = "guest_"
_LONGEST_USER_ID = 255

#: PyJWT checks the signature only. Its claim checks read its own clock, take a number written as
#: text for a time, and refuse any `aud` while none is asked for.
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
    """An authenticated caller. `user_id` is what every row is owned by."""

    user_id: str
    is_guest: bool = False
    session: Session | None = None
    """What the caller holds in place of the user's own credential; None: that one itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A credential before it is judged: `header` is the unverified JOSE header of a JWT, None for
    anything else."""

    text: str
    header: Mapping[str, Any] | None

    @classmethod
    def parse(cls, text: str) -> Token:
        """Of visible ASCII text. Three parts make a JWT, whose header must then be readable, with
        text for what is read of it: alg, kid and typ."""
        if text.count(".") != 2:
            return cls(text=text, header=None)
        try:
            header = jwt.get_unverified_header(text)
        except jwt.PyJWTError as error:
            raise Unauthorized(Sentence("sign_in.token_malformed")) from error
        # PyJWT looks at kid and crit alone, and any JSON may stand in a header.
        if not isinstance(header.get("alg"), str) or not isinstance(header.get("typ", ""), str):
            raise Unauthorized(Sentence("sign_in.token_malformed"))
        return cls(text=text, header=header)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A verifier's yes. Until `good_until` (Unix seconds) it may be answered from memory; 0: ask
    again each time, as a revocable token needs."""

    user: User
    good_until: float


class Verifier(Protocol):
    """One kind of token."""

    def recognizes(self, token: Token) -> bool:
        """Whether this kind is meant; no other verifier is asked then."""

    async def verify(self, token: Token) -> Verified:
        """Judge it. Unauthorized where it does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedClaims:
    """Whose tokens are taken, and for whom they must be made; None: not looked at."""

    issuer: str | None = None
    audience: str | None = None

    def check(self, claims: Mapping[str, Any]) -> None:
        """RFC 7519, 4.1.1 and 4.1.3: `aud` is one text or a list of them."""
        if self.issuer is not None and claims.get("iss") != self.issuer:
            raise Unauthorized(Sentence("sign_in.other_issuer"))
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if self.audience is not None and self.audience not in audiences:
            raise Unauthorized(Sentence("sign_in.other_audience"))


class SecretVerifier:
    """JWTs signed HS256 with the secret that is shared with Better Auth.

    Of several `secrets` any will do: during a change the previous one is still taken.
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
        """Any HMAC token; only HS256 passes `verify`."""
        return token.header is not None and token.header["alg"].startswith("HS")

    async def verify(self, token: Token) -> Verified:
        """The user id is the first present of `sub`, `user_id` and `id`."""
        claims = decode_hs256(token, *self._keys)
        return judge_claims(claims, self._expected, self._now())


def decode_hs256(token: Token, *keys: bytes) -> dict[str, Any]:
    """The claims of a token that one of `keys` signed; only the signature is checked."""
    fault: jwt.PyJWTError | None = None
    for key in keys:
        try:
            return jwt.decode(token.text, key, algorithms=["HS256"], options=SIGNATURE_ONLY)
        except jwt.PyJWTError as error:
            fault = error
    raise Unauthorized(Sentence("sign_in.token_not_valid")) from fault


def judge_claims(
    claims: Mapping[str, Any],
    expected: ExpectedClaims,
    now: float,
    *,
    remember_s: float = math.inf,
) -> Verified:
    """Whose a token with a good signature is; at most `remember_s` seconds from memory."""
    good_until = check_times(claims, now)
    expected.check(claims)
    user = User(user_id=read_user_id(claims))
    return Verified(user=user, good_until=min(good_until, now + remember_s))


def check_times(claims: Mapping[str, Any], now: float) -> float:
    """Judge `exp` (required), `nbf` and `iat` (RFC 7519, 4.1) with `LEEWAY_S` either way.

    Returns the moment, in Unix seconds, at which the token stops to hold.
    """
    good_until = _read_time(claims, "exp") + LEEWAY_S
    if now >= good_until:
        raise Unauthorized(Sentence("sign_in.token_expired"))
    for name in ("nbf", "iat"):
        if name in claims and _read_time(claims, name) > now + LEEWAY_S:
            raise Unauthorized(Sentence("sign_in.token_early"))
    return good_until


def _read_time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # JSON's true is an int to Python, and json reads NaN and Infinity; a large int has no float.
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
    """`sub`, else `user_id`, else `id`: the first that is present decides, even when it is bad."""
    name = next((name for name in ("sub", "user_id", "id") if name in claims), "sub")
    user_id = claims.get(name)
    if not isinstance(user_id, str) or not 0 < len(user_id) <= _LONGEST_USER_ID:
        raise Unauthorized(Sentence("sign_in.claim_no_user_id", claim=name, count=_LONGEST_USER_ID))
    # Control characters and lone surrogates: PostgreSQL stores neither NUL nor a surrogate.
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in user_id):
        raise Unauthorized(Sentence("sign_in.claim_control_character", claim=name))
    if user_id.startswith(GUEST_PREFIX):
        raise Unauthorized(Sentence("sign_in.foreign_guest"))
    return user_id


class TokenCache:
    """Who was behind the tokens verified last. Keyed by hash, so that it holds no credential."""

    def __init__(self, *, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[bytes, Verified] = OrderedDict()

    def get(self, token: str, now: float) -> User | None:
        """The user, while the answer is still good."""
        key = sha256(token.encode()).digest()
        verified = self._entries.get(key)
        if verified is None:
            return None
        if now >= verified.good_until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return verified.user

    def put(self, token: str, verified: Verified) -> None:
        """Remember; above `size` tokens the one unused for longest is forgotten."""
        self._entries[sha256(token.encode()).digest()] = verified
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
