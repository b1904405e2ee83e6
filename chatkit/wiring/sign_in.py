"""Builds authentication from the settings: tokens, sessions, guests and rate limits."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from time import monotonic, time

from chatkit.edge.auth import Authenticator
from chatkit.edge.guests import GuestTokens
from chatkit.edge.limits import Limits
from chatkit.edge.mcp_sign_in import McpResource, issuer_url
from chatkit.edge.sessions import SessionVerifier
from chatkit.edge.signing import Signatures
from chatkit.edge.tokens import ExpectedClaims, SecretVerifier, Verifier
from chatkit.wiring.settings import Settings
from store.limits import SharedBuckets
from store.postgres import Database
from store.secrets import keep_secret
from store.sessions import Sessions
from store.signatures import UsedSignatures


async def open_authenticator(
    settings: Settings, database: Database, sessions: Sessions, stack: AsyncExitStack
) -> Authenticator:
    """Build the authenticator with its rate limits. `stack` closes its connections."""
    guest_key = await keep_secret(database, "guest_key", lambda: secrets.token_hex(32))
    signatures = None
    if settings.signing_secret is not None:
        used = UsedSignatures(database)
        signatures = Signatures(secret=settings.signing_secret, used=used, now=time)
    return Authenticator(
        verifiers=[SessionVerifier(sessions), *await _open_verifiers(settings, stack)],
        guests=GuestTokens(key=bytes.fromhex(guest_key), now=time),
        guest_policy=settings.guest_policy,
        proxies=settings.trusted_proxies,
        allowed_origins=settings.allowed_origins,
        public_origin=settings.public_origin,
        now=time,
        limits=Limits(
            user=settings.rate_limit_user,
            address=settings.rate_limit_ip,
            proxies=settings.trusted_proxies,
            now=monotonic,
            shared=SharedBuckets(database) if settings.shared_limits else None,
        ),
        signatures=signatures,
    )


async def _open_verifiers(settings: Settings, stack: AsyncExitStack) -> list[Verifier]:
    """The verifiers of sign-in tokens; empty if no sign-in server is configured."""
    expected = ExpectedClaims(issuer=settings.auth_issuer, audience=settings.auth_audience)
    verifiers: list[Verifier] = []
    if settings.better_auth_secrets:
        accepted = settings.better_auth_secrets
        verifiers.append(SecretVerifier(secrets=accepted, expected=expected, now=time))
    if settings.better_auth_url is not None:
        # Imported here: it imports httpx, which delays the start and is not always needed.
        from chatkit.edge.jwks import IssuerKeys, JwksVerifier, jwks_url

        keys = await stack.enter_async_context(IssuerKeys(jwks_url(settings.better_auth_url)))
        agents = mcp_resource(settings)
        verifiers.append(JwksVerifier(keys, expected=expected, agents=agents, now=time))
    return verifiers


def mcp_resource(settings: Settings) -> McpResource:
    """`/mcp` as agents sign their users in for it."""
    issuer = settings.better_auth_url
    return McpResource(
        public_url=settings.public_url,
        authorization_server=None if issuer is None else issuer_url(issuer),
    )
