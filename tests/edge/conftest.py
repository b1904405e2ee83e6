"""What several tests of the edge begin with."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from chatkit.edge.jwks import IssuerKeys
from tests.edge.clock import Clock
from tests.edge.issuer import Issuer, open_issuer, public_jwk
from tests.edge.issuer_tokens import ED


@pytest.fixture
def clock() -> Clock:
    """A clock that the test sets."""
    return Clock()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    """A sign-in server that publishes one key."""
    async with open_issuer(public_jwk(ED, "one", alg="EdDSA")) as issuer:
        yield issuer


@pytest.fixture
async def keys(issuer: Issuer, clock: Clock) -> AsyncIterator[IssuerKeys]:
    """What we know of its keys."""
    async with IssuerKeys(issuer.url, clock=clock) as keys:
        yield keys
