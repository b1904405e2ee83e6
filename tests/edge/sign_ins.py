"""A request with a credential, and who is asked whose it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import jwt

from chatkit.edge.auth import Authenticator, GuestPolicy
from chatkit.edge.guests import GuestTokens
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.tokens import SecretVerifier
from tests.edge.clock import NOW, Clock
from tests.edge.heads import Head, head

SECRET = "the secret that Better Auth and this server share"
GUEST_KEY = bytes(range(32))
FRIEND = "https://friend.example"


def build(
    *,
    policy: GuestPolicy = "on",
    secret: str | None = SECRET,
    clock: Clock | None = None,
    trusted: str = "127.0.0.1",
    guest_key: bytes = GUEST_KEY,
    public_origin: str | None = None,
) -> Authenticator:
    now = clock or Clock()
    return Authenticator(
        verifiers=[] if secret is None else [SecretVerifier(secrets=[secret], now=now)],
        guests=GuestTokens(key=guest_key, now=now),
        guest_policy=policy,
        proxies=TrustedProxies.parse(trusted),
        allowed_origins=frozenset({FRIEND}),
        public_origin=public_origin,
        now=now,
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
