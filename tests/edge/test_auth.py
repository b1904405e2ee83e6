"""Where a credential is found in a request, and when a cookie may change something."""

from __future__ import annotations

import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.edge.auth import Authenticator
from chatkit.edge.tokens import User
from chatkit.protocol.errors import Forbidden, Unauthorized
from tests.edge.heads import Head, head
from tests.edge.sign_ins import FRIEND, GOOD, OTHER, SECRET, bearer, build, raw

OWN_PAGE = {"host": "chat.example", "origin": "http://chat.example"}


@pytest.mark.parametrize(
    "value", [f"Bearer {GOOD}", f"bearer {GOOD}", f"BEARER   {GOOD}", f"Bearer {GOOD} "]
)
async def test_the_scheme_may_be_in_any_case(value: str) -> None:
    assert await build().authenticate(head(authorization=value)) == User(user_id="ada")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        GOOD,
        f"Basic {GOOD}",
        f"Token {GOOD}",
        f"Bearer{GOOD}",
        f"Bearer\t{GOOD}",
        f"Bearer {GOOD} {GOOD}",
        f"Bearer {GOOD}, Bearer {GOOD}",
        f"Bearer {GOOD},",
        f'Bearer "{GOOD}"',
        f" Bearer {GOOD}",
    ],
)
async def test_any_other_authorization_is_refused_and_the_cookie_does_not_heal_it(
    value: str,
) -> None:
    with pytest.raises(Unauthorized):
        await build().authenticate(head(authorization=value, cookie=f"auth_token={GOOD}"))


async def test_a_bearer_token_wins_over_the_cookie() -> None:
    authenticator = build()
    request = bearer(GOOD, cookie=f"auth_token={OTHER}")
    assert await authenticator.authenticate(request) == User(user_id="ada")
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(bearer("a.b.c", cookie=f"auth_token={GOOD}"))


@pytest.mark.parametrize(
    "cookie",
    [
        f"auth_token={GOOD}",
        f"theme=dark; auth_token={GOOD}; lang=de",
        f"auth_token={GOOD};auth_token={GOOD}",
        f"auth_token=; auth_token={GOOD}",
        f"x; auth_token = {GOOD} ",
    ],
)
async def test_the_cookie_is_found_among_others(cookie: str) -> None:
    assert await build().authenticate(head(cookie=cookie)) == User(user_id="ada")


@pytest.mark.parametrize(
    "cookie",
    [
        "theme=dark",
        "auth_token=",
        "auth_token",
        f"AUTH_TOKEN={GOOD}",
        f"my_auth_token={GOOD}",
        f"auth_token={GOOD}; auth_token={OTHER}",
        f"auth_token={GOOD}, theme=dark",
    ],
)
async def test_any_other_cookie_is_refused(cookie: str) -> None:
    with pytest.raises(Unauthorized):
        await build(policy="off").authenticate(head(cookie=cookie))


async def test_without_a_credential_nobody_is_let_in_where_there_are_no_guests() -> None:
    with pytest.raises(Unauthorized):
        await build(policy="off").authenticate(head())


# --- Cookies that change something ----------------------------------------------------------------


def by_cookie(method: str, *, client: str = "127.0.0.1", scheme: str = "http", **f: str) -> Head:
    return head(method=method, client=client, scheme=scheme, cookie=f"auth_token={GOOD}", **f)


@pytest.mark.parametrize(
    "request_head",
    [
        pytest.param(by_cookie("POST", **OWN_PAGE), id="our own page, by Origin"),
        pytest.param(
            by_cookie("POST", host="Chat.Example:80", origin="http://chat.example"), id="same name"
        ),
        pytest.param(by_cookie("DELETE", sec_fetch_site="same-origin"), id="by Sec-Fetch-Site"),
        pytest.param(
            by_cookie("POST", sec_fetch_site="same-origin", **(OWN_PAGE | {"origin": "null"})),
            id="a page that hides its Origin",
        ),
        pytest.param(by_cookie("PUT", origin=FRIEND), id="an allowed origin"),
        pytest.param(
            by_cookie("POST", origin=FRIEND, sec_fetch_site="cross-site"), id="allowed, cross-site"
        ),
        pytest.param(
            by_cookie(
                "POST",
                host="inner:8000",
                origin="https://chat.example",
                x_forwarded_proto="https",
                x_forwarded_host="chat.example",
            ),
            id="our own page behind a trusted proxy",
        ),
        pytest.param(by_cookie("GET", origin="https://evil.example"), id="GET changes nothing"),
        pytest.param(by_cookie("HEAD", sec_fetch_site="cross-site"), id="nor HEAD"),
        pytest.param(by_cookie("OPTIONS"), id="nor OPTIONS"),
    ],
)
async def test_a_cookie_from_our_own_page_is_accepted(request_head: Head) -> None:
    assert await build().authenticate(request_head) == User(user_id="ada")


async def test_the_public_address_makes_a_page_ours_though_a_proxy_hides_its_port() -> None:
    page = by_cookie("POST", host="app.example", origin="https://app.example:8443")
    with pytest.raises(Forbidden):
        await build().authenticate(page)
    ours = build(public_origin="https://app.example:8443")
    assert await ours.authenticate(page) == User(user_id="ada")


async def test_the_public_address_lets_no_guest_through_a_proxy_that_adds_nothing() -> None:
    ours = build(policy="local", secret=None, public_origin="https://app.example")
    with pytest.raises(Forbidden):
        await ours.issue_guest(head(method="POST", origin="https://app.example"))


@pytest.mark.parametrize(
    "request_head",
    [
        pytest.param(by_cookie("POST"), id="neither header"),
        pytest.param(by_cookie("PATCH", origin="https://evil.example"), id="another site"),
        pytest.param(by_cookie("POST", origin="null"), id="null"),
        pytest.param(by_cookie("POST", origin=""), id="empty"),
        pytest.param(
            by_cookie("POST", host="chat.example", origin="https://chat.example"), id="scheme"
        ),
        pytest.param(
            by_cookie("POST", host="chat.example:81", origin="http://chat.example"), id="port"
        ),
        pytest.param(
            by_cookie("POST", host="chat.example", origin="http://chat.example.evil.example"),
            id="a longer name",
        ),
        pytest.param(by_cookie("POST", origin=f"{FRIEND}:444"), id="an allowed name, another port"),
        pytest.param(by_cookie("POST", origin=f"{FRIEND}, {FRIEND}"), id="two origins"),
        pytest.param(by_cookie("POST", sec_fetch_site="cross-site", **OWN_PAGE), id="cross-site"),
        pytest.param(by_cookie("POST", sec_fetch_site="same-site", **OWN_PAGE), id="same-site"),
        pytest.param(by_cookie("POST", sec_fetch_site="none", **OWN_PAGE), id="none"),
        pytest.param(
            by_cookie("POST", sec_fetch_site="same-origin, cross-site", **OWN_PAGE), id="two sites"
        ),
        pytest.param(
            by_cookie(
                "POST",
                client="203.0.113.7",
                host="chat.example",
                origin="https://evil.example",
                x_forwarded_proto="https",
                x_forwarded_host="evil.example",
            ),
            id="forwarding headers of a stranger",
        ),
    ],
)
async def test_a_cookie_that_another_site_may_have_sent_is_forbidden(request_head: Head) -> None:
    with pytest.raises(Forbidden) as caught:
        await build().authenticate(request_head)
    assert caught.value.code == "forbidden"


async def test_a_bearer_token_needs_no_origin() -> None:
    request = Head(method="POST", fields={"authorization": f"Bearer {GOOD}"})
    assert await build().authenticate(request) == User(user_id="ada")


# --- Whatever comes -------------------------------------------------------------------------------


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_CLAIMS = st.dictionaries(
    st.sampled_from(["sub", "user_id", "id", "exp", "iat", "nbf", "iss", "aud", "jti"]), _JSON
)
_TOKENS = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}"),
    st.builds(
        raw,
        st.dictionaries(
            st.sampled_from(["alg", "typ", "kid", "crit", "b64"]),
            st.sampled_from(["HS256", "none", "chatkit-guest+jwt", ["b64"], False, None]) | _JSON,
        )
        | _JSON,
        _JSON,
        st.binary(max_size=40),
    ),
    st.builds(
        lambda claims: jwt.api_jws.encode(json.dumps(claims).encode(), SECRET, "HS256"),
        _CLAIMS | _JSON,
    ),
)


async def _user_or_error(authenticator: Authenticator, request: Head) -> None:
    try:
        user = await authenticator.authenticate(request)
    except (Unauthorized, Forbidden):
        return
    assert 0 < len(user.user_id) <= 255
    assert not user.user_id.startswith("guest_")


@given(token=_TOKENS)
async def test_any_token_is_a_user_or_an_error_of_ours(token: str) -> None:
    authenticator = build(policy="off")
    await _user_or_error(authenticator, bearer(token))
    await _user_or_error(authenticator, head(method="POST", cookie=f"auth_token={token}"))


@given(value=st.binary(max_size=80), cookie=st.binary(max_size=80))
async def test_any_header_bytes_are_a_user_or_an_error_of_ours(value: bytes, cookie: bytes) -> None:
    authenticator = build()
    text = value.decode("latin-1")
    await _user_or_error(authenticator, head(authorization=text, cookie=cookie.decode("latin-1")))
    await _user_or_error(
        authenticator,
        head(method="POST", cookie=cookie.decode("latin-1"), origin=text, sec_fetch_site=text),
    )
