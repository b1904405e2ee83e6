from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.edge.origins import is_loopback_origin, normalize_origin, origin_of


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("https://app.example", "https://app.example"),
        ("HTTPS://App.Example:443", "https://app.example"),
        ("http://app.example:80", "http://app.example"),
        ("http://app.example:8080", "http://app.example:8080"),
        ("https://app.example:80", "https://app.example:80"),
        ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("null", None),
        ("", None),
        ("*", None),
        ("app.example", None),
        ("https://app.example/", None),
        ("https://app.example/path", None),
        ("https://user@app.example", None),
        ("https://app.example:0", None),
        ("https://app.example:65536", None),
        ("https://app.example:", None),
        ("https://a.example, https://b.example", None),
        ("https://[1::2::3]", None),
        ("https://\u00e4.example", None),
        ("https://app.example\n", None),
    ],
)
def test_an_origin_has_one_canonical_form(text: str, canonical: str | None) -> None:
    assert normalize_origin(text) == canonical


@given(st.from_regex(r"[a-z]{1,6}://[\[\]a-zA-Z0-9.:_-]{1,30}", fullmatch=True))
def test_a_canonical_origin_is_its_own_canonical_form(text: str) -> None:
    canonical = normalize_origin(text)
    assert canonical is None or normalize_origin(canonical) == canonical


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LocalHost:8000", True),
        ("127.0.0.1:8000", True),
        ("127.9.9.9", True),
        ("[::1]:8000", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("127.1", False),
        ("0.0.0.0", False),
        ("192.168.1.2:8000", False),
        ("[::2]", False),
    ],
)
def test_a_loopback_host_is_told_from_names_that_look_like_one(host: str, loopback: bool) -> None:
    origin = origin_of("http", host)
    assert origin is not None
    assert is_loopback_origin(origin) is loopback


@pytest.mark.parametrize("host", [None, "", "a b", "a/b", "a, b", "user@localhost"])
def test_a_host_that_is_none_has_no_origin(host: str | None) -> None:
    assert origin_of("http", host) is None


def test_text_that_is_no_origin_is_not_loopback() -> None:
    assert is_loopback_origin("localhost") is False
