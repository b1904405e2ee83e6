"""Guests: users without an account, identified by a token that this server signs."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

import jwt

from chatkit.access.caller import GUEST_PREFIX
from chatkit.access.keys import Keys
from chatkit.edge.tokens import (
    Token,
    User,
    Verified,
    check_times,
    decode_hs256,
)
from chatkit.protocol.errors import Sentence, Unauthorized

#: Lifetime of a guest token, in seconds: 30 days. Each renewal starts it anew.
GUEST_TOKEN_S = 30 * 24 * 3600

#: How long a verified token is remembered, in seconds: a rotated key ends what it has signed.
REMEMBER_S = 5.0

_ISSUER = "chatkit-guest"
_AUDIENCE = "chatkit"
# An explicit type (RFC 8725, 3.11) tells guest tokens from Better Auth's before a key is chosen.
_TYPE = "chatkit-guest+jwt"
_GUEST_ID = re.compile(re.escape(GUEST_PREFIX) + "[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestToken:
    """The response of the guest route. `expires_in` is in seconds."""

    token: str = field(repr=False)
    user_id: str
    expires_in: int


class GuestTokens:
    """Issues and verifies guest tokens.

    `keys` must outlive the process and sign nothing else: their holder can impersonate any guest.
    """

    def __init__(self, *, keys: Keys, now: Callable[[], float]) -> None:
        self._keys = keys
        self._now = now

    def issue(self, user_id: str | None = None, *, invited: bool = False) -> GuestToken:
        """Issue a token for a new guest, or a new one for the guest `user_id`.

        `invited`: the guest has come by the link that a start prints.
        """
        user_id = user_id or GUEST_PREFIX + secrets.token_hex(16)
        issued_at = int(self._now())
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": user_id,
            "iat": issued_at,
            "exp": issued_at + GUEST_TOKEN_S,
            **({"invited": True} if invited else {}),
        }
        token = jwt.encode(
            claims, _as_secret(self._keys.current), algorithm="HS256", headers={"typ": _TYPE}
        )
        return GuestToken(token=token, user_id=user_id, expires_in=GUEST_TOKEN_S)

    def recognizes(self, token: Token) -> bool:
        """Whether it is a guest token, by the explicit type in the header."""
        return token.header is not None and token.header.get("typ") == _TYPE

    async def verify(self, token: Token) -> Verified:
        """Verify a guest token. Raises Unauthorized unless it is ours and not expired."""
        claims = decode_hs256(token, *map(_as_secret, self._keys.accepted))
        if claims.get("iss") != _ISSUER or claims.get("aud") != _AUDIENCE:
            raise Unauthorized(Sentence("sign_in.token_not_valid"))
        user_id = claims.get("sub")
        if not isinstance(user_id, str) or _GUEST_ID.fullmatch(user_id) is None:
            raise Unauthorized(Sentence("sign_in.token_not_valid"))
        now = self._now()
        cache_until = min(check_times(claims, now), now + REMEMBER_S)
        issued_at = claims.get("iat")
        user = User(
            user_id=user_id,
            is_guest=True,
            invited=claims.get("invited") is True,
            issued_at=issued_at if isinstance(issued_at, int | float) else None,
        )
        return Verified(user=user, cache_until=cache_until)


def _as_secret(key: bytes) -> bytes:
    """PyJWT rejects an HMAC key that looks like a key file or JSON, as random bytes might."""
    return key.hex().encode()
