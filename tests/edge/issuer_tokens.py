"""Tokens of a sign-in server, and whose they are."""

from __future__ import annotations

import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from chatkit.edge.jwks import IssuerKeys, JwksVerifier
from chatkit.edge.mcp_sign_in import McpResource
from chatkit.edge.tokens import ExpectedClaims, Token, User
from tests.edge.clock import NOW

ANY = ExpectedClaims()
#: `/mcp` of a server at https://chat.example, for whose agents https://auth.example signs.
AGENTS = McpResource(
    public_url="https://chat.example", authorization_server="https://auth.example/api/auth"
)
ED = ed25519.Ed25519PrivateKey.generate()
OTHER_ED = ed25519.Ed25519PrivateKey.generate()
SHORT_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)


def sign(
    key: Any = ED,
    algorithm: str = "EdDSA",
    kid: str | None = "one",
    *,
    typ: str = "JWT",
    **claims: Any,
) -> str:
    headers = {"typ": typ} if kid is None else {"typ": typ, "kid": kid}
    payload = {"sub": "ada", "exp": NOW + 900} | claims
    # Not `jwt.encode`, which refuses claims that an issuer could get wrong.
    return jwt.api_jws.encode(json.dumps(payload).encode(), key, algorithm, headers)


async def verify(
    keys: IssuerKeys, token: str, expected: ExpectedClaims = ANY, agents: McpResource = AGENTS
) -> User:
    verifier = JwksVerifier(keys, expected=expected, agents=agents, now=lambda: NOW)
    parsed = Token.parse(token)
    assert verifier.recognizes(parsed)
    return (await verifier.verify(parsed)).user


async def user_of(keys: IssuerKeys, token: str, expected: ExpectedClaims = ANY) -> str:
    return (await verify(keys, token, expected)).user_id
