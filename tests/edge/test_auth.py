from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from chatkit.edge.auth import LONGEST_TOKEN, Authenticator, GuestPolicy
from chatkit.edge.guests import GUEST_TOKEN_S, GuestTokens
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.tokens import SecretVerifier, Token, TokenCache, User, Verified
from chatkit.protocol.errors import Forbidden, Unauthorized
from tests.edge.heads import Head, head

NOW = 1_800_000_000.0
SECRET = "the secret that Better Auth and this server share"
GUEST_KEY = bytes(range(32))
OWN_PAGE = {"host": "chat.example", "origin": "http://chat.example"}
FRIEND = "https://friend.example"


@dataclass(slots=True)
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


def build(
    *,
    policy: GuestPolicy = "on",
    secret: str | None = SECRET,
    clock: Clock | None = None,
    trusted: str = "127.0.0.1",
    guest_key: bytes = GUEST_KEY,
) -> Authenticator:
    now = clock or Clock()
    return Authenticator(
        verifiers=[] if secret is None else [SecretVerifier(secrets=[secret], now=now)],
        guests=GuestTokens(key=guest_key, now=now),
        guest_policy=policy,
        proxies=TrustedProxies.parse(trusted),
        allowed_origins=frozenset({FRIEND}),
        now=now,
    )


def sign(
    claims: Mapping[str, Any] | None = None,
    *,
    key: Any = SECRET,
    algorithm: str = "HS256",
    headers: dict[str, Any] | None = None,
    **more: Any,
) -> str:
    payload = {"sub": "ada", "exp": NOW + 600} if claims is None else dict(claims)
    return jwt.encode(payload | more, key, algorithm=algorithm, headers=headers)


def raw(header: object, claims: object, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode()


def bearer(token: str, **fields: str) -> Head:
    return head(authorization=f"Bearer {token}", **fields)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in {"sub": "ada", "exp": NOW + 600}.items() if key != name}


# --- Which JWT holds, and whose it is -------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "user_id"),
    [
        pytest.param({"sub": "ada"}, "ada", id="sub"),
        pytest.param({"user_id": "bob"}, "bob", id="user_id"),
        pytest.param({"id": "eve"}, "eve", id="id"),
        pytest.param({"sub": "ada", "user_id": "bob", "id": "eve"}, "ada", id="sub comes first"),
        pytest.param({"user_id": "bob", "id": "eve"}, "bob", id="user_id comes second"),
        pytest.param({"sub": "a" * 255}, "a" * 255, id="the longest"),
        pytest.param({"sub": "\u0430da \U0001f642"}, "\u0430da \U0001f642", id="any language"),
        pytest.param({"sub": "my guest_1"}, "my guest_1", id="guest_ elsewhere than in front"),
        pytest.param({"sub": "ada", "aud": "someone"}, "ada", id="aud is not looked at"),
        pytest.param({"sub": "ada", "aud": ["a", 1]}, "ada", id="not even a strange one"),
        pytest.param({"sub": "ada", "iss": "someone", "jti": 7}, "ada", id="nor iss and jti"),
        pytest.param({"sub": "ada", "iat": NOW + 60}, "ada", id="an iat within the leeway"),
        pytest.param({"sub": "ada", "nbf": NOW + 60}, "ada", id="an nbf within the leeway"),
        pytest.param({"sub": "ada", "exp": NOW - 59}, "ada", id="an exp within the leeway"),
        pytest.param({"sub": "ada", "exp": NOW + 0.5}, "ada", id="an exp with a fraction"),
    ],
)
async def test_a_jwt_signed_with_the_secret_is_its_subject(
    claims: dict[str, Any], user_id: str
) -> None:
    request = bearer(sign({"exp": NOW + 600, **claims}))
    assert await build().authenticate(request) == User(user_id=user_id)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"sub": ""}, id="an empty sub"),
        pytest.param({"sub": 7}, id="an integer sub"),
        pytest.param({"sub": None, "user_id": "bob"}, id="a null sub, which user_id does not heal"),
        pytest.param({"sub": "", "user_id": "bob"}, id="an empty sub likewise"),
        pytest.param({"sub": ["ada"]}, id="a list"),
        pytest.param({"user_id": 7}, id="an integer user_id"),
        pytest.param({"id": True}, id="a boolean id"),
        pytest.param({}, id="no id at all"),
        pytest.param({"sub": "a" * 256}, id="too long"),
        pytest.param({"sub": "a\0"}, id="NUL"),
        pytest.param({"sub": "a\nb"}, id="a line break"),
        pytest.param({"sub": "a\x85"}, id="a C1 control"),
        pytest.param({"sub": "a\ud800"}, id="a lone surrogate"),
        pytest.param({"sub": "guest_" + "0" * 32}, id="a guest's id"),
        pytest.param({"user_id": "guest_1"}, id="a guest's id elsewhere"),
        pytest.param({"sub": "ada", "exp": NOW - 60}, id="expired"),
        pytest.param({"sub": "ada", "exp": str(NOW + 600)}, id="exp as text"),
        pytest.param({"sub": "ada", "exp": None}, id="a null exp"),
        pytest.param({"sub": "ada", "exp": True}, id="a boolean exp"),
        pytest.param({"sub": "ada", "exp": float("nan")}, id="exp is not a number"),
        pytest.param({"sub": "ada", "exp": float("inf")}, id="exp is infinite"),
        pytest.param({"sub": "ada", "exp": 10**400}, id="exp is beyond a float"),
        pytest.param({"sub": "ada", "nbf": NOW + 61}, id="not valid yet"),
        pytest.param({"sub": "ada", "iat": NOW + 61}, id="issued in the future"),
        pytest.param({"sub": "ada", "iat": "now"}, id="iat as text"),
        pytest.param({"sub": "ada", "iat": True}, id="a boolean iat"),
    ],
)
async def test_a_signed_jwt_with_bad_claims_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        await build().authenticate(bearer(sign({"exp": NOW + 600, **claims})))


_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_GOOD = sign()
_OTHER = sign(sub="mallory")


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(sign(without("exp")), id="no exp"),
        pytest.param(sign(key="another secret of more than 32 characters"), id="foreign"),
        pytest.param(sign(algorithm="HS512", key=SECRET * 2), id="HS512"),
        pytest.param(sign(key=_RSA, algorithm="RS256"), id="RS256"),
        pytest.param(sign(key=ed25519.Ed25519PrivateKey.generate(), algorithm="EdDSA"), id="EdDSA"),
        pytest.param(sign(key="", algorithm="none"), id="alg none"),
        pytest.param(raw({"alg": "None"}, {"sub": "ada", "exp": NOW + 600}), id="alg None"),
        pytest.param(raw({}, {"sub": "ada", "exp": NOW + 600}), id="no alg"),
        pytest.param(raw({"alg": ["HS256"]}, {"sub": "ada"}), id="alg as a list"),
        pytest.param(raw({"alg": "HS256"}, {"sub": "ada", "exp": NOW + 600}), id="no signature"),
        pytest.param(raw([], {}), id="a header that is a list"),
        pytest.param(sign(headers={"kid": "x", "crit": ["exp"], "exp": 1}), id="unknown crit"),
        pytest.param(
            sign(headers={"typ": "chatkit-guest+jwt"}), id="posing as a guest's, with our secret"
        ),
        pytest.param(
            ".".join((_GOOD.split(".")[0], _OTHER.split(".")[1], _GOOD.split(".")[2])),
            id="another's claims under our signature",
        ),
        pytest.param(_GOOD[:-4] + ("AAAA" if _GOOD[-4:] != "AAAA" else "BBBB"), id="altered"),
        pytest.param(_GOOD[:-1], id="cut"),
        pytest.param(_GOOD.rsplit(".", 1)[0], id="two parts"),
        pytest.param(_GOOD + ".x", id="four parts"),
        pytest.param("a.b.c", id="three parts of nothing"),
        pytest.param("..", id="dots"),
        pytest.param("cks_0123456789", id="a session nobody knows"),
        pytest.param("a" * (LONGEST_TOKEN + 1), id="too long"),
        pytest.param(sign(pad="a" * LONGEST_TOKEN), id="too long, though signed"),
        pytest.param(raw({"alg": "HS256"}, {}) + "\u00e9", id="beyond ASCII"),
    ],
)
async def test_a_token_that_does_not_hold_is_refused_in_header_and_cookie(token: str) -> None:
    authenticator = build()
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(bearer(token))
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(head(cookie=f"auth_token={token}"))


async def test_a_deeply_nested_signed_payload_is_refused() -> None:
    payload = b"[" * 3000 + b"]" * 3000
    token = jwt.api_jws.encode(payload, SECRET, algorithm="HS256")
    with pytest.raises(Unauthorized):
        await build().authenticate(bearer(token))


async def test_without_a_secret_no_jwt_holds() -> None:
    with pytest.raises(Unauthorized):
        await build(secret=None).authenticate(bearer(sign()))


# --- Where the token is found ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [f"Bearer {_GOOD}", f"bearer {_GOOD}", f"BEARER   {_GOOD}", f"Bearer {_GOOD} "]
)
async def test_the_scheme_may_be_in_any_case(value: str) -> None:
    assert await build().authenticate(head(authorization=value)) == User(user_id="ada")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        _GOOD,
        f"Basic {_GOOD}",
        f"Token {_GOOD}",
        f"Bearer{_GOOD}",
        f"Bearer\t{_GOOD}",
        f"Bearer {_GOOD} {_GOOD}",
        f"Bearer {_GOOD}, Bearer {_GOOD}",
        f"Bearer {_GOOD},",
        f'Bearer "{_GOOD}"',
        f" Bearer {_GOOD}",
    ],
)
async def test_any_other_authorization_is_refused_and_the_cookie_does_not_heal_it(
    value: str,
) -> None:
    with pytest.raises(Unauthorized):
        await build().authenticate(head(authorization=value, cookie=f"auth_token={_GOOD}"))


async def test_a_bearer_token_wins_over_the_cookie() -> None:
    authenticator = build()
    request = bearer(_GOOD, cookie=f"auth_token={_OTHER}")
    assert await authenticator.authenticate(request) == User(user_id="ada")
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(bearer("a.b.c", cookie=f"auth_token={_GOOD}"))


@pytest.mark.parametrize(
    "cookie",
    [
        f"auth_token={_GOOD}",
        f"theme=dark; auth_token={_GOOD}; lang=de",
        f"auth_token={_GOOD};auth_token={_GOOD}",
        f"auth_token=; auth_token={_GOOD}",
        f"x; auth_token = {_GOOD} ",
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
        f"AUTH_TOKEN={_GOOD}",
        f"my_auth_token={_GOOD}",
        f"auth_token={_GOOD}; auth_token={_OTHER}",
        f"auth_token={_GOOD}, theme=dark",
    ],
)
async def test_any_other_cookie_is_refused(cookie: str) -> None:
    with pytest.raises(Unauthorized):
        await build().authenticate(head(cookie=cookie))


async def test_without_a_credential_nobody_is_let_in_not_even_as_a_guest() -> None:
    with pytest.raises(Unauthorized):
        await build(policy="on").authenticate(head())


# --- Cookies that change something ----------------------------------------------------------------


def by_cookie(method: str, *, client: str = "127.0.0.1", scheme: str = "http", **f: str) -> Head:
    return head(method=method, client=client, scheme=scheme, cookie=f"auth_token={_GOOD}", **f)


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
    request = Head(method="POST", fields={"authorization": f"Bearer {_GOOD}"})
    assert await build().authenticate(request) == User(user_id="ada")


# --- Guests ---------------------------------------------------------------------------------------


async def test_a_guest_is_who_the_token_says() -> None:
    authenticator = build()
    guest = await authenticator.issue_guest(head(method="POST"))
    assert guest.user_id.startswith("guest_")
    assert len(guest.user_id) == len("guest_") + 32
    assert guest.expires_in == GUEST_TOKEN_S
    assert guest.token not in repr(guest)
    user = await authenticator.authenticate(bearer(guest.token))
    assert user == User(user_id=guest.user_id, is_guest=True)


async def test_two_guests_are_two_users() -> None:
    authenticator = build()
    first, second = [await authenticator.issue_guest(head()) for _ in range(2)]
    assert first.user_id != second.user_id


async def test_a_guest_that_returns_stays_the_same_user_with_a_fresh_token() -> None:
    clock = Clock()
    authenticator = build(clock=clock)
    first = await authenticator.issue_guest(head())
    clock.now += GUEST_TOKEN_S - 1
    second = await authenticator.issue_guest(bearer(first.token))
    assert second.user_id == first.user_id
    clock.now += GUEST_TOKEN_S - 1
    user = await authenticator.authenticate(bearer(second.token))
    assert user == User(user_id=first.user_id, is_guest=True)


@pytest.mark.parametrize("authorization", ["", "Bearer a.b.c", f"Bearer {_GOOD}", "Basic x"])
async def test_with_any_other_credential_a_new_guest_is_made(authorization: str) -> None:
    guest = await build().issue_guest(head(authorization=authorization))
    assert guest.user_id.startswith("guest_")


async def test_a_guest_token_ends_after_thirty_days() -> None:
    clock = Clock()
    authenticator = build(clock=clock)
    guest = await authenticator.issue_guest(head())
    clock.now += GUEST_TOKEN_S + 60
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(bearer(guest.token))
    assert (await authenticator.issue_guest(bearer(guest.token))).user_id != guest.user_id


async def test_a_guest_token_of_another_installation_is_refused() -> None:
    guest = await build(guest_key=bytes(32)).issue_guest(head())
    with pytest.raises(Unauthorized):
        await build().authenticate(bearer(guest.token))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "someone"},
        {"aud": "someone"},
        {"sub": "ada"},
        {"sub": "guest_1"},
        {"sub": 7},
        {"exp": None},
    ],
)
async def test_the_guest_key_makes_nothing_but_guests(claims: dict[str, Any]) -> None:
    good = {"iss": "chatkit-guest", "aud": "chatkit", "sub": "guest_" + "0" * 32, "exp": NOW + 1}
    key, headers = GUEST_KEY.hex(), {"typ": "chatkit-guest+jwt"}
    accepted = bearer(sign(good, key=key, headers=headers))
    assert (await build().authenticate(accepted)).user_id == good["sub"]
    with pytest.raises(Unauthorized):
        await build().authenticate(bearer(sign(good | claims, key=key, headers=headers)))


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_guest_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        GuestTokens(key=bytes(length), now=Clock())


LOCAL = [
    pytest.param({}, id="a program on this machine"),
    pytest.param({"client": "::1", "host": "[::1]:8000"}, id="over IPv6"),
    pytest.param({"origin": "http://localhost:8000"}, id="our own page"),
    pytest.param({"origin": "http://127.0.0.1:3000"}, id="a page served beside us"),
    pytest.param({"origin": FRIEND}, id="an allowed origin"),
]
FOREIGN = [
    pytest.param({"client": "192.0.2.9"}, id="another machine"),
    pytest.param({"client": None}, id="a unix socket"),
    pytest.param({"x_forwarded_for": "127.0.0.1"}, id="through a proxy"),
    pytest.param({"forwarded": "for=127.0.0.1"}, id="through another proxy"),
    pytest.param({"via": "1.1 relay"}, id="through a relay"),
    pytest.param({"x_real_ip": "127.0.0.1"}, id="through nginx"),
    pytest.param({"host": "chat.example"}, id="under a public name"),
    pytest.param({"host": None}, id="under no name"),
    pytest.param({"origin": "https://chat.example"}, id="from a page with a public name"),
    pytest.param({"origin": "null"}, id="from a page with no name"),
]


@pytest.mark.parametrize("facts", LOCAL)
async def test_the_local_policy_lets_guests_in_on_this_machine(facts: dict[str, Any]) -> None:
    authenticator = build(policy="local", secret=None)
    guest = await authenticator.issue_guest(head(method="POST", **facts))
    user = await authenticator.authenticate(head(authorization=f"Bearer {guest.token}", **facts))
    assert user == User(user_id=guest.user_id, is_guest=True)


@pytest.mark.parametrize("facts", FOREIGN)
async def test_the_local_policy_holds_at_the_issue_and_at_each_use(facts: dict[str, Any]) -> None:
    authenticator = build(policy="local", secret=None)
    token = (await authenticator.issue_guest(head())).token
    assert (await authenticator.authenticate(bearer(token))).is_guest
    for call in (
        authenticator.issue_guest(head(method="POST", **facts)),
        authenticator.authenticate(head(authorization=f"Bearer {token}", **facts)),
    ):
        with pytest.raises(Forbidden) as caught:
            await call
        assert caught.value.code == "guests_off"


@pytest.mark.parametrize("facts", FOREIGN)
async def test_guests_that_are_on_come_from_anywhere(facts: dict[str, Any]) -> None:
    guest = await build(policy="on").issue_guest(head(method="POST", **facts))
    assert guest.user_id.startswith("guest_")


async def test_guests_that_are_off_get_no_token_and_an_old_one_no_longer_holds() -> None:
    token = (await build(policy="on").issue_guest(head())).token
    authenticator = build(policy="off")
    for call in (authenticator.issue_guest(head()), authenticator.authenticate(bearer(token))):
        with pytest.raises(Forbidden) as caught:
            await call
        assert caught.value.code == "guests_off"


async def test_a_guest_by_cookie_must_come_from_our_own_page_too() -> None:
    authenticator = build(policy="local")
    token = (await authenticator.issue_guest(head())).token
    with pytest.raises(Forbidden):
        await authenticator.authenticate(head(method="POST", cookie=f"auth_token={token}"))


# --- What is remembered ---------------------------------------------------------------------------


async def test_a_remembered_token_expires_on_time() -> None:
    clock = Clock()
    authenticator = build(clock=clock)
    request = bearer(sign(exp=NOW + 10))
    assert await authenticator.authenticate(request) == User(user_id="ada")
    clock.now = NOW + 69.9
    assert await authenticator.authenticate(request) == User(user_id="ada")
    clock.now = NOW + 70
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(request)


class OneSession:
    """A verifier of the later kind: an opaque token that can be revoked at any time."""

    def __init__(self) -> None:
        self.revoked = False

    def recognizes(self, token: Token) -> bool:
        return token.text.startswith("cks_")

    async def verify(self, token: Token) -> Verified:
        if self.revoked:
            raise Unauthorized("the session has ended")
        return Verified(user=User(user_id="ada"), good_until=0)


async def test_a_token_that_can_be_revoked_is_asked_for_each_time() -> None:
    session = OneSession()
    authenticator = Authenticator(
        verifiers=[session],
        guests=GuestTokens(key=GUEST_KEY, now=Clock()),
        guest_policy="off",
        proxies=TrustedProxies.parse(""),
        allowed_origins=frozenset(),
        now=Clock(),
    )
    assert await authenticator.authenticate(bearer("cks_1")) == User(user_id="ada")
    session.revoked = True
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(bearer("cks_1"))


def test_the_cache_forgets_the_token_unused_for_longest() -> None:
    cache = TokenCache(size=2)
    for name in ("a", "b"):
        cache.put(name, Verified(user=User(user_id=name), good_until=NOW))
    assert cache.get("a", 0) == User(user_id="a")
    cache.put("c", Verified(user=User(user_id="c"), good_until=NOW))
    kept = [name for name in ("a", "b", "c") if cache.get(name, 0) is not None]
    assert kept == ["a", "c"]


def test_the_cache_drops_what_is_no_longer_good() -> None:
    cache = TokenCache(size=2)
    cache.put("a", Verified(user=User(user_id="a"), good_until=NOW))
    assert cache.get("a", NOW) is None
    assert cache.get("a", 0) is None


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
    authenticator = build()
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
