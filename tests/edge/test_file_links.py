"""Signed URLs of files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from chatkit.access.keys import Keys
from chatkit.edge.asgi import HttpRequest
from chatkit.edge.asgi_types import HttpReceived
from chatkit.edge.file_links import FileLinks, Use
from chatkit.edge.proxies import TrustedProxies
from chatkit.protocol.errors import Forbidden
from tests.edge.clock import Clock
from tests.harness import scope_of

ID = "atc_" + "0a" * 16


CLOCK = Clock()
LINKS = FileLinks(
    keys=Keys(current=bytes(32)), proxies=TrustedProxies.parse("127.0.0.1"), now=CLOCK
)


def request(headers: dict[str, str] | None = None, **scope: Any) -> HttpRequest:
    async def receive() -> HttpReceived:
        raise AssertionError("no body is needed")

    given = {"host": "chat.example:8000"} if headers is None else headers
    return HttpRequest(scope_of("GET", "/", given, **scope), receive, "id")


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def test_a_url_speaks_for_its_user_its_file_and_its_use() -> None:
    url = LINKS.read_url(request(), "ada & co/ä")(ID)
    assert url.startswith(f"http://chat.example:8000/api/chatkit/files/{ID}?user=")
    assert LINKS.user_of(query_of(url), "read", ID) == "ada & co/ä"
    url = LINKS.upload_url(request(), "ada")(ID)
    assert url.startswith(f"http://chat.example:8000/api/chatkit/upload/{ID}?user=ada&")
    assert LINKS.user_of(query_of(url), "upload", ID) == "ada"


def test_the_public_address_is_the_base_whatever_host_is_asked() -> None:
    links = replace(LINKS, public_url="https://app.example/assistant")
    asked = request({"host": "evil.example"}, root_path="/elsewhere")
    url = links.read_url(asked, "ada")(ID)
    assert url.startswith(f"https://app.example/assistant/api/chatkit/files/{ID}?user=ada&")


def test_without_a_signature_a_url_speaks_for_nobody() -> None:
    assert LINKS.user_of({"user": "ada", "expires": "9999999999"}, "read", ID) is None


@pytest.mark.parametrize(
    "change",
    [
        {"user": "bob"},
        {"user": ""},
        {"expires": "1900000000"},
        {"expires": ""},
        {"expires": "-1"},
        {"expires": "9" * 400},
        {"signature": ""},
        {"signature": "0" * 64},
        {"signature": "x"},
        {"signature": "é" * 64},
    ],
)
def test_a_url_that_was_altered_does_not_hold(change: dict[str, str]) -> None:
    query = query_of(LINKS.read_url(request(), "ada")(ID))
    with pytest.raises(Forbidden, match="not_valid"):
        LINKS.user_of({**query, **change}, "read", ID)


def test_a_url_holds_for_no_other_file_use_or_key() -> None:
    query = query_of(LINKS.read_url(request(), "ada")(ID))
    others: list[tuple[FileLinks, Use, str]] = [
        (LINKS, "read", "atc_" + "1" * 32),
        (LINKS, "upload", ID),
        (replace(LINKS, keys=Keys(current=b"1" * 32)), "read", ID),
    ]
    for links, use, file_id in others:
        with pytest.raises(Forbidden, match="not_valid"):
            links.user_of(query, use, file_id)


@pytest.mark.parametrize("moment", [0.0, 0.5, 1799.0, 3599.9])
def test_a_url_expires_on_the_hour_with_at_least_one_left(
    moment: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    hour = 1_800_000_000.0
    monkeypatch.setattr(CLOCK, "now", hour + moment)
    query = query_of(LINKS.read_url(request(), "ada")(ID))
    assert int(query["expires"]) == hour + 7200
    monkeypatch.setattr(CLOCK, "now", hour + 7199.9)
    assert LINKS.user_of(query, "read", ID) == "ada"
    monkeypatch.setattr(CLOCK, "now", hour + 7200)
    with pytest.raises(Forbidden, match="expired"):
        LINKS.user_of(query, "read", ID)


@pytest.mark.parametrize(
    ("headers", "scope", "base"),
    [
        ({"host": "Chat.Example"}, {}, "http://chat.example"),
        (
            {"host": "inner", "x-forwarded-proto": "https", "x-forwarded-host": "chat.example"},
            {},
            "https://chat.example",
        ),
        (
            {"host": "chat.example", "x-forwarded-proto": "https"},
            {"client": ("192.0.2.1", 5)},
            "http://chat.example",
        ),
        ({"host": "chat.example"}, {"root_path": "/chat"}, "http://chat.example/chat"),
        ({"host": 'evil"><script>'}, {}, "http://localhost"),
        ({}, {}, "http://localhost"),
    ],
)
def test_a_url_is_under_the_name_that_was_asked(
    headers: dict[str, str], scope: dict[str, Any], base: str
) -> None:
    url = LINKS.read_url(request(headers, **scope), "ada")(ID)
    assert url.startswith(f"{base}/api/chatkit/files/{ID}?")


def test_the_key_is_not_shown() -> None:
    assert repr(LINKS.keys.current) not in repr(LINKS)
