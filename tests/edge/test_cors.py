from __future__ import annotations

import pytest

from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.cors import Gate, normalize_host
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.router import Route, Router, answering
from chatkit.protocol.errors import Unavailable
from tests.edge.calls import call

FRIEND = "https://friend.example"
#: What the widget sends, and what a host page adds.
WIDGET_HEADERS = (
    "accept,accept-language,authorization,chatkit-device-id,chatkit-frame-instance-id,content-type"
)


def build(*hosts: str, origins: tuple[str, ...] = (FRIEND,), trusted: str = "") -> Router:
    async def answer(_: HttpRequest) -> Reply:
        return json_reply("{}", headers=[(b"x-total-count", b"1")])

    async def translate(request: HttpRequest) -> Reply:
        request.vary_on(b"accept-language")
        return json_reply("{}")

    async def fail(_: HttpRequest) -> Reply:
        raise Unavailable("the database is away")

    return Router(
        [
            Route("/chat", {"POST": answering(answer), "GET": answering(answer)}),
            Route("/words", {"GET": answering(translate)}),
            Route("/broken", {"GET": answering(fail)}),
            Route("/health", {"GET": answering(answer)}),
        ],
        gate=Gate(
            allowed_origins=frozenset(origins),
            allowed_hosts=frozenset(hosts),
            proxies=TrustedProxies.parse(trusted),
            any_host=frozenset({"/health"}),
        ),
    )


async def test_a_preflight_allows_the_widgets_headers_to_an_allowed_page() -> None:
    answer = await call(
        build(),
        "OPTIONS",
        "/chat",
        origin=FRIEND,
        access_control_request_method="POST",
        access_control_request_headers=WIDGET_HEADERS,
    )
    assert (answer.status, answer.body) == (204, b"")
    assert {name: answer.headers[name] for name in answer.headers if name.startswith("acc")} == {
        "access-control-allow-origin": FRIEND,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": WIDGET_HEADERS,
        "access-control-max-age": "7200",
    }
    assert answer.headers["vary"] == "origin"


async def test_a_preflight_that_asks_for_no_header_gets_none() -> None:
    answer = await call(
        build(), "OPTIONS", "/chat", origin=FRIEND, access_control_request_method="PUT"
    )
    assert answer.status == 204
    assert "access-control-allow-headers" not in answer.headers


@pytest.mark.parametrize("asked", ["x" * 3000, "a: b", "a\xff"])
async def test_names_that_are_none_are_not_echoed(asked: str) -> None:
    answer = await call(
        build(),
        "OPTIONS",
        "/chat",
        origin=FRIEND,
        access_control_request_method="PUT",
        access_control_request_headers=asked,
    )
    assert answer.status == 204
    assert "access-control-allow-headers" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/chat", 200),
        ("DELETE", "/chat", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/broken", 503),
        ("OPTIONS", "/chat", 204),
    ],
)
async def test_an_allowed_page_may_read_every_answer(method: str, path: str, status: int) -> None:
    answer = await call(build(), method, path, origin=FRIEND)
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert answer.headers["access-control-allow-credentials"] == "true"
    exposed = set(answer.headers["access-control-expose-headers"].split(", "))
    assert {"x-request-id", "x-total-count", "retry-after", "ratelimit-remaining"} <= exposed
    assert answer.headers["vary"] == "origin"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "https://friend.example.evil.example",
        "http://friend.example",
        "https://friend.example:8443",
        "https://FRIEND.example",
        "",
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
async def test_any_other_page_gets_no_permission(origin: str, method: str) -> None:
    answer = await call(
        build(), method, "/chat", origin=origin, access_control_request_method="POST"
    )
    assert answer.status == (200 if method == "GET" else 204)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["vary"] == "origin"


async def test_without_allowed_origins_nothing_is_said_of_them() -> None:
    answer = await call(build(origins=()), "GET", "/chat", origin=FRIEND)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "vary" not in answer.headers


@pytest.mark.parametrize("path", ["/chat", "/nowhere", "/broken"])
async def test_every_answer_has_the_safety_headers_and_its_id(path: str) -> None:
    headers = (await call(build(), "GET", path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-request-id"]


async def test_only_an_answer_under_tls_says_that_the_host_wants_tls() -> None:
    name = "strict-transport-security"
    assert name not in (await call(build(), "GET", "/chat")).headers
    behind = await call(build(trusted="*"), "GET", "/chat", x_forwarded_proto="https")
    assert behind.headers[name] == "max-age=31536000"


# --- Hosts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("chat.example", 200),
        ("chat.example:8443", 200),
        ("CHAT.example", 200),
        ("localhost:8000", 200),
        ("localhost:80", 400),
        ("localhost", 400),
        ("evil.example", 400),
        ("chat.example.evil.example", 400),
        ("chat.example, evil.example", 400),
        ("evil.example, chat.example", 400),
        ("", 400),
        ("chat.example@evil.example", 400),
    ],
)
async def test_only_the_named_hosts_are_answered(host: str, status: int) -> None:
    answer = await call(build("chat.example", "localhost:8000"), "GET", "/chat", host=host)
    assert answer.status == status
    if status == 400:
        assert answer.json()["error"]["code"] == "unknown_host"


@pytest.mark.parametrize(
    "host",
    ["chat.example", "CHAT.example:80", "localhost:8000", "127.0.0.1:8000", "10.0.0.7", "[::1]"],
)
async def test_the_host_that_a_trusted_proxy_was_asked_for_decides(host: str) -> None:
    trusting = build("chat.example", trusted="127.0.0.1")
    asked_for = {"x_forwarded_host": "chat.example"}
    assert (await call(trusting, "GET", "/chat", host=host, **asked_for)).status == 200
    asked_for = {"x_forwarded_host": "evil.example"}
    assert (await call(trusting, "GET", "/chat", host=host, **asked_for)).status == 400


@pytest.mark.parametrize("host", ["evil.example", "upstream:8000", "chat.example, evil.example"])
async def test_a_forwarded_host_does_not_hide_the_name_that_a_browser_asked_for(host: str) -> None:
    """A page whose name was rebound to this machine sends any header, but no other Host."""
    trusting = build("chat.example", trusted="127.0.0.1")
    fields = {"host": host, "x_forwarded_host": "chat.example"}
    assert (await call(trusting, "GET", "/chat", **fields)).status == 400


async def test_a_forwarded_host_of_a_stranger_counts_for_nothing() -> None:
    fields = {"host": "10.0.0.7", "x_forwarded_host": "chat.example"}
    assert (await call(build("chat.example"), "GET", "/chat", **fields)).status == 400


async def test_health_is_answered_under_any_name() -> None:
    assert (await call(build("chat.example"), "GET", "/health", host="10.0.0.7")).status == 200


async def test_without_a_list_every_host_is_answered() -> None:
    assert (await call(build(), "GET", "/chat", host="any.example")).status == 200


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Chat.Example", "chat.example"),
        ("chat.example:80", "chat.example"),
        ("chat.example:8000", "chat.example:8000"),
        ("[0::1]:8000", "[::1]:8000"),
        ("http://chat.example", None),
        ("chat.example/", None),
        ("a b", None),
        ("", None),
    ],
)
def test_a_host_has_one_form(text: str, host: str | None) -> None:
    assert normalize_host(text) == host


async def test_all_that_an_answer_depends_on_is_in_one_header() -> None:
    answer = await call(build(), "GET", "/words", origin=FRIEND)
    assert answer.headers["vary"] == "origin, accept-language"
