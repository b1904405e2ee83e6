"""Signed requests, on a real database: what is bound, for how long, and how often it holds."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import jwt
import pytest

from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.router import Route, Router, answering
from chatkit.edge.signing import WINDOW_S, Signatures
from chatkit.protocol.jsontext import dumps
from store.postgres import Database
from store.signatures import UsedSignatures
from tests.edge import sign_ins
from tests.edge.calls import Answer, call
from tests.edge.signed import sign

NOW = 1_800_000_000.0
SECRET = "the secret that two servers of one operator share"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, max_connections=2)
    yield database
    await database.close()


def build(database: Database, *, on: bool = True) -> Router:
    """A route that answers who asked, and one that asks for the body as well."""
    signatures = Signatures(secret=SECRET, used=UsedSignatures(database), now=lambda: NOW)
    authenticator = sign_ins.build(
        policy="off",
        secret=SECRET,
        clock=lambda: NOW,
        trusted="",
        signatures=signatures if on else None,
    )

    async def who(request: HttpRequest) -> Reply:
        user = await authenticator.authenticate(request)
        return json_reply(dumps(user.user_id))

    async def body(request: HttpRequest) -> Reply:
        await authenticator.authenticate(request)
        return Reply(200, await request.body(max_bytes=1000))

    return Router(
        [
            Route("/who", {"GET": answering(who), "POST": answering(who)}),
            Route("/body", {"POST": answering(body)}),
        ]
    )


@pytest.fixture
def router(database: Database) -> Router:
    return build(database)


def signed(**changed: Any) -> dict[str, str]:
    """The headers of GET /who by ada, or of what is changed of it."""
    given = {"user_id": "ada", "timestamp": f"{NOW:.0f}", "method": "GET", "target": "/who"}
    return fields(sign(SECRET, **{**given, **changed}))


def fields(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower().replace("-", "_"): value for name, value in headers.items()}


def message(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["message"]


async def test_a_signed_request_is_its_users(router: Router) -> None:
    answer = await call(router, "GET", "/who", **signed())
    assert (answer.status, answer.json()) == (200, "ada")


async def test_the_documented_example_holds(router: Router) -> None:
    """The text of the module's docstring, put together by hand."""
    body = b'{"title": "tea"}'
    text = f"chatkit-v1\n1800000000\nada\nPOST\n/body?x=1\n{sha256(body).hexdigest()}"
    answer = await call(
        router,
        "POST",
        "/body?x=1",
        body=body,
        x_chatkit_user="ada",
        x_chatkit_timestamp="1800000000",
        x_chatkit_content_sha256=sha256(body).hexdigest(),
        x_chatkit_signature="v1=" + hmac.new(SECRET.encode(), text.encode(), sha256).hexdigest(),
    )
    assert (answer.status, answer.body) == (200, body)


async def test_a_user_id_may_be_of_any_script(router: Router) -> None:
    headers = signed(user_id="söfia-索菲亚")
    answer = await call(router, "GET", "/who", **headers)
    assert (answer.status, answer.json()) == (200, "söfia-索菲亚")


@pytest.mark.parametrize(
    "changed",
    [
        {"user_id": "bob"},
        {"method": "POST"},
        {"target": "/who?x=1"},
        {"target": "/body"},
        {"timestamp": f"{NOW + 1:.0f}"},
        {"body": b"x"},
    ],
)
async def test_nothing_that_is_signed_can_be_changed(
    router: Router, changed: dict[str, Any]
) -> None:
    headers = {**signed(**changed), **fields_that_stay(signed())}
    answer = await call(router, "GET", "/who", **headers)
    assert message(answer) == (401, "the signature does not hold")


def fields_that_stay(headers: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in headers.items() if name != "x_chatkit_signature"}


async def test_another_secret_does_not_hold(router: Router) -> None:
    headers = sign("x" * 32, user_id="ada", timestamp=f"{NOW:.0f}", method="GET", target="/who")
    answer = await call(router, "GET", "/who", **fields(headers))
    assert message(answer) == (401, "the signature does not hold")


async def test_the_body_is_the_signed_one(router: Router) -> None:
    headers = signed(method="POST", target="/body", body=b"mine")
    answer = await call(router, "POST", "/body", body=b"thine", **headers)
    assert message(answer) == (401, "the body is not the one that was signed")


async def test_a_request_is_taken_once(router: Router, database: Database) -> None:
    headers = signed()
    assert (await call(router, "GET", "/who", **headers)).status == 200
    for other in (router, build(database)):  # another process sees it too
        answer = await call(other, "GET", "/who", **headers)
        assert message(answer) == (401, "the signature was used before")


async def test_a_fraction_tells_two_requests_of_one_second_apart(router: Router) -> None:
    for timestamp in (f"{NOW:.3f}", f"{NOW + 0.001:.3f}"):
        assert (await call(router, "GET", "/who", **signed(timestamp=timestamp))).status == 200


@pytest.mark.parametrize(
    ("off", "status"),
    [(-WINDOW_S - 1, 401), (-WINDOW_S, 200), (WINDOW_S, 200), (WINDOW_S + 1, 401)],
)
async def test_a_signature_holds_for_the_window(router: Router, off: float, status: int) -> None:
    headers = signed(timestamp=f"{NOW + off:.0f}")
    assert (await call(router, "GET", "/who", **headers)).status == status


async def test_what_is_over_is_forgotten_and_what_is_not_is_kept(database: Database) -> None:
    used = UsedSignatures(database)
    assert await used.use("ada", bytes(32), keep_s=-1)
    assert await used.use("ada", b"1" * 32, keep_s=600)
    rows = await database.fetch("SELECT signature FROM used_signatures")
    assert [row["signature"] for row in rows] == [b"1" * 32]


@pytest.mark.parametrize("user_id", ["guest_" + "0" * 32, "", "x" * 256, "a\x7fb"])
async def test_some_users_nobody_speaks_for(router: Router, user_id: str) -> None:
    assert (await call(router, "GET", "/who", **signed(user_id=user_id))).status == 401


@pytest.mark.parametrize(
    "name", ["x_chatkit_user", "x_chatkit_timestamp", "x_chatkit_content_sha256"]
)
async def test_a_header_that_is_missing_is_no_500(router: Router, name: str) -> None:
    headers = {key: text for key, text in signed().items() if key != name}
    assert (await call(router, "GET", "/who", **headers)).status == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"x_chatkit_timestamp": "soon"},
        {"x_chatkit_timestamp": "1e9"},
        {"x_chatkit_timestamp": "-5"},
        {"x_chatkit_timestamp": "٣"},
        {"x_chatkit_content_sha256": "0" * 63},
        {"x_chatkit_content_sha256": "Z" * 64},
        {"x_chatkit_signature": "v2=" + "0" * 64},
        {"x_chatkit_signature": "v1="},
        {"x_chatkit_signature": ""},
        {"x_chatkit_signature": f"v1={'0' * 64}, v1={'0' * 64}"},
    ],
)
async def test_a_malformed_header_is_no_500(router: Router, changed: dict[str, str]) -> None:
    assert (await call(router, "GET", "/who", **{**signed(), **changed})).status == 401


async def test_a_request_shows_one_credential(router: Router) -> None:
    token = jwt.encode({"sub": "bob", "exp": NOW + 900}, SECRET, algorithm="HS256")
    answer = await call(router, "GET", "/who", authorization=f"Bearer {token}", **signed())
    assert answer.status == 401


async def test_without_a_secret_no_signature_is_looked_at(database: Database) -> None:
    router = build(database, on=False)
    answer = await call(router, "GET", "/who", **signed())
    status, told = message(answer)
    assert status == 401
    assert told.startswith("sign in: send Better Auth's token")
