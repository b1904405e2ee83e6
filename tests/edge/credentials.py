"""Every kind of credential: how each is made, and which kinds of route it opens."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app import Services
from chatkit.access.keys import Keys
from chatkit.edge.guests import GuestTokens
from tests.edge.calls import call
from tests.edge.issuer import PrivateKey
from tests.edge.signed import sign

SECRET: Final = "the secret that Better Auth and this server share, long enough for HS512"
PREVIOUS: Final = "the secret before, which is still taken while it is being changed"
SIGNING: Final = "the secret that two servers of one operator share"
ED: Final = ed25519.Ed25519PrivateKey.generate()
OTHER_ED: Final = ed25519.Ed25519PrivateKey.generate()
RSA: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)

#: `open`: anybody. `page`: a user or a page's session. `user`: a user alone. `own`: a user or any
#: session. `agent`: a user or a personal token.
Kind = Literal["open", "page", "user", "own", "agent"]
Outcome = Literal["in", 401, 403]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The request that a credential is for."""

    method: str
    path: str
    body: bytes

    @property
    def safe(self) -> bool:
        return self.method == "GET"


def token(
    secret: str = SECRET, algorithm: str = "HS256", *, expires_in: float = 600, **more: Any
) -> str:
    claims = {"sub": "ada", "exp": int(time.time() + expires_in), **more}
    return jwt.encode(claims, secret, algorithm)


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def key_pair_token(
    key: PrivateKey = ED,
    algorithm: str = "EdDSA",
    kid: str = "ed",
    *,
    expires_in: float = 600,
    typ: str = "JWT",
    **more: Any,
) -> str:
    """As Better Auth signs them."""
    claims = {"sub": "ada", "exp": int(time.time() + expires_in), **more}
    return jwt.encode(claims, key, algorithm, {"kid": kid, "typ": typ})


def access_token(audience: str = "http://localhost:8000/mcp", **more: Any) -> str:
    """As Better Auth's OAuth provider signs them for an agent."""
    claims = {"aud": [audience], "client_id": "agent", "azp": "agent", "scope": "openid", **more}
    return key_pair_token(typ="at+jwt", **claims)


def keyed_with_the_public_key() -> str:
    """The published key taken for a shared secret, which PyJWT would not do for us."""
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = jwt.encode({"sub": "ada", "exp": int(time.time() + 600)}, "x" * 32, "HS256")
    signed = unsigned.rpartition(".")[0]
    mac = hmac.digest(pem, signed.encode(), "sha256")
    return f"{signed}.{jwt.utils.base64url_encode(mac).decode()}"


async def session(services: Services, scope: str, state: str = "holds", **more: str) -> str:
    """The `client_secret` of a new session of ada's."""
    path, ada = "/api/chatkit/session", bearer(token())
    answer = await call(services.router, "POST", path, body={"scope": scope, **more}, **ada)
    opened = answer.json()
    if state == "revoked":
        await call(services.router, "DELETE", f"{path}/{opened['id']}", **ada)
    elif state == "expired":
        query = "UPDATE sessions SET expires_at = now() - interval '1 s' WHERE id = $1"
        await services.parts.database.execute(query, opened["id"])
    return str(opened["client_secret"])


async def guest(services: Services) -> str:
    answer = await call(services.router, "POST", "/api/auth/guest")
    return str(answer.json()["token"])


def signature(
    asked: Asked, *, secret: str = SIGNING, user_id: str = "ada", off: float = 0
) -> dict[str, str]:
    """Each is another one: the fraction of its second is random."""
    timestamp = f"{int(time.time() + off)}.{secrets.randbelow(10**9):09d}"
    headers = sign(
        secret,
        user_id=user_id,
        timestamp=timestamp,
        method=asked.method,
        target=asked.path,
        body=asked.body,
    )
    return {name.lower().replace("-", "_"): text for name, text in headers.items()}


async def replayed(services: Services, asked: Asked) -> dict[str, str]:
    headers = signature(asked)
    first = await call(services.router, asked.method, asked.path, body=asked.body, **headers)
    assert first.status not in (401, 403)
    return headers


def swapped(text: str) -> str:
    """The header and signature of one token around the claims of another."""
    header, _, mac = text.split(".")
    return ".".join((header, token(sub="bob").split(".")[1], mac))


def unsigned() -> str:
    return jwt.encode({"sub": "ada", "exp": int(time.time() + 600)}, "", "none")


def expired_guest() -> str:
    """A guest of two months ago, of this very server as far as its form goes."""
    forged = GuestTokens(keys=Keys(current=bytes(32)), now=lambda: time.time() - 60 * 86400)
    return forged.issue().token


Make = Callable[[Services, Asked], Awaitable[Mapping[str, str]] | Mapping[str, str]]
Expect = Callable[[Kind, Asked], Outcome]


def always(outcome: Outcome) -> Expect:
    return lambda _, __: outcome


def among(*kinds: Kind) -> Expect:
    return lambda kind, _: "in" if kind in kinds else 403


def only_to_read(_: Kind, asked: Asked) -> Outcome:
    return "in" if asked.safe else 403


def as_a_guest(kind: Kind, _: Asked) -> Outcome:
    """What nobody in particular gets, where guests are let in. An agent is nobody's guest."""
    return 401 if kind == "agent" else "in"


def cookie(text: str, **more: str) -> dict[str, str]:
    return {"cookie": f"auth_token={text}", **more}


async def session_bearer(services: Services, scope: str, state: str = "holds") -> dict[str, str]:
    return bearer(await session(services, scope, state))


async def bound_bearer(services: Services, origin: str) -> dict[str, str]:
    """A page's session that is good for the friend's pages alone, from a page of `origin`."""
    bound = await session(services, "chat", origin=FRIEND["origin"])
    return bearer(bound) | {"origin": origin}


async def guest_bearer(services: Services) -> dict[str, str]:
    return bearer(await guest(services))


async def guest_cookie(
    services: Services,
    headers: Mapping[str, str] = MappingProxyType({}),
    *,
    text: str | None = None,
    cut: int = 0,
) -> dict[str, str]:
    """The cookie as a browser sends it back; `text` in place of its value, or its end cut off."""
    answer = await call(services.router, "POST", "/api/auth/guest", body={"cookie": True})
    name, value = answer.headers["set-cookie"].partition(";")[0].split("=", 1)
    return {"cookie": f"{name}={text or value[: len(value) - cut]}", **headers}


async def two_guest_cookies(services: Services, _: Asked) -> dict[str, str]:
    first, second = [await guest_cookie(services) for _ in range(2)]
    return {"cookie": f"{first['cookie']}; {second['cookie']}", **SAME}


async def session_cookie(services: Services) -> dict[str, str]:
    return cookie(await session(services, "chat"), sec_fetch_site="same-origin")


SAME: Final = {"sec_fetch_site": "same-origin"}
FRIEND: Final = {"origin": "https://friend.example", "sec_fetch_site": "cross-site"}
EVIL: Final = {"origin": "https://evil.example", "sec_fetch_site": "cross-site"}

CREDENTIALS: Final[dict[str, tuple[Make, Expect]]] = {
    "none": (lambda _, __: {}, as_a_guest),
    "none, from a friend's page": (lambda _, __: FRIEND, as_a_guest),
    "none, from a foreign page": (lambda _, __: EVIL, always(403)),
    "a guest's cookie of our own page": (
        lambda services, _: guest_cookie(services, SAME),
        always("in"),
    ),
    "a guest's cookie from a program": (lambda services, _: guest_cookie(services), always("in")),
    "a guest's cookie of a foreign page": (
        lambda services, _: guest_cookie(services, EVIL),
        only_to_read,
    ),
    "a guest's cookie, altered": (
        lambda services, _: guest_cookie(services, SAME, cut=5),
        always(401),
    ),
    "a jwt in the guest's cookie": (
        lambda services, _: guest_cookie(services, SAME, text=token()),
        always(401),
    ),
    "two guest's cookies": (two_guest_cookies, always(401)),
    "jwt": (lambda _, __: bearer(token()), always("in")),
    "jwt, scheme in lower case": (
        lambda _, __: {"authorization": f"bearer {token()}"},
        always("in"),
    ),
    "jwt of the previous secret": (lambda _, __: bearer(token(PREVIOUS)), always("in")),
    "jwt of a key pair, EdDSA": (lambda _, __: bearer(key_pair_token()), always("in")),
    "jwt of a key pair, RS256": (
        lambda _, __: bearer(key_pair_token(RSA, "RS256", "rsa")),
        always("in"),
    ),
    "jwt of a key pair in a cookie of our own page": (
        lambda _, __: cookie(key_pair_token(), **SAME),
        always("in"),
    ),
    "jwt of a key pair, expired": (
        lambda _, __: bearer(key_pair_token(expires_in=-61)),
        always(401),
    ),
    "jwt of a key pair, of a kid that nobody publishes": (
        lambda _, __: bearer(key_pair_token(kid="another")),
        always(401),
    ),
    "jwt of a key pair, under another key's kid": (
        lambda _, __: bearer(key_pair_token(kid="rsa")),
        always(401),
    ),
    "jwt of a key pair, of another key": (
        lambda _, __: bearer(key_pair_token(OTHER_ED)),
        always(401),
    ),
    "jwt of a key pair, by another algorithm": (
        lambda _, __: bearer(key_pair_token(RSA, "PS256", "rsa")),
        always(401),
    ),
    "an agent's access token": (lambda _, __: bearer(access_token()), among("agent")),
    "an agent's access token in a cookie": (
        lambda _, __: cookie(access_token(), **SAME),
        among("agent"),
    ),
    "an agent's access token for another server": (
        lambda _, __: bearer(access_token("https://other.example/mcp")),
        always(401),
    ),
    "an agent's own token": (lambda _, __: bearer(access_token(sub="agent")), always(401)),
    "an agent's token that is bound to a key": (
        lambda _, __: bearer(access_token(cnf={"jkt": "x"})),
        always(401),
    ),
    "an ID token of an agent": (
        lambda _, __: bearer(key_pair_token(aud="agent", auth_time=1, at_hash="x")),
        always(401),
    ),
    "jwt keyed with the public key": (
        lambda _, __: bearer(keyed_with_the_public_key()),
        always(401),
    ),
    "guest": (lambda services, _: guest_bearer(services), always("in")),
    "a page's session": (lambda s, _: session_bearer(s, "chat"), among("page", "own")),
    "a personal token": (lambda s, _: session_bearer(s, "mcp"), among("agent", "own")),
    "an expired session": (lambda s, _: session_bearer(s, "chat", "expired"), always(401)),
    "a revoked session": (lambda s, _: session_bearer(s, "chat", "revoked"), always(401)),
    "an expired personal token": (lambda s, _: session_bearer(s, "mcp", "expired"), always(401)),
    "a revoked personal token": (lambda s, _: session_bearer(s, "mcp", "revoked"), always(401)),
    "a page's session at the origin it is bound to": (
        lambda s, _: bound_bearer(s, FRIEND["origin"]),
        among("page", "own"),
    ),
    "a page's session at another origin": (
        lambda s, _: bound_bearer(s, EVIL["origin"]),
        always(403),
    ),
    "a session that never was": (lambda _, __: bearer("cks_" + "A" * 43), always(401)),
    "jwt in a cookie of our own page": (lambda _, __: cookie(token(), **SAME), always("in")),
    "jwt in a cookie of a friend's page": (lambda _, __: cookie(token(), **FRIEND), always("in")),
    "jwt in a cookie of a foreign page": (lambda _, __: cookie(token(), **EVIL), only_to_read),
    "jwt in a cookie from nowhere": (lambda _, __: cookie(token()), only_to_read),
    "a session in a cookie": (lambda s, _: session_cookie(s), always(401)),
    "two cookies": (
        lambda _, __: {"cookie": f"auth_token={token()}; auth_token=x", **SAME},
        always(401),
    ),
    "Better Auth's own cookie": (
        lambda _, __: {"cookie": f"better-auth.session_token={token()}", **SAME},
        as_a_guest,
    ),
    "jwt, expired": (lambda _, __: bearer(token(expires_in=-61)), always(401)),
    "jwt without an end": (lambda _, __: bearer(token(exp=None)), always(401)),
    "jwt, altered signature": (lambda _, __: bearer(token()[:-5] + "AAAAA"), always(401)),
    "jwt, altered claims": (lambda _, __: bearer(swapped(token())), always(401)),
    "jwt of another secret": (lambda _, __: bearer(token("x" * 48)), always(401)),
    "jwt of another algorithm": (lambda _, __: bearer(token(algorithm="HS512")), always(401)),
    "jwt, alg none": (lambda _, __: bearer(unsigned()), always(401)),
    "jwt of a guest": (lambda _, __: bearer(token(sub="guest_" + "0" * 32)), always(401)),
    "jwt of nobody": (lambda _, __: bearer(token(sub="")), always(401)),
    "a guest of another server": (lambda _, __: bearer(expired_guest()), always(401)),
    "garbage": (lambda _, __: bearer("garbage"), always(401)),
    "another scheme": (lambda _, __: {"authorization": "Basic YWRhOnB3"}, always(401)),
    "a good cookie beside a bad token": (
        lambda _, __: bearer("garbage") | cookie(token(), **SAME),
        always(401),
    ),
    "signed": (lambda _, asked: signature(asked), always("in")),
    "signed, again": (replayed, always(401)),
    "signed with another secret": (
        lambda _, asked: signature(asked, secret="x" * 48),
        always(401),
    ),
    "signed long ago": (lambda _, asked: signature(asked, off=-400), always(401)),
    "signed for later": (lambda _, asked: signature(asked, off=400), always(401)),
    "signed for a guest": (lambda _, asked: signature(asked, user_id="guest_1"), always(401)),
    "signed, with a token as well": (
        lambda _, asked: signature(asked) | bearer(token()),
        always(401),
    ),
    "signed for another path": (
        lambda _, asked: signature(Asked(method=asked.method, path="/x", body=asked.body)),
        always(401),
    ),
}
