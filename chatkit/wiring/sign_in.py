"""Builds authentication from the settings: tokens, sessions, guests and rate limits."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import monotonic, time

from chatkit.edge.auth import Authenticator
from chatkit.edge.guest_cookie import GuestCookie
from chatkit.edge.guest_door import GuestDoor
from chatkit.edge.guest_links import GuestLinks
from chatkit.edge.guests import GuestTokens
from chatkit.edge.limits import Limits
from chatkit.edge.mcp_sign_in import McpResource, issuer_url
from chatkit.edge.sessions import SessionVerifier
from chatkit.edge.signing import Signatures
from chatkit.edge.tokens import ExpectedClaims, SecretVerifier, Verifier
from chatkit.wiring.keyring import GUEST_KEYS, Keyring
from chatkit.wiring.settings import Settings
from store.limits import SharedBuckets
from store.postgres import Database
from store.secrets import keep_name
from store.sessions import Sessions
from store.signatures import UsedSignatures


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Who a request is from, and the links that let guests in."""

    authenticator: Authenticator
    guest_links: GuestLinks


async def open_sign_in(
    settings: Settings,
    database: Database,
    keyring: Keyring,
    sessions: Sessions,
    stack: AsyncExitStack,
) -> SignIn:
    """Build authentication with its rate limits. `stack` closes its connections."""
    keys = await keyring.open(GUEST_KEYS)
    installation = await keep_name(database, "installation", lambda: secrets.token_hex(4))
    used = UsedSignatures(database)
    signatures = None
    if settings.signing_secret is not None:
        signatures = Signatures(secret=settings.signing_secret, used=used, now=time)
    proxies = settings.trusted_proxies
    guests = GuestTokens(keys=keys, now=time)
    authenticator = Authenticator(
        verifiers=[SessionVerifier(sessions), *await _open_verifiers(settings, stack)],
        guests=guests,
        door=GuestDoor(
            guests,
            settings.guest_policy,
            signs_in=settings.signs_in,
            cookie=GuestCookie(proxies, installation=installation),
            proxies=proxies,
            allowed_origins=settings.allowed_origins,
            now=time,
        ),
        proxies=proxies,
        allowed_origins=settings.allowed_origins,
        public_origin=settings.public_origin,
        now=time,
        limits=Limits(
            user=settings.rate_limit_user,
            address=settings.rate_limit_ip,
            proxies=proxies,
            now=monotonic,
            shared=SharedBuckets(database) if settings.shared_limits else None,
        ),
        signatures=signatures,
    )

    async def use_link(mark: bytes, keep_s: float) -> bool:
        return await used.use("guest_link", mark, keep_s=keep_s)

    return SignIn(
        authenticator=authenticator, guest_links=GuestLinks(keys=keys, use=use_link, now=time)
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
