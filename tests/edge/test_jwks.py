"""Tokens of a sign-in server, by the keys that a real HTTP server publishes."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from chatkit.edge.auth import Authenticator
from chatkit.edge.jwks import REMEMBER_S, IssuerKeys, JwksFault, JwksVerifier, jwks_url, parse_jwks
from chatkit.edge.tokens import ExpectedClaims, SecretVerifier, Token, User, Verifier
from chatkit.protocol.errors import Unauthorized
from tests.edge import sign_ins
from tests.edge.clock import NOW
from tests.edge.heads import head
from tests.edge.issuer import Issuer, PrivateKey, public_jwk
from tests.edge.issuer_tokens import AGENTS, ANY, ED, OTHER_ED, SHORT_RSA, sign, user_of

P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
P521 = ec.generate_private_key(ec.SECP521R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


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
    verifier = JwksVerifier(keys, expected=ANY, agents=AGENTS, now=lambda: NOW)
    assert not verifier.recognizes(Token.parse(token))
    authenticator = build_with(verifier)
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


def build_with(*verifiers: Verifier) -> Authenticator:
    return sign_ins.build(policy="off", secret=None, clock=lambda: NOW, verifiers=verifiers)


async def test_secrets_and_keys_are_taken_side_by_side(keys: IssuerKeys) -> None:
    authenticator = build_with(
        SecretVerifier(secrets=["n" * 32, "p" * 32], now=lambda: NOW),
        JwksVerifier(keys, expected=ANY, agents=AGENTS, now=lambda: NOW),
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
    authenticator = build_with(
        SecretVerifier(secrets=["n" * 32], now=lambda: NOW),
        JwksVerifier(keys, expected=ANY, agents=AGENTS, now=lambda: NOW),
    )
    with pytest.raises(Unauthorized, match="malformed"):
        await authenticator.authenticate(
            head(authorization=f"Bearer {_with_header(**{field: value})}")
        )


async def test_the_cookie_of_better_auth_itself_is_not_taken(keys: IssuerKeys) -> None:
    authenticator = build_with(JwksVerifier(keys, expected=ANY, agents=AGENTS, now=lambda: NOW))
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(head(cookie=f"better-auth.session_token={sign()}"))


async def test_a_token_is_answered_from_memory_for_a_minute_only(keys: IssuerKeys) -> None:
    verifier = JwksVerifier(keys, expected=ANY, agents=AGENTS, now=lambda: NOW)
    assert (await verifier.verify(Token.parse(sign()))).cache_until == NOW + REMEMBER_S
    ending = Token.parse(sign(exp=NOW - 50))
    assert (await verifier.verify(ending)).cache_until == NOW + 10


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
