"""Tokens of a sign-in server, and whose they are."""

from __future__ import annotations

import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from chatkit.edge.jwks import IssuerKeys, JwksVerifier
from chatkit.edge.tokens import ExpectedClaims, Token
from tests.edge.clock import NOW

ANY = ExpectedClaims()
ED = ed25519.Ed25519PrivateKey.generate()
OTHER_ED = ed25519.Ed25519PrivateKey.generate()
SHORT_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)


def sign(key: Any = ED, algorithm: str = "EdDSA", kid: str | None = "one", **claims: Any) -> str:
    headers = {} if kid is None else {"kid": kid}
    payload = {"sub": "ada", "exp": NOW + 900} | claims
    # Not `jwt.encode`, which refuses claims that an issuer could get wrong.
    return jwt.api_jws.encode(json.dumps(payload).encode(), key, algorithm, headers)


async def user_of(keys: IssuerKeys, token: str, expected: ExpectedClaims = ANY) -> str:
    verifier = JwksVerifier(keys, expected=expected, now=lambda: NOW)
    parsed = Token.parse(token)
    assert verifier.recognizes(parsed)
    return (await verifier.verify(parsed)).user.user_id
