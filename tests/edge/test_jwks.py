"""Tokens of a sign-in server, by the keys that a real HTTP server publishes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from chatkit.edge.auth import Authenticator
from chatkit.edge.guests import GuestTokens
from chatkit.edge.jwks import (
    MOST_BYTES,
    MOST_UNKNOWN,
    REFRESH_S,
    REMEMBER_S,
    UNKNOWN_WINDOW_S,
    IssuerKeys,
    JwksFault,
    JwksVerifier,
    jwks_url,
    parse_jwks,
)
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.tokens import ExpectedClaims, SecretVerifier, Token, User
from chatkit.protocol.errors import Unauthorized, Unavailable
from tests.edge.heads import head
from tests.edge.issuer import Issuer, PrivateKey, open_issuer, public_jwk

NOW = 1_800_000_000.0
ANY = ExpectedClaims()
ED = ed25519.Ed25519PrivateKey.generate()
OTHER_ED = ed25519.Ed25519PrivateKey.generate()
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
P521 = ec.generate_private_key(ec.SECP521R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)


@dataclass(slots=True)
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with open_issuer(public_jwk(ED, "one", alg="EdDSA")) as issuer:
        yield issuer


@pytest.fixture
async def keys(issuer: Issuer, clock: Clock) -> AsyncIterator[IssuerKeys]:
    async with IssuerKeys(issuer.url, clock=clock) as keys:
        yield keys


def sign(key: Any = ED, algorithm: str = "EdDSA", kid: str | None = "one", **claims: Any) -> str:
    headers = {} if kid is None else {"kid": kid}
    payload = {"sub": "ada", "exp": NOW + 900} | claims
    # Not `jwt.encode`, which refuses claims that an issuer could get wrong.
    return jwt.api_jws.encode(json.dumps(payload).encode(), key, algorithm, headers)


async def user_of(keys: IssuerKeys, token: str, expected: ExpectedClaims = ANY) -> str:
    verifier = JwksVerifier(keys, expected=expected, now=lambda: NOW)
    parsed = Token.parse(token)
    assert verifier.recognizes(parsed)
    return (await verifier.verify(parsed)).user.user_id


# --- Which token holds ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "alg", "algorithm"),
    [
        pytest.param(ED, "EdDSA", "EdDSA", id="EdDSA"),
        pytest.param(ED, None, "EdDSA", id="EdDSA, unnamed"),
        pytest.param(P256, "ES256", "ES256", id="ES256"),
        pytest.param(P256, None, "ES256", id="ES256, unnamed"),
        pytest.param(P384, None, "ES384", id="ES384, unnamed"),
        pytest.param(P521, "ES512", "ES512", id="ES512"),
        pytest.param(P521, None, "ES512", id="ES512, unnamed"),
        pytest.param(RSA, "RS256", "RS256", id="RS256"),
        pytest.param(RSA, None, "RS256", id="RS256, unnamed"),
        pytest.param(RSA, "PS256", "PS256", id="PS256"),
    ],
)
async def test_a_token_signed_by_a_published_key_is_its_subject(
    issuer: Issuer, keys: IssuerKeys, key: PrivateKey, alg: str | None, algorithm: str
) -> None:
    issuer.keys = [public_jwk(ED, "other"), public_jwk(key, "one", alg=alg, use="sig")]
    assert await user_of(keys, sign(key, algorithm)) == "ada"


@pytest.mark.parametrize(
    ("key", "alg", "algorithm"),
    [
        pytest.param(RSA, "RS256", "PS256", id="PS256 where the key says RS256"),
        pytest.param(RSA, "PS256", "RS256", id="RS256 where the key says PS256"),
        pytest.param(RSA, None, "PS256", id="PS256 where the key says nothing"),
        pytest.param(RSA, None, "RS512", id="RS512 where the key says nothing"),
    ],
)
async def test_the_key_and_not_the_token_chooses_the_algorithm(
    issuer: Issuer, keys: IssuerKeys, key: PrivateKey, alg: str | None, algorithm: str
) -> None:
    issuer.keys = [public_jwk(key, "one", alg=alg)]
    with pytest.raises(Unauthorized):
        await user_of(keys, sign(key, algorithm))


def _hs256_by_the_public_key() -> str:
    """The oldest trick: the published key taken for a shared secret."""
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "kid": "one"}
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    text = sign(key="x" * 32, algorithm="HS256", kid="one").rpartition(".")[0]
    assert jwt.get_unverified_header(text + ".") | header == jwt.get_unverified_header(text + ".")
    signature = jwt.utils.base64url_encode(algorithm.sign(text.encode(), pem)).decode()
    return f"{text}.{signature}"


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
async def test_no_token_of_another_family_is_taken(
    issuer: Issuer, keys: IssuerKeys, algorithm: str
) -> None:
    issuer.keys = [public_jwk(RSA, "one", alg="RS256")]
    token = _hs256_by_the_public_key() if algorithm == "HS256" else sign("", "none")
    verifier = JwksVerifier(keys, expected=ANY, now=lambda: NOW)
    assert not verifier.recognizes(Token.parse(token))
    authenticator = build(verifier)
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(head(authorization=f"Bearer {token}"))


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(sign(OTHER_ED), id="signed by another key of that name"),
        pytest.param(sign(kid="two"), id="a kid that nobody publishes"),
        pytest.param(sign(P256, "ES256"), id="another kind of key"),
        pytest.param(sign()[:-8] + "AAAAAAAA", id="altered"),
        pytest.param(sign(exp=NOW - 60), id="expired"),
        pytest.param(sign(sub=""), id="nobody"),
        pytest.param(sign(sub="guest_" + "0" * 32), id="a guest's id"),
    ],
)
async def test_a_token_that_does_not_hold_is_refused(keys: IssuerKeys, token: str) -> None:
    with pytest.raises(Unauthorized):
        await user_of(keys, token)


async def test_a_token_without_a_kid_is_judged_by_the_only_key(
    issuer: Issuer, keys: IssuerKeys
) -> None:
    assert await user_of(keys, sign(kid=None)) == "ada"


async def test_a_token_without_a_kid_is_refused_where_there_are_two_keys(
    issuer: Issuer, keys: IssuerKeys
) -> None:
    issuer.keys.append(public_jwk(OTHER_ED, "two"))
    with pytest.raises(Unauthorized):
        await user_of(keys, sign(kid=None))


@pytest.mark.parametrize("audience", ["chat", ["web", "chat"]])
async def test_issuer_and_audience_are_checked_where_they_are_set(
    keys: IssuerKeys, audience: Any
) -> None:
    expected = ExpectedClaims(issuer="https://auth.example", audience="chat")
    good = {"iss": "https://auth.example", "aud": audience}
    assert await user_of(keys, sign(**good), expected) == "ada"
    for change in (
        {"iss": "https://evil.example"},
        {"iss": "https://auth.example/"},
        {"iss": ["https://auth.example"]},
        {"iss": None},
        {"aud": "chatter"},
        {"aud": ["web"]},
        {"aud": {"chat": 1}},
        {"aud": None},
    ):
        with pytest.raises(Unauthorized):
            await user_of(keys, sign(**(good | change)), expected)


async def test_issuer_and_audience_are_checked_for_the_shared_secret_as_well() -> None:
    expected = ExpectedClaims(issuer="https://auth.example", audience="chat")
    verifier = SecretVerifier(secrets=["s" * 32], expected=expected, now=lambda: NOW)
    good = sign("s" * 32, "HS256", iss="https://auth.example", aud="chat")
    verified = await verifier.verify(Token.parse(good))
    assert verified.user == User(user_id="ada")
    with pytest.raises(Unauthorized):
        await verifier.verify(Token.parse(sign("s" * 32, "HS256", iss="https://auth.example")))


# --- Two ways at once -----------------------------------------------------------------------------


def build(*verifiers: Any) -> Authenticator:
    return Authenticator(
        verifiers=verifiers,
        guests=GuestTokens(key=bytes(32), now=lambda: NOW),
        guest_policy="off",
        proxies=TrustedProxies.parse(""),
        allowed_origins=frozenset(),
        now=lambda: NOW,
    )


async def test_secrets_and_keys_are_taken_side_by_side(keys: IssuerKeys) -> None:
    authenticator = build(
        SecretVerifier(secrets=["n" * 32, "p" * 32], now=lambda: NOW),
        JwksVerifier(keys, expected=ANY, now=lambda: NOW),
    )
    for token in (sign("n" * 32, "HS256"), sign("p" * 32, "HS256"), sign()):
        user = await authenticator.authenticate(head(authorization=f"Bearer {token}"))
        assert user == User(user_id="ada")
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(head(authorization=f"Bearer {sign('q' * 32, 'HS256')}"))


def _with_header(**changes: Any) -> str:
    """A good token under another JOSE header."""
    text = json.dumps({"alg": "EdDSA", "kid": "one", **changes})
    return ".".join((jwt.utils.base64url_encode(text.encode()).decode(), *sign().split(".")[1:]))


@pytest.mark.parametrize("field", ["alg", "kid", "typ", "crit"])
@pytest.mark.parametrize("value", [[], {}, [[]], ["EdDSA"], {"alg": "EdDSA"}, 7, True, None])
async def test_a_header_field_of_the_wrong_kind_is_a_malformed_token(
    keys: IssuerKeys, field: str, value: Any
) -> None:
    authenticator = build(
        SecretVerifier(secrets=["n" * 32], now=lambda: NOW),
        JwksVerifier(keys, expected=ANY, now=lambda: NOW),
    )
    with pytest.raises(Unauthorized, match="malformed"):
        await authenticator.authenticate(
            head(authorization=f"Bearer {_with_header(**{field: value})}")
        )


async def test_the_cookie_of_better_auth_itself_is_not_taken(keys: IssuerKeys) -> None:
    authenticator = build(JwksVerifier(keys, expected=ANY, now=lambda: NOW))
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(head(cookie=f"better-auth.session_token={sign()}"))


async def test_a_token_is_answered_from_memory_for_a_minute_only(keys: IssuerKeys) -> None:
    verifier = JwksVerifier(keys, expected=ANY, now=lambda: NOW)
    assert (await verifier.verify(Token.parse(sign()))).good_until == NOW + REMEMBER_S
    ending = Token.parse(sign(exp=NOW - 50))
    assert (await verifier.verify(ending)).good_until == NOW + 10


# --- When the keys are fetched --------------------------------------------------------------------


async def test_one_fetch_serves_every_token(issuer: Issuer, keys: IssuerKeys) -> None:
    issuer.hold.clear()
    asking = [asyncio.create_task(user_of(keys, sign())) for _ in range(20)]
    await issuer.wait_for(1)
    issuer.hold.set()
    assert await asyncio.gather(*asking) == ["ada"] * 20
    assert await user_of(keys, sign()) == "ada"
    assert issuer.requests == ["/api/auth/jwks"]


async def test_who_leaves_while_waiting_does_not_stop_the_fetch_for_others(
    issuer: Issuer, keys: IssuerKeys
) -> None:
    issuer.hold.clear()
    leaving = asyncio.create_task(user_of(keys, sign()))
    staying = asyncio.create_task(user_of(keys, sign()))
    await issuer.wait_for(1)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    issuer.hold.set()
    assert await staying == "ada"
    assert len(issuer.requests) == 1


async def test_a_key_that_was_added_is_found_at_once(issuer: Issuer, keys: IssuerKeys) -> None:
    assert await user_of(keys, sign()) == "ada"
    issuer.keys.append(public_jwk(OTHER_ED, "two"))
    assert await user_of(keys, sign(OTHER_ED, kid="two")) == "ada"
    assert await user_of(keys, sign()) == "ada"
    assert len(issuer.requests) == 2


async def test_a_flood_of_unknown_kids_does_not_reach_the_issuer(
    issuer: Issuer, keys: IssuerKeys, clock: Clock
) -> None:
    assert await user_of(keys, sign()) == "ada"
    for number in range(50):
        with pytest.raises(Unauthorized):
            await user_of(keys, sign(kid=f"made-up-{number}"))
    assert len(issuer.requests) == 1 + MOST_UNKNOWN
    assert await user_of(keys, sign()) == "ada"
    issuer.keys.append(public_jwk(OTHER_ED, "two"))
    clock.now += UNKNOWN_WINDOW_S
    assert await user_of(keys, sign(OTHER_ED, kid="two")) == "ada"


async def test_what_the_pause_after_a_failure_holds_back_is_not_counted(
    issuer: Issuer, keys: IssuerKeys, clock: Clock
) -> None:
    assert await user_of(keys, sign()) == "ada"
    issuer.status = 503
    for _ in range(2 * MOST_UNKNOWN):
        with pytest.raises(Unauthorized):
            await user_of(keys, sign(OTHER_ED, kid="two"))
    assert len(issuer.requests) == 2
    issuer.status = 200
    issuer.keys.append(public_jwk(OTHER_ED, "two"))
    clock.now += 1
    assert await user_of(keys, sign(OTHER_ED, kid="two")) == "ada"


async def test_old_keys_are_renewed_beside_the_request_that_uses_them(
    issuer: Issuer, keys: IssuerKeys, clock: Clock
) -> None:
    assert await user_of(keys, sign()) == "ada"
    clock.now += REFRESH_S
    issuer.hold.clear()
    issuer.keys = [public_jwk(OTHER_ED, "two")]
    assert await user_of(keys, sign()) == "ada"  # and does not wait
    await issuer.wait_for(2)
    waiting = asyncio.create_task(user_of(keys, sign(OTHER_ED, kid="two")))
    issuer.hold.set()
    assert await waiting == "ada"
    assert len(issuer.requests) == 2
    with pytest.raises(Unauthorized):  # the withdrawn key is gone
        await user_of(keys, sign())


async def test_known_keys_outlive_an_issuer_that_is_away(
    issuer: Issuer, keys: IssuerKeys, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    assert await user_of(keys, sign()) == "ada"
    issuer.status = 503
    clock.now += 100 * REFRESH_S
    for _ in range(5):
        assert await user_of(keys, sign()) == "ada"
    await issuer.wait_for(2)
    with pytest.raises(Unauthorized):
        await user_of(keys, sign(kid="two"))
    assert await user_of(keys, sign()) == "ada"
    assert "the keys of the sign-in server could not be fetched: the answer is 503" in caplog.text


async def test_without_any_key_it_is_the_server_that_is_unavailable(
    issuer: Issuer, keys: IssuerKeys, clock: Clock
) -> None:
    issuer.status = 500
    for _ in range(10):
        with pytest.raises(Unavailable):
            await user_of(keys, sign())
    assert len(issuer.requests) == 1  # the pause
    clock.now += 1
    issuer.status = 200
    assert await user_of(keys, sign()) == "ada"


async def test_an_issuer_that_cannot_be_reached_is_unavailable(clock: Clock) -> None:
    async with open_issuer() as gone:
        pass
    async with IssuerKeys(gone.url, clock=clock) as keys:
        with pytest.raises(Unavailable):
            await user_of(keys, sign())


@pytest.mark.parametrize("url", ["http://[::1", "http://\x7f/"])
async def test_an_address_that_is_none_is_unavailable(url: str, clock: Clock) -> None:
    async with IssuerKeys(url, clock=clock) as keys:
        with pytest.raises(Unavailable):
            await user_of(keys, sign())


async def test_an_end_in_the_middle_of_a_fetch_leaves_nothing_behind(issuer: Issuer) -> None:
    issuer.hold.clear()
    async with asyncio.timeout(2):
        async with IssuerKeys(issuer.url):
            await issuer.wait_for(1)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "jwks"]
    issuer.hold.set()


@pytest.mark.parametrize(
    ("status", "headers", "body", "reason"),
    [
        (302, {"location": "/elsewhere"}, b"", "the answer is 302"),
        (200, {}, b"<html>", "the answer is not JSON"),
        (200, {}, b"[" * 100_000, "the answer is not JSON"),
        (200, {}, b"\xff\xfe", "the answer is not JSON"),
        (200, {}, b"[]", "the answer is no key set"),
        (200, {}, b'{"keys": {}}', "the answer is no key set"),
        (200, {}, b" " * (MOST_BYTES + 1), f"the answer is larger than {MOST_BYTES} bytes"),
        (200, {"content-length": "9999"}, b"{}", "RemoteProtocolError"),
    ],
)
async def test_an_answer_that_is_no_key_set_is_a_failed_fetch(
    issuer: Issuer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    status: int,
    headers: dict[str, str],
    body: bytes,
    reason: str,
) -> None:
    issuer.status, issuer.headers, issuer.body = status, headers, body
    async with IssuerKeys(issuer.url, clock=clock) as keys:
        with pytest.raises(Unavailable):
            await user_of(keys, sign())
    assert issuer.requests == ["/api/auth/jwks"]
    assert caplog.messages == [f"the keys of the sign-in server could not be fetched: {reason}"]


async def test_a_set_without_keys_refuses_every_token(issuer: Issuer, keys: IssuerKeys) -> None:
    issuer.keys = []
    with pytest.raises(Unauthorized):
        await user_of(keys, sign())


@pytest.mark.parametrize("entries", [[], [public_jwk(SHORT_RSA, "one")]])
async def test_a_set_without_a_usable_key_does_not_take_the_place_of_a_good_one(
    issuer: Issuer,
    keys: IssuerKeys,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    entries: list[dict[str, Any]],
) -> None:
    assert await user_of(keys, sign()) == "ada"
    good, issuer.keys = issuer.keys, entries
    with pytest.raises(Unauthorized):
        await user_of(keys, sign(OTHER_ED, kid="two"))
    assert await user_of(keys, sign()) == "ada"
    assert caplog.messages[-1].endswith(
        "could not be fetched: the answer holds no key that can be used"
    )
    issuer.keys = [*good, public_jwk(OTHER_ED, "two")]
    clock.now += 1
    assert await user_of(keys, sign(OTHER_ED, kid="two")) == "ada"


# --- What a set may hold --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [
        "text",
        None,
        {},
        {"kty": "OKP"},
        public_jwk(ED, "one", alg="ES256"),
        public_jwk(ED, "one", alg=["EdDSA"]),
        public_jwk(ED, "one", use="enc"),
        public_jwk(ED, "one", key_ops=["sign"]),
        public_jwk(ED, "one", key_ops=5),
        public_jwk(ED) | {"kid": 7},
        public_jwk(ED, "one", crv="X25519"),
        public_jwk(ED, "one", crv=["Ed25519"]),
        public_jwk(ED, "one", kty=None),
        public_jwk(ED, "one", x="AAAA"),
        public_jwk(ED, "one", x=5),
        public_jwk(ED, "one", x="\u00e9"),
        jwt.algorithms.OKPAlgorithm.to_jwk(ED, as_dict=True) | {"kid": "one"},  # the private half
        public_jwk(P256, "one", crv="P-384"),
        public_jwk(P256, "one", y=public_jwk(P256)["x"]),
        public_jwk(RSA, "one", alg="RSA-OAEP"),
        public_jwk(RSA, "one", n=None),
        public_jwk(RSA, "one", e="AQ"),
        public_jwk(SHORT_RSA, "one"),
        {"kty": "oct", "k": "AAAA", "kid": "one"},
        {"kty": "oct", "k": "AAAA", "kid": "one", "alg": "HS256"},
    ],
)
def test_a_key_that_cannot_be_used_is_left_out_and_the_others_stay(
    entry: Any, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps({"keys": [entry, public_jwk(ED, "good", use=None, key_ops=["verify"])]})
    assert list(parse_jwks(body.encode())) == ["good"]
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("key 0 of the sign-in server is left out: ")
    assert caplog.records[0].levelno == logging.WARNING


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_ENTRIES = st.dictionaries(
    st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "use", "kid", "key_ops"]),
    st.sampled_from(["OKP", "EC", "RSA", "Ed25519", "P-256", "sig", "ES256", "AQAB"]) | _JSON,
)


@given(st.binary(max_size=40) | st.builds(lambda keys: json.dumps(keys).encode(), _JSON))
def test_any_bytes_are_a_set_or_a_fault(body: bytes) -> None:
    with suppress(JwksFault):
        parse_jwks(body)


@given(st.lists(_ENTRIES | _JSON, max_size=3))
def test_any_entries_are_read_or_left_out(entries: list[Any]) -> None:
    assert len(parse_jwks(json.dumps({"keys": entries}).encode())) <= len(entries)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://auth.example", "https://auth.example/api/auth/jwks"),
        ("https://auth.example/", "https://auth.example/api/auth/jwks"),
        ("https://auth.example/api/auth", "https://auth.example/api/auth/jwks"),
        ("http://localhost:3000/sub", "http://localhost:3000/sub/api/auth/jwks"),
    ],
)
def test_the_keys_are_where_better_auth_publishes_them(base: str, url: str) -> None:
    assert jwks_url(base) == url
