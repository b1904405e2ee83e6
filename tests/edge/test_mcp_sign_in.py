"""Tokens that a sign-in server signs for OAuth clients, and the metadata that leads agents there.

Which routes they open is in test_credentials_by_route.
"""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.edge.jwks import IssuerKeys
from chatkit.edge.mcp_sign_in import McpMetadata, McpResource, issuer_url
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.router import Router
from chatkit.edge.tokens import ExpectedClaims
from chatkit.protocol.errors import Unauthorized
from tests.edge.calls import call
from tests.edge.issuer_tokens import AGENTS, ANY, sign, user_of, verify

MCP = "https://chat.example/mcp"
LOCAL = McpResource(public_url=None, authorization_server="https://auth.example/api/auth")
ISSUER = ExpectedClaims(issuer="https://auth.example", audience="https://chat.example")


def access(**claims: Any) -> str:
    return sign(**({"typ": "at+jwt", "aud": MCP, "client_id": "agent"} | claims))


@pytest.mark.parametrize("audience", [MCP, [MCP], ["https://auth.example/userinfo", MCP]])
async def test_a_token_for_this_server_is_the_users_and_opens_the_tools(
    keys: IssuerKeys, audience: object
) -> None:
    user = await verify(keys, access(aud=audience))
    assert (user.user_id, user.only) == ("ada", "mcp")


@pytest.mark.parametrize(
    "audience",
    [
        "https://chat.example",
        "https://chat.example/mcp/",
        "https://chat.example/api/mcp",
        "https://chat.example.evil.example/mcp",
        "http://chat.example/mcp",
        "http://localhost:8000/mcp",
        "/mcp",
        "agent",
        [],
        ["https://other.example/mcp"],
        None,
        7,
        {"mcp": MCP},
    ],
)
async def test_a_token_for_another_server_is_refused(keys: IssuerKeys, audience: object) -> None:
    with pytest.raises(Unauthorized):
        await verify(keys, access(aud=audience))


@pytest.mark.parametrize(
    ("audience", "taken"),
    [
        ("http://localhost:8000/mcp", True),
        ("http://127.0.0.1:9/mcp", True),
        ("http://[::1]:8000/mcp", True),
        ("https://chat.example/mcp", False),
        ("http://localhost.evil.example/mcp", False),
        ("http://localhost:8000/x/mcp", False),
    ],
)
async def test_without_a_public_address_only_loopback_is_this_server(
    keys: IssuerKeys, audience: str, taken: bool
) -> None:
    token = access(aud=audience)
    if taken:
        assert (await verify(keys, token, agents=LOCAL)).only == "mcp"
        return
    with pytest.raises(Unauthorized):
        await verify(keys, token, agents=LOCAL)


@pytest.mark.parametrize(
    "claims",
    [
        {"typ": "JWT", "client_id": "agent"},
        {"typ": "JWT", "azp": "agent"},
        {"typ": "at+jwt"},
        {"typ": "AT+JWT"},
        {"typ": "application/at+jwt"},
    ],
)
async def test_a_client_is_recognised_by_the_type_or_by_a_claim(
    keys: IssuerKeys, claims: dict[str, Any]
) -> None:
    assert (await verify(keys, sign(aud=MCP, **claims))).only == "mcp"
    with pytest.raises(Unauthorized):
        await verify(keys, sign(aud="https://other.example", **claims))


@pytest.mark.parametrize(
    "claims",
    [{"sub": "agent"}, {"sub": "agent", "azp": "agent"}, {"cnf": {"jkt": "x"}}, {"sub": ""}],
)
async def test_a_token_of_no_user_or_bound_to_a_key_is_refused(
    keys: IssuerKeys, claims: dict[str, Any]
) -> None:
    with pytest.raises(Unauthorized):
        await verify(keys, access(**claims))


async def test_the_issuer_is_that_of_users_or_of_the_authorization_server(
    keys: IssuerKeys,
) -> None:
    for issuer in ("https://auth.example", "https://auth.example/api/auth"):
        assert (await verify(keys, access(iss=issuer), ISSUER)).only == "mcp"
    for other in ("https://other.example", None):
        with pytest.raises(Unauthorized):
            await verify(keys, access(iss=other), ISSUER)


@pytest.mark.parametrize("claim", ["at_hash", "nonce", "auth_time", "acr"])
async def test_an_id_token_opens_nothing_unless_its_audience_is_named(
    keys: IssuerKeys, claim: str
) -> None:
    token = sign(aud="app", **{claim: "x"})
    with pytest.raises(Unauthorized):
        await verify(keys, token, ANY)
    assert await user_of(keys, token, ExpectedClaims(audience="app")) == "ada"


async def test_a_users_own_token_opens_everything(keys: IssuerKeys) -> None:
    user = await verify(keys, sign(aud="https://auth.example", sid="x", scope="user"))
    assert user.only is None


@pytest.mark.parametrize(
    ("base", "issuer"),
    [
        ("https://auth.example", "https://auth.example/api/auth"),
        ("https://auth.example/", "https://auth.example/api/auth"),
        ("https://auth.example/api/auth", "https://auth.example/api/auth"),
        ("https://auth.example/x/", "https://auth.example/x/api/auth"),
    ],
)
def test_the_issuer_is_better_auths_own_address(base: str, issuer: str) -> None:
    assert issuer_url(base) == issuer


def metadata(resource: McpResource) -> Router:
    proxies = TrustedProxies.parse("127.0.0.1")
    return Router(McpMetadata(resource=resource, proxies=proxies).routes())


@pytest.mark.parametrize("path", ["", "/mcp"])
async def test_the_metadata_names_the_address_and_who_signs_in(path: str) -> None:
    answer = await call(metadata(AGENTS), "GET", f"/.well-known/oauth-protected-resource{path}")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json() == {
        "resource": MCP,
        "resource_name": "To-do list",
        "authorization_servers": ["https://auth.example/api/auth"],
        "bearer_methods_supported": ["header"],
    }


@pytest.mark.parametrize(
    ("resource", "host", "url"),
    [
        (LOCAL, "localhost:8000", "http://localhost:8000/mcp"),
        (LOCAL, "rebound.example", None),
        (McpResource(public_url=None, authorization_server=None), "localhost:8000", None),
        (
            McpResource(public_url="https://x.example/chat", authorization_server="https://a/b"),
            "rebound.example",
            "https://x.example/chat/mcp",
        ),
    ],
)
async def test_the_address_never_comes_from_a_name_that_anybody_can_send(
    resource: McpResource, host: str, url: str | None
) -> None:
    path = "/.well-known/oauth-protected-resource"
    answer = await call(metadata(resource), "GET", path, host=host)
    assert (answer.json()["resource"] if answer.status == 200 else None) == url
