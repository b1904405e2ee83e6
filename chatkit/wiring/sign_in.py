"""The kinds of token by which users who have signed in are known, as the settings have it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from time import time

from chatkit.edge.tokens import ExpectedClaims, SecretVerifier, Verifier
from chatkit.wiring.settings import Settings


async def open_verifiers(settings: Settings, stack: AsyncExitStack) -> list[Verifier]:
    """None where there is no sign-in server. What they hold open is closed by `stack`."""
    expected = ExpectedClaims(issuer=settings.auth_issuer, audience=settings.auth_audience)
    verifiers: list[Verifier] = []
    if settings.better_auth_secrets:
        secrets = settings.better_auth_secrets
        verifiers.append(SecretVerifier(secrets=secrets, expected=expected, now=time))
    if settings.better_auth_url is not None:
        # Brings httpx along, which a start without it need not wait for.
        from chatkit.edge.jwks import IssuerKeys, JwksVerifier, jwks_url

        keys = await stack.enter_async_context(IssuerKeys(jwks_url(settings.better_auth_url)))
        verifiers.append(JwksVerifier(keys, expected=expected, now=time))
    return verifiers
