"""Every kind of credential at every route of the real application.

The table of routes must name each route that is served, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import jwt
import pytest
import pytest_asyncio

from app import Services
from chatkit.edge.guests import GuestTokens
from chatkit.edge.signing import sign
from chatkit.protocol.jsontext import dumps
from store.embedded import EmbeddedPostgres
from tests.conftest import fresh_database
from tests.edge.application import running
from tests.edge.calls import call

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET: Final = "the secret that Better Auth and this server share, long enough for HS512"
SIGNING: Final = "the secret that two servers of one operator share"
NOBODY: Final = "00000000-0000-4000-8000-000000000000"

#: `open`: anybody. `page`: a user or a page's session. `user`: a user alone. `own`: a user or any
#: session. `agent`: a user or a personal token.
Kind = Literal["open", "page", "user", "own", "agent"]

CHAT: Final = {"type": "threads.list", "params": {}}
PING: Final = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
TASK: Final = {"title": "tea"}

ROUTES: Final[dict[tuple[str, str], tuple[Kind, object]]] = {
    ("POST", "/api/chatkit"): ("page", CHAT),
    ("POST", "/api/chatkit/"): ("page", CHAT),
    ("GET", "/api/chatkit/session"): ("user", b""),
    ("POST", "/api/chatkit/session"): ("user", b""),
    ("DELETE", "/api/chatkit/session"): ("own", b""),
    ("DELETE", "/api/chatkit/session/{id}"): ("user", b""),
    ("GET", "/api/chatkit/health"): ("open", b""),
    ("GET", "/api/chatkit/threads/{id}/events"): ("page", b""),
    ("POST", "/api/chatkit/threads/{id}/cancel"): ("page", b""),
    ("PUT", "/api/chatkit/threads/{id}/status"): ("user", {"type": "active"}),
    ("GET", "/api/chatkit/options"): ("page", b""),
    ("GET", "/api/chatkit/entities"): ("page", b""),
    ("GET", "/api/chatkit/entities/{id}/preview"): ("page", b""),
    ("POST", "/api/chatkit/upload"): ("page", b""),
    ("PUT", "/api/chatkit/upload/{id}"): ("page", b""),
    ("POST", "/api/chatkit/upload/{id}"): ("page", b""),
    ("GET", "/api/chatkit/files/{id}"): ("page", b""),
    ("POST", "/api/auth/guest"): ("open", b""),
    ("GET", "/api/tasks"): ("page", b""),
    ("POST", "/api/tasks"): ("page", TASK),
    ("GET", "/api/tasks/{id}"): ("page", b""),
    ("PUT", "/api/tasks/{id}"): ("page", TASK),
    ("PATCH", "/api/tasks/{id}"): ("page", TASK),
    ("DELETE", "/api/tasks/{id}"): ("page", b""),
    ("PATCH", "/api/tasks/{id}/complete"): ("page", {"completed": True}),
    ("POST", "/mcp"): ("agent", PING),
    ("POST", "/mcp/"): ("agent", PING),
    ("GET", "/"): ("open", b""),
    ("GET", "/page/{name}"): ("open", b""),
}
CLOSED: Final = [route for route, (kind, _) in ROUTES.items() if kind != "open"]

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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(postgres_server: EmbeddedPostgres) -> AsyncIterator[Services]:
    """The application with every way to sign in, and no limits."""
    async with (
        fresh_database(postgres_server) as database_url,
        running(
            database_url,
            BETTER_AUTH_SECRET=SECRET,
            SIGNING_SECRET=SIGNING,
            GUESTS="on",
            ALLOWED_ORIGINS="https://friend.example",
        ) as services,
    ):
        yield services


def token(
    secret: str = SECRET, algorithm: str = "HS256", *, expires_in: float = 600, **more: Any
) -> str:
    claims = {"sub": "ada", "exp": int(time.time() + expires_in), **more}
    return jwt.encode(claims, secret, algorithm)


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


async def session(services: Services, scope: str, state: str = "holds") -> str:
    """The `client_secret` of a new session of ada's."""
    path, ada = "/api/chatkit/session", bearer(token())
    answer = await call(services.router, "POST", path, body={"scope": scope}, **ada)
    opened = answer.json()
    if state == "revoked":
        await call(services.router, "DELETE", f"{path}/{opened['id']}", **ada)
    elif state == "expired":
        query = "UPDATE sessions SET expires_at = now() - interval '1 s' WHERE id = $1"
        await services.database.execute(query, opened["id"])
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
    forged = GuestTokens(key=bytes(32), now=lambda: time.time() - 60 * 86400)
    return forged.issue().token


Make = Callable[[Services, Asked], Awaitable[Mapping[str, str]] | Mapping[str, str]]
Expect = Callable[[Kind, Asked], Outcome]


def always(outcome: Outcome) -> Expect:
    return lambda _, __: outcome


def among(*kinds: Kind) -> Expect:
    return lambda kind, _: "in" if kind in kinds else 403


def only_to_read(_: Kind, asked: Asked) -> Outcome:
    return "in" if asked.safe else 403


def cookie(text: str, **more: str) -> dict[str, str]:
    return {"cookie": f"auth_token={text}", **more}


async def session_bearer(services: Services, scope: str, state: str = "holds") -> dict[str, str]:
    return bearer(await session(services, scope, state))


async def guest_bearer(services: Services) -> dict[str, str]:
    return bearer(await guest(services))


async def session_cookie(services: Services) -> dict[str, str]:
    return cookie(await session(services, "chat"), sec_fetch_site="same-origin")


SAME: Final = {"sec_fetch_site": "same-origin"}
FRIEND: Final = {"origin": "https://friend.example", "sec_fetch_site": "cross-site"}
EVIL: Final = {"origin": "https://evil.example", "sec_fetch_site": "cross-site"}

CREDENTIALS: Final[dict[str, tuple[Make, Expect]]] = {
    "none": (lambda _, __: {}, always(401)),
    "jwt": (lambda _, __: bearer(token()), always("in")),
    "jwt, scheme in lower case": (
        lambda _, __: {"authorization": f"bearer {token()}"},
        always("in"),
    ),
    "guest": (lambda services, _: guest_bearer(services), always("in")),
    "a page's session": (lambda s, _: session_bearer(s, "chat"), among("page", "own")),
    "a personal token": (lambda s, _: session_bearer(s, "mcp"), among("agent", "own")),
    "an expired session": (lambda s, _: session_bearer(s, "chat", "expired"), always(401)),
    "a revoked session": (lambda s, _: session_bearer(s, "chat", "revoked"), always(401)),
    "an expired personal token": (lambda s, _: session_bearer(s, "mcp", "expired"), always(401)),
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
        always(401),
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


async def test_the_table_names_every_route(services: Services) -> None:
    served = {(method, route.path) for route in services.router.routes for method in route.methods}
    assert served == ROUTES.keys()


def asked_at(route: tuple[str, str]) -> Asked:
    method, pattern = route
    body = ROUTES[route][1]
    return Asked(
        method=method,
        path=pattern.replace("{id}", NOBODY).replace("{name}", "page.js"),
        body=body if isinstance(body, bytes) else dumps(body).encode(),
    )


async def answered(services: Services, asked: Asked, headers: Mapping[str, str]) -> int:
    fields = {"content_type": "application/json", "accept": "application/json", **headers}
    answer = await call(services.router, asked.method, asked.path, body=asked.body, **fields)
    if answer.status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    return answer.status


def outcome_of(status: int) -> Outcome:
    """Ids of nothing are used, so who is let in finds nothing."""
    assert status < 500, status
    return 401 if status == 401 else 403 if status == 403 else "in"


@pytest.mark.parametrize("name", CREDENTIALS)
async def test_a_credential_opens_the_routes_that_it_is_for(services: Services, name: str) -> None:
    make, expect = CREDENTIALS[name]
    outcomes, expected = {}, {}
    for route in CLOSED:
        asked = asked_at(route)
        made = make(services, asked)
        headers = made if isinstance(made, Mapping) else await made
        outcomes[route] = outcome_of(await answered(services, asked, headers))
        expected[route] = expect(ROUTES[route][0], asked)
    assert outcomes == expected


@pytest.mark.parametrize("name", CREDENTIALS)
async def test_an_open_route_is_open_whatever_is_shown(services: Services, name: str) -> None:
    make, _ = CREDENTIALS[name]
    for route in ROUTES.keys() - CLOSED:
        asked = asked_at(route)
        if name == "signed, again":  # nothing looks at the first one either
            continue
        made = make(services, asked)
        headers = made if isinstance(made, Mapping) else await made
        assert await answered(services, asked, headers) == 200, route


async def test_a_signed_body_cannot_be_exchanged_where_a_body_acts(services: Services) -> None:
    for route in CLOSED:
        asked = asked_at(route)
        if asked.body == b"":
            continue
        headers = signature(Asked(method=asked.method, path=asked.path, body=b'{"title": "other"}'))
        assert await answered(services, asked, headers) == 401, route
