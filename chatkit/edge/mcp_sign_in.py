"""Who may sign users in for `/mcp`: OAuth access tokens, and where an agent gets one (RFC 9728).

An agent that was given only our URL is refused with a 401 that points at the metadata here, which
names the authorization server: Better Auth with its OAuth provider. The token that it gets there
must name `/mcp` as its audience (RFC 8707), and opens nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chatkit.edge.asgi import HttpRequest, json_reply
from chatkit.edge.asgi_types import HttpSend
from chatkit.edge.origins import is_loopback_origin, normalize_origin, origin_of
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.router import Route
from chatkit.edge.tokens import ExpectedClaims
from chatkit.protocol.errors import NotFound, Sentence, Unauthorized
from chatkit.protocol.jsontext import dumps

_METADATA_PATH: Final = "/.well-known/oauth-protected-resource"
_MCP_PATH: Final = "/mcp"
#: `typ` of a JWT that is an access token (RFC 9068, 2.1).
_ACCESS_TOKEN_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
#: Claims of tokens that were issued to a client (RFC 9068, 2.2; OpenID Connect Core, 2).
_CLIENT_CLAIMS: Final = ("client_id", "azp")
#: Claims that only an ID token has (OpenID Connect Core, 2 and 3.1.3.6).
_ID_TOKEN_CLAIMS: Final = ("at_hash", "nonce", "auth_time", "acr")


def issuer_url(base: str) -> str:
    """Better Auth's own address, which is its issuer. `base` is with or without `/api/auth`."""
    base = base.rstrip("/")
    return base if base.endswith("/api/auth") else f"{base}/api/auth"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpResource:
    """`/mcp` as a protected resource.

    `public_url` is the address of the server; None: not configured, then only tokens for a
    loopback address are accepted, since the `Host` of a request proves nothing.
    `authorization_server` is the issuer of access tokens, None: there is none.
    """

    public_url: str | None
    authorization_server: str | None

    def is_access_token(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
        """Whether a token was issued to an OAuth client, and not to the user."""
        typ = header.get("typ")
        if isinstance(typ, str) and typ.lower() in _ACCESS_TOKEN_TYPES:
            return True
        return any(name in claims for name in _CLIENT_CLAIMS)

    def check_access_token(self, claims: Mapping[str, Any], expected: ExpectedClaims) -> None:
        """Check issuer, audience and binding of an access token. Raises Unauthorized."""
        issuers = (expected.issuer, self.authorization_server)
        if expected.issuer is not None and claims.get("iss") not in issuers:
            raise Unauthorized(Sentence("sign_in.other_issuer"))
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if not any(self._is_this(each) for each in audiences):
            raise Unauthorized(Sentence("sign_in.other_audience"))
        if "cnf" in claims:  # bound to a key, whose proof is not checked here (RFC 9449)
            raise Unauthorized(Sentence("sign_in.token_kind"))
        if claims.get("sub") in [claims.get(name) for name in _CLIENT_CLAIMS]:
            raise Unauthorized(Sentence("sign_in.no_user"))  # the client's own token, of no user

    def _is_this(self, audience: object) -> bool:
        if not isinstance(audience, str) or not audience.endswith(_MCP_PATH):
            return False
        base = audience.removesuffix(_MCP_PATH)
        if self.public_url is not None:
            return base == self.public_url.rstrip("/")
        origin = normalize_origin(base)
        return origin is not None and is_loopback_origin(origin)


def require_no_id_token(claims: Mapping[str, Any], expected: ExpectedClaims) -> None:
    """Refuse an ID token: it says to a client who the user is, and is no credential for others.

    One whose audience the operator has named in AUTH_AUDIENCE is accepted.
    """
    if expected.audience is None and any(name in claims for name in _ID_TOKEN_CLAIMS):
        raise Unauthorized(Sentence("sign_in.token_kind"))


@dataclass(frozen=True, slots=True, kw_only=True)
class McpMetadata:
    """The metadata route, and the challenge that points at it."""

    resource: McpResource
    proxies: TrustedProxies

    def routes(self) -> list[Route]:
        """The metadata, also at the path that RFC 9728, 3.1, derives from the resource's URL."""
        methods = {"GET": self.get}
        return [Route(_METADATA_PATH, methods), Route(_METADATA_PATH + _MCP_PATH, methods)]

    async def get(self, request: HttpRequest, send: HttpSend) -> None:
        """GET the metadata. 404 if no sign-in server issues tokens for agents."""
        base = self._base(request)
        if base is None or self.resource.authorization_server is None:
            raise NotFound("path")
        body = {
            "resource": base + _MCP_PATH,
            "resource_name": "To-do list",
            "authorization_servers": [self.resource.authorization_server],
            "bearer_methods_supported": ["header"],
        }
        # Public, and read by agents that run in a page of another origin.
        headers = [(b"access-control-allow-origin", b"*")]
        await json_reply(dumps(body), headers=headers).send(request, send)

    def challenge(self, request: HttpRequest) -> str:
        """The value of WWW-Authenticate for a 401 at `/mcp`."""
        base = self._base(request)
        if base is None or self.resource.authorization_server is None:
            return "Bearer"
        return f'Bearer resource_metadata="{base}{_METADATA_PATH}{_MCP_PATH}"'

    def _base(self, request: HttpRequest) -> str | None:
        """Our address: PUBLIC_URL, or that of a request to a loopback host."""
        if self.resource.public_url is not None:
            return self.resource.public_url.rstrip("/")
        caller = self.proxies.resolve(request)
        origin = origin_of(caller.scheme, caller.host)
        return origin if origin is not None and is_loopback_origin(origin) else None
