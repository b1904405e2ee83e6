"""Every kind of credential at every route of the real application.

The table of routes must name each route that is served, so that a new one cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final, Literal

import pytest
import pytest_asyncio

from app import Services
from chatkit.protocol.jsontext import dumps
from store.embedded import EmbeddedPostgres
from tests.conftest import fresh_database
from tests.edge.application import running
from tests.edge.calls import call
from tests.edge.credentials import (
    CREDENTIALS,
    ED,
    PREVIOUS,
    RSA,
    SECRET,
    SIGNING,
    Asked,
    Kind,
    Outcome,
    bearer,
    signature,
    token,
)
from tests.edge.issuer import open_issuer, public_jwk
from tests.files import END, MULTIPART, PNG, part

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY: Final = "00000000-0000-4000-8000-000000000000"

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
    ("GET", "/api/chatkit/threads"): ("page", b""),
    ("GET", "/api/chatkit/threads/{id}/events"): ("page", b""),
    ("POST", "/api/chatkit/threads/{id}/cancel"): ("page", b""),
    ("PUT", "/api/chatkit/threads/{id}/status"): ("user", {"type": "active"}),
    ("GET", "/api/chatkit/options"): ("page", b""),
    ("GET", "/api/chatkit/tools"): ("page", b""),
    ("GET", "/api/chatkit/entities"): ("page", b""),
    ("GET", "/api/chatkit/entities/{id}/preview"): ("page", b""),
    ("POST", "/api/chatkit/upload"): ("page", b""),
    ("PUT", "/api/chatkit/upload/{id}"): ("page", b""),
    ("POST", "/api/chatkit/upload/{id}"): ("page", b""),
    ("GET", "/api/chatkit/files/{id}"): ("page", b""),
    ("POST", "/api/auth/guest"): ("open", {"cookie": True}),
    ("GET", "/guest"): ("open", b""),
    ("GET", "/api/chatkit/export"): ("user", b""),
    ("POST", "/api/chatkit/import"): ("user", {"format": "chatkit-export"}),
    ("GET", "/api/chatkit/usage"): ("user", b""),
    ("DELETE", "/api/chatkit/me"): ("user", b""),
    ("GET", "/api/tasks"): ("page", b""),
    ("POST", "/api/tasks"): ("page", TASK),
    ("GET", "/api/tasks/{id}"): ("page", b""),
    ("PUT", "/api/tasks/{id}"): ("page", TASK),
    ("PATCH", "/api/tasks/{id}"): ("page", TASK),
    ("DELETE", "/api/tasks/{id}"): ("page", b""),
    ("PATCH", "/api/tasks/{id}/complete"): ("page", {"completed": True}),
    ("POST", "/api/tasks/{id}/restore"): ("page", b""),
    ("POST", "/mcp"): ("agent", PING),
    ("POST", "/mcp/"): ("agent", PING),
    ("GET", "/.well-known/oauth-protected-resource"): ("open", b""),
    ("GET", "/.well-known/oauth-protected-resource/mcp"): ("open", b""),
    ("GET", "/"): ("open", b""),
    ("GET", "/page/{name}"): ("open", b""),
}
CLOSED: Final = [route for route, (kind, _) in ROUTES.items() if kind != "open"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(postgres_server: EmbeddedPostgres) -> AsyncIterator[Services]:
    """The application with every way to sign in, and no limits."""
    async with (
        open_issuer(public_jwk(ED, "ed"), public_jwk(RSA, "rsa", alg="RS256")) as issuer,
        fresh_database(postgres_server) as database_url,
        running(
            database_url,
            MAX_SESSIONS="1000",
            BETTER_AUTH_SECRET=SECRET,
            BETTER_AUTH_SECRET_PREVIOUS=PREVIOUS,
            BETTER_AUTH_URL=issuer.url.removesuffix("/jwks"),
            SIGNING_SECRET=SIGNING,
            GUESTS="on",
            ALLOWED_ORIGINS="https://friend.example",
        ) as services,
    ):
        yield services


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
        challenge = answer.headers["www-authenticate"]
        assert challenge.partition(" ")[0] == "Bearer"
        assert ("resource_metadata" in challenge) == asked.path.startswith("/mcp")
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
        expected = 200
        if route == ("POST", "/api/auth/guest"):
            # Any page could make guests; one of another site says so in a header that it cannot
            # forge. A guest whose token is not valid is told so.
            if "foreign page" in name:
                expected = 403
            elif name in _BROKEN_GUESTS:
                expected = 401
        elif route == ("GET", "/guest"):
            expected = 403  # without a link
        assert await answered(services, asked, headers) == expected, route


_BROKEN_GUESTS: Final = {
    "a guest of another server",
    "a guest's cookie, altered",
    "a jwt in the guest's cookie",
    "two guest's cookies",
}


async def link_to(services: Services, use: Literal["read", "upload"]) -> tuple[str, str]:
    """The id of a file of ada's, and the query of a signed URL of the kind."""
    ada = bearer(token())
    if use == "upload":
        body = {
            "type": "attachments.create",
            "params": {"name": "a.txt", "size": 5, "mime_type": "text/plain"},
        }
        answer = await call(services.router, "POST", "/api/chatkit", body=body, **ada)
        url = answer.json()["upload_descriptor"]["url"]
    else:
        path, form = "/api/chatkit/upload", part(PNG) + END
        answer = await call(services.router, "POST", path, body=form, content_type=MULTIPART, **ada)
        url = answer.json()["preview_url"]
    return str(answer.json()["id"]), str(url).partition("?")[2]


def nobody(route: tuple[str, str]) -> Outcome:
    """What a request without a credential gets there."""
    return CREDENTIALS["none"][1](ROUTES[route][0], asked_at(route))


@pytest.mark.parametrize("use", ["read", "upload"])
async def test_a_signed_link_is_good_for_one_use_of_one_file(
    services: Services, use: Literal["read", "upload"]
) -> None:
    """At the other use it is refused, and no other route looks at it."""
    place = {"read": "/api/chatkit/files/{id}", "upload": "/api/chatkit/upload/{id}"}
    file_id, query = await link_to(services, use)
    other_id, _ = await link_to(services, use)
    outcomes: dict[tuple[object, str], Outcome] = {}
    expected: dict[tuple[object, str], Outcome] = {}
    for route in CLOSED:
        asked = asked_at(route)
        for named in (file_id, other_id):
            path = f"{asked.path.replace(NOBODY, named)}?{query}"
            request = Asked(method=asked.method, path=path, body=asked.body)
            outcomes[route, named] = outcome_of(await answered(services, request, {}))
            expected[route, named] = 403 if route[1] in place.values() else nobody(route)
        if route[1] == place[use]:
            expected[route, file_id] = "in"
    assert outcomes == expected


async def test_a_signed_body_cannot_be_exchanged_where_a_body_acts(services: Services) -> None:
    for route in CLOSED:
        asked = asked_at(route)
        if asked.body == b"":
            continue
        headers = signature(Asked(method=asked.method, path=asked.path, body=b'{"title": "other"}'))
        assert await answered(services, asked, headers) == 401, route
