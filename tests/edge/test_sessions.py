"""Sessions by their routes and their use, on a real database."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from chatkit.access.sessions import SessionScope
from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.guest_door import GuestPolicy
from chatkit.edge.router import Route, Router, answering
from chatkit.edge.sessions import SessionRoutes, SessionVerifier
from chatkit.protocol.jsontext import dumps
from store.postgres import Database
from store.sessions import Sessions
from tests.edge import sign_ins
from tests.edge.calls import Answer, call

NOW = 1_800_000_000.0
SECRET = "the secret that Better Auth and this server share"
PATH = "/api/chatkit/session"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, max_connections=2)
    yield database
    await database.close()


def build(database: Database, *, policy: GuestPolicy = "local") -> Router:
    """The session routes, and one of each kind that takes them: what it answers is who asked."""
    sessions = Sessions(database)
    authenticator = sign_ins.build(
        policy=policy,
        secret=SECRET,
        clock=lambda: NOW,
        trusted="",
        verifiers=[SessionVerifier(sessions)],
    )
    routes = SessionRoutes(
        authenticator=authenticator, sessions=sessions, domain_key="key", max_body_bytes=4096
    )

    def who(*scopes: SessionScope) -> Any:
        async def answer(request: HttpRequest) -> Reply:
            user = await authenticator.authenticate(request, sessions=scopes)
            return json_reply(dumps(user.user_id))

        return {"GET": answering(answer), "POST": answering(answer)}

    async def guest(request: HttpRequest) -> Reply:
        issued = await authenticator.issue_guest(request)
        return json_reply(dumps({"token": issued.token, "user_id": issued.user_id}))

    own = {
        "GET": answering(routes.list),
        "POST": answering(routes.open),
        "DELETE": answering(routes.revoke_own),
    }
    return Router(
        [
            Route(PATH, own),
            Route(PATH + "/{id}", {"DELETE": answering(routes.revoke)}),
            Route("/chat", who("chat")),
            Route("/mcp", who("mcp")),
            Route("/user", who()),
            Route("/guest", {"POST": answering(guest)}),
        ]
    )


@pytest.fixture
def router(database: Database) -> Router:
    return build(database)


def user(name: str = "ada") -> str:
    return "Bearer " + jwt.encode({"sub": name, "exp": NOW + 900}, SECRET, algorithm="HS256")


async def opened(router: Router, by: str = "ada", **body: object) -> Any:
    answer = await call(router, "POST", PATH, body=body, authorization=user(by))
    assert answer.status == 200, answer.body
    return answer.json()


async def use(router: Router, path: str, session: Any, **fields: str) -> Answer:
    return await call(
        router, "GET", path, authorization=f"Bearer {session['client_secret']}", **fields
    )


# --- Opening --------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", {}, {"scope": None, "user": "x", "workflow": {"id": "wf"}}])
async def test_a_user_gets_a_session_for_an_hour(router: Router, body: object) -> None:
    answer = await call(router, "POST", PATH, body=body, authorization=user())
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    session = answer.json()
    assert re.fullmatch(r"cks_[A-Za-z0-9_-]{43}", session.pop("client_secret"))
    assert session.pop("id")
    expires_at = datetime.fromtimestamp(session.pop("expires_at"), UTC)
    assert abs(expires_at - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)
    assert session == {
        "object": "chatkit.session",
        "user": "ada",
        "domain_key": "key",
        "expires_in": 3600,
        "user_id": "ada",
        "status": "active",
    }


async def test_two_sessions_have_two_secrets(router: Router) -> None:
    first, second = [await opened(router) for _ in range(2)]
    assert first["client_secret"] != second["client_secret"]


@pytest.mark.parametrize(
    ("body", "expires_in"),
    [
        ({"scope": "chat"}, 3600),
        ({"expires_in": 60}, 60),
        ({"scope": "mcp"}, 90 * 86400),
        ({"scope": "mcp", "expires_in": 365 * 86400}, 365 * 86400),
    ],
)
async def test_how_long_a_session_lasts(
    router: Router, body: dict[str, Any], expires_in: int
) -> None:
    session = await opened(router, **body)
    assert session["expires_in"] == expires_in
    left_s = session["expires_at"] - datetime.now(UTC).timestamp()
    assert abs(left_s - expires_in) < 60


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "admin"}, "scope"),
        ({"scope": ["chat"]}, "scope"),
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": -1}, "expires_in"),
        ({"expires_in": 3601}, "expires_in"),
        ({"expires_in": True}, "expires_in"),
        ({"expires_in": "60"}, "expires_in"),
        ({"expires_in": 1.5}, "expires_in"),
        ({"scope": "mcp", "expires_in": 365 * 86400 + 1}, "expires_in"),
        ({"scope": "mcp", "expires_in": 10**400}, "expires_in"),
        ({"origin": "app.example"}, "origin"),
        ({"origin": "https://app.example/path"}, "origin"),
        ({"origin": 7}, "origin"),
        ({"name": ""}, "name"),
        ({"name": "a" * 101}, "name"),
        ({"name": 7}, "name"),
        ([], "the body"),
        (b"null", "the body"),
        (b"scope=chat", "the body"),
        (b'{"name": "\\ud800"}', "the body"),
    ],
)
async def test_a_bad_wish_is_named(router: Router, body: object, field: str) -> None:
    answer = await call(router, "POST", PATH, body=body, authorization=user())
    assert answer.status == 400
    assert answer.json()["error"]["message"].startswith(field)


async def test_nobody_opens_a_session_without_having_signed_in(database: Database) -> None:
    answer = await call(build(database, policy="off"), "POST", PATH)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"


# --- Using ----------------------------------------------------------------------------------------


async def test_a_session_opens_what_asks_for_its_scope_and_nothing_else(router: Router) -> None:
    chat, agent = await opened(router), await opened(router, scope="mcp")
    status = {
        (session["expires_in"], path): (await use(router, path, session)).status
        for session in (chat, agent)
        for path in ("/chat", "/mcp", "/user", PATH)
    }
    hour, long = chat["expires_in"], agent["expires_in"]
    assert status == {
        (hour, "/chat"): 200,
        (hour, "/mcp"): 403,
        (hour, "/user"): 403,
        (hour, PATH): 403,
        (long, "/chat"): 403,
        (long, "/mcp"): 200,
        (long, "/user"): 403,
        (long, PATH): 403,
    }
    assert (await use(router, "/chat", chat)).json() == "ada"


async def test_a_session_opens_no_further_session(router: Router) -> None:
    session = await opened(router)
    authorization = f"Bearer {session['client_secret']}"
    answer = await call(router, "POST", PATH, authorization=authorization)
    assert answer.status == 403
    other = await opened(router)
    answer = await call(router, "DELETE", f"{PATH}/{other['id']}", authorization=authorization)
    assert answer.status == 403


@pytest.mark.parametrize(
    "change",
    [
        lambda secret: secret[:-1] + ("A" if secret[-1] != "A" else "B"),
        lambda secret: secret[:-1],
        lambda secret: secret + "A",
        lambda secret: secret.upper(),
        lambda secret: secret.removeprefix("cks_"),
        lambda _: "cks_",
        lambda _: "cks_" + "A" * 43,
    ],
)
async def test_an_altered_secret_is_none(router: Router, change: Any) -> None:
    session = await opened(router)
    session["client_secret"] = change(session["client_secret"])
    answer = await use(router, "/chat", session)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_secret_is_not_taken_from_a_cookie(router: Router) -> None:
    session = await opened(router)
    cookie = f"auth_token={session['client_secret']}"
    assert (await call(router, "GET", "/chat", cookie=cookie)).status == 401


async def test_an_expired_session_opens_nothing(router: Router, database: Database) -> None:
    session = await opened(router)
    await database.execute("UPDATE sessions SET expires_at = clock_timestamp()")
    assert (await use(router, "/chat", session)).status == 401


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("https://app.example", 200),
        ("https://APP.example:443", 200),
        ("http://app.example", 403),
        ("https://friend.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_a_session_that_is_bound_to_a_page_is_refused_to_another(
    router: Router, origin: str | None, status: int
) -> None:
    session = await opened(router, origin="https://App.example")
    fields = {} if origin is None else {"origin": origin}
    assert (await use(router, "/chat", session, **fields)).status == status


async def test_an_unbound_session_may_be_used_from_any_page(router: Router) -> None:
    answer = await use(router, "/chat", await opened(router), origin="https://any.example")
    assert answer.status == 200


# --- Ending ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["chat", "mcp"])
async def test_a_session_can_end_itself_and_holds_no_longer(router: Router, scope: str) -> None:
    session, other = await opened(router, scope=scope), await opened(router, scope=scope)
    authorization = f"Bearer {session['client_secret']}"
    assert (await use(router, f"/{scope}", session)).status == 200
    answer = await call(router, "DELETE", PATH, authorization=authorization)
    assert (answer.status, answer.body) == (204, b"")
    assert (await use(router, f"/{scope}", session)).status == 401
    assert (await call(router, "DELETE", PATH, authorization=authorization)).status == 401
    assert (await use(router, f"/{scope}", other)).status == 200


async def test_a_user_ends_one_session_by_its_secret_or_its_id(router: Router) -> None:
    one, two, three = [await opened(router) for _ in range(3)]
    body = {"client_secret": one["client_secret"]}
    assert (await call(router, "DELETE", PATH, body=body, authorization=user())).status == 204
    path = f"{PATH}/{two['id']}"
    assert (await call(router, "DELETE", path, authorization=user())).status == 204
    used = [(await use(router, "/chat", session)).status for session in (one, two, three)]
    assert used == [401, 401, 200]
    assert (await call(router, "DELETE", PATH, body=body, authorization=user())).status == 404
    assert (await call(router, "DELETE", path, authorization=user())).status == 404


async def test_signing_out_ends_every_page_and_no_agent(router: Router) -> None:
    pages = [await opened(router) for _ in range(2)]
    agent, other = await opened(router, scope="mcp"), await opened(router, "bob")
    assert (await call(router, "DELETE", PATH, authorization=user())).status == 204
    assert [(await use(router, "/chat", page)).status for page in pages] == [401, 401]
    assert (await use(router, "/mcp", agent)).status == 200
    assert (await use(router, "/chat", other)).status == 200


async def test_a_session_of_another_user_is_not_there(router: Router) -> None:
    session = await opened(router)
    body = {"client_secret": session["client_secret"]}
    bob = user("bob")
    assert (await call(router, "DELETE", PATH, body=body, authorization=bob)).status == 404
    path = f"{PATH}/{session['id']}"
    assert (await call(router, "DELETE", path, authorization=bob)).status == 404
    assert (await call(router, "GET", PATH, authorization=bob)).json() == {
        "data": [],
        "has_more": False,
    }
    assert (
        await call(router, "GET", f"{PATH}?after={session['id']}", authorization=bob)
    ).status == 400
    assert (await use(router, "/chat", session)).status == 200


async def test_a_user_sees_the_sessions_without_their_secrets(router: Router) -> None:
    page = await opened(router, origin="https://app.example")
    agent = await opened(router, scope="mcp", name="laptop")
    answer = await call(router, "GET", PATH, authorization=user())
    assert answer.status == 200
    assert b"cks_" not in answer.body
    listed = answer.json()
    for entry in listed["data"]:
        assert datetime.fromisoformat(entry.pop("created_at")) < datetime.now(UTC)
        entry["expires_at"] = int(datetime.fromisoformat(entry["expires_at"]).timestamp())
    assert listed == {
        "data": [
            {
                "id": agent["id"],
                "scope": "mcp",
                "name": "laptop",
                "origin": None,
                "expires_at": agent["expires_at"],
            },
            {
                "id": page["id"],
                "scope": "chat",
                "name": None,
                "origin": "https://app.example",
                "expires_at": page["expires_at"],
            },
        ],
        "has_more": False,
    }
    first = await call(router, "GET", f"{PATH}?limit=1", authorization=user())
    assert first.json()["after"] == agent["id"]
    rest = await call(router, "GET", f"{PATH}?limit=900&after={agent['id']}", authorization=user())
    assert [entry["id"] for entry in rest.json()["data"]] == [page["id"]]


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "limit=1e9", "after=x"])
async def test_a_page_that_is_none_is_refused(router: Router, query: str) -> None:
    answer = await call(router, "GET", f"{PATH}?{query}", authorization=user())
    assert answer.status == 400


# --- Guests ---------------------------------------------------------------------------------------


async def test_a_guest_has_sessions_where_guests_are_let_in_and_nowhere_else(
    router: Router, database: Database
) -> None:
    guest = (await call(router, "POST", "/guest")).json()
    answer = await call(router, "POST", PATH, authorization=f"Bearer {guest['token']}")
    session = answer.json()
    assert session["user_id"] == guest["user_id"]
    assert (await use(router, "/chat", session)).json() == guest["user_id"]
    proxied = await use(router, "/chat", session, x_forwarded_for="203.0.113.7")
    assert proxied.status == 403
    assert proxied.json()["error"]["code"] == "guests_off"
    closed = build(database, policy="off")
    assert (await use(closed, "/chat", session)).status == 403


async def test_a_session_of_a_guest_does_not_become_the_guest(router: Router) -> None:
    guest = (await call(router, "POST", "/guest")).json()
    answer = await call(router, "POST", PATH, authorization=f"Bearer {guest['token']}")
    secret = answer.json()["client_secret"]
    other = await call(router, "POST", "/guest", authorization=f"Bearer {secret}")
    assert other.json()["user_id"] != guest["user_id"]
