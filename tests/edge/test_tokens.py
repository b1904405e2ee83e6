"""Which JWT holds, whose it is, and for how long that is remembered."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from chatkit.edge.auth import MAX_TOKEN_CHARS
from chatkit.edge.tokens import Token, TokenCache, User, Verified
from chatkit.protocol.errors import Unauthorized
from tests.edge.clock import NOW, Clock
from tests.edge.heads import head
from tests.edge.sign_ins import GOOD, OTHER, SECRET, bearer, build, raw, sign


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
            ".".join((GOOD.split(".")[0], OTHER.split(".")[1], GOOD.split(".")[2])),
            id="another's claims under our signature",
        ),
        pytest.param(GOOD[:-4] + ("AAAA" if GOOD[-4:] != "AAAA" else "BBBB"), id="altered"),
        pytest.param(GOOD[:-1], id="cut"),
        pytest.param(GOOD.rsplit(".", 1)[0], id="two parts"),
        pytest.param(GOOD + ".x", id="four parts"),
        pytest.param("a.b.c", id="three parts of nothing"),
        pytest.param("..", id="dots"),
        pytest.param("cks_0123456789", id="a session nobody knows"),
        pytest.param("a" * (MAX_TOKEN_CHARS + 1), id="too long"),
        pytest.param(sign(pad="a" * MAX_TOKEN_CHARS), id="too long, though signed"),
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
        return Verified(user=User(user_id="ada"), cache_until=0)


async def test_a_token_that_can_be_revoked_is_asked_for_each_time() -> None:
    session = OneSession()
    authenticator = build(policy="off", secret=None, verifiers=[session])
    assert await authenticator.authenticate(bearer("cks_1")) == User(user_id="ada")
    session.revoked = True
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(bearer("cks_1"))


def test_the_cache_forgets_the_token_unused_for_longest() -> None:
    cache = TokenCache(size=2)
    for name in ("a", "b"):
        cache.put(name, Verified(user=User(user_id=name), cache_until=NOW))
    assert cache.get("a", 0) == User(user_id="a")
    cache.put("c", Verified(user=User(user_id="c"), cache_until=NOW))
    kept = [name for name in ("a", "b", "c") if cache.get(name, 0) is not None]
    assert kept == ["a", "c"]


def test_the_cache_drops_what_is_no_longer_good() -> None:
    cache = TokenCache(size=2)
    cache.put("a", Verified(user=User(user_id="a"), cache_until=NOW))
    assert cache.get("a", NOW) is None
    assert cache.get("a", 0) is None
