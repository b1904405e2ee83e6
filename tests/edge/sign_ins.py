"""A request with a credential, and who is asked whose it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jwt

from chatkit.access.keys import Keys
from chatkit.edge.auth import Authenticator
from chatkit.edge.guest_cookie import GuestCookie
from chatkit.edge.guest_door import GuestDoor, GuestPolicy
from chatkit.edge.guests import GuestTokens
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.signing import Signatures
from chatkit.edge.tokens import SecretVerifier, Verifier
from tests.edge.clock import NOW, Clock
from tests.edge.heads import Head, head

SECRET = "the secret that Better Auth and this server share"
GUEST_KEY = bytes(range(32))
FRIEND = "https://friend.example"


def build(
    *,
    policy: GuestPolicy = "on",
    secret: str | None = SECRET,
    clock: Callable[[], float] | None = None,
    trusted: str = "127.0.0.1",
    guest_key: bytes = GUEST_KEY,
    public_origin: str | None = None,
    verifiers: Sequence[Verifier] = (),
    signatures: Signatures | None = None,
) -> Authenticator:
    now = clock or Clock()
    proxies = TrustedProxies.parse(trusted)
    guests = GuestTokens(keys=Keys(current=guest_key), now=now)
    return Authenticator(
        verifiers=[
            *verifiers,
            *([] if secret is None else [SecretVerifier(secrets=[secret], now=now)]),
        ],
        guests=guests,
        door=GuestDoor(
            guests,
            policy,
            signs_in=secret is not None,
            cookie=GuestCookie(proxies, installation="test"),
            proxies=proxies,
            allowed_origins=frozenset({FRIEND}),
            now=now,
        ),
        proxies=proxies,
        allowed_origins=frozenset({FRIEND}),
        public_origin=public_origin,
        now=now,
        signatures=signatures,
    )


def sign(
    claims: Mapping[str, Any] | None = None,
    *,
    key: Any = SECRET,
    algorithm: str = "HS256",
    headers: dict[str, Any] | None = None,
    **more: Any,
) -> str:
    payload = {"sub": "ada", "exp": NOW + 600} if claims is None else dict(claims)
    return jwt.encode(payload | more, key, algorithm=algorithm, headers=headers)


def raw(header: object, claims: object, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode()


def bearer(token: str, **fields: str) -> Head:
    return head(authorization=f"Bearer {token}", **fields)


GOOD = sign()
OTHER = sign(sub="mallory")
