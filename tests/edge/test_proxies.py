from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.edge.proxies import RequestSource, TrustedProxies, is_local
from tests.edge.heads import head

PROXY = "10.0.0.1"
STRANGER = "203.0.113.7"
CLIENT = "198.51.100.9"


def _ip(trusted: str, peer: str | None, forwarded_for: str) -> str | None:
    request = head(client=peer, x_forwarded_for=forwarded_for)
    return TrustedProxies.parse(trusted).resolve(request).ip


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded_for", "ip"),
    [
        pytest.param(PROXY, PROXY, CLIENT, CLIENT, id="a trusted peer is believed"),
        pytest.param(PROXY, STRANGER, CLIENT, STRANGER, id="a stranger is not"),
        pytest.param("", PROXY, CLIENT, PROXY, id="nobody is trusted"),
        pytest.param("10.0.0.0/8", PROXY, CLIENT, CLIENT, id="by network"),
        pytest.param("10.1.2.3/8", PROXY, CLIENT, CLIENT, id="a network with host bits"),
        pytest.param(
            PROXY, PROXY, f"1.2.3.4, {CLIENT}", CLIENT, id="what the client wrote is not read"
        ),
        pytest.param(
            "10.0.0.0/8", PROXY, f"1.2.3.4, {CLIENT}, 10.0.0.2", CLIENT, id="two trusted hops"
        ),
        pytest.param("10.0.0.0/8", PROXY, "10.0.0.3, 10.0.0.2", "10.0.0.3", id="all trusted"),
        pytest.param("*", STRANGER, f"{CLIENT}, 1.2.3.4", CLIENT, id="everyone: the left-most"),
        pytest.param(PROXY, PROXY, "unknown", PROXY, id="rubbish is not an address"),
        pytest.param("10.0.0.0/8", PROXY, "x, 10.0.0.2", "10.0.0.2", id="rubbish ends the walk"),
        pytest.param(PROXY, PROXY, "", PROXY, id="an empty header"),
        pytest.param(PROXY, PROXY, f"{CLIENT}:4711", CLIENT, id="with a port"),
        pytest.param(PROXY, PROXY, "[2001:db8::1]:4711", "2001:db8::1", id="IPv6 with a port"),
        pytest.param(PROXY, PROXY, "2001:DB8:0::1", "2001:db8::1", id="IPv6 in canonical form"),
        pytest.param("::1", "::1", CLIENT, CLIENT, id="an IPv6 proxy"),
        pytest.param(PROXY, f"::ffff:{PROXY}", CLIENT, CLIENT, id="IPv4 written as IPv6"),
        pytest.param(PROXY, None, CLIENT, CLIENT, id="a unix socket's peer is trusted"),
        pytest.param("10.0.0.2", "not-an-address", CLIENT, "not-an-address", id="a named peer"),
    ],
)
def test_the_client_is_the_right_most_untrusted_hop(
    trusted: str, peer: str | None, forwarded_for: str, ip: str | None
) -> None:
    assert _ip(trusted, peer, forwarded_for) == ip


def test_without_forwarding_headers_the_request_speaks_for_itself() -> None:
    request = head(client=PROXY, host="chat.example")
    caller = TrustedProxies.parse(PROXY).resolve(request)
    assert caller == RequestSource(ip=PROXY, scheme="http", host="chat.example")


def test_a_unix_socket_without_headers_has_no_client_address() -> None:
    caller = TrustedProxies.parse("127.0.0.1").resolve(head(client=None, host=None))
    assert caller == RequestSource(ip=None, scheme="http", host=None)


@pytest.mark.parametrize(
    ("peer", "hops", "proto", "host", "expected"),
    [
        pytest.param(
            PROXY, CLIENT, "https", "chat.example", ("https", "chat.example"), id="believed"
        ),
        pytest.param(
            STRANGER, CLIENT, "https", "chat.example", ("http", "inner:8000"), id="a stranger's"
        ),
        pytest.param(
            PROXY, CLIENT, "http, https", "evil.example, a.example", ("https", "a.example"),
            id="one hop: the right-most value",
        ),
        pytest.param(
            PROXY, f"{CLIENT}, 10.0.0.2", "https, http", "a.example, inner", ("https", "a.example"),
            id="two hops: what the first proxy saw",
        ),
        pytest.param(
            PROXY, f"{CLIENT}, 10.0.0.2", "HTTPS", "a.example", ("https", "a.example"),
            id="two hops, the second passed it on",
        ),
        pytest.param(
            PROXY, CLIENT, "gopher", "a b/c", ("http", "inner:8000"), id="rubbish is left out"
        ),
    ],
)  # fmt: skip
def test_scheme_and_host_are_those_of_the_outermost_trusted_proxy(
    peer: str, hops: str, proto: str, host: str, expected: tuple[str, str]
) -> None:
    request = head(
        client=peer,
        host="inner:8000",
        x_forwarded_for=hops,
        x_forwarded_proto=proto,
        x_forwarded_host=host,
    )
    caller = TrustedProxies.parse("10.0.0.0/8").resolve(request)
    assert (caller.scheme, caller.host) == expected


@pytest.mark.parametrize("text", ["nginx", "10.0.0.0/99", "10.0.0.1;10.0.0.2", "**"])
def test_an_entry_that_is_no_address_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no IP address, CIDR block or") as caught:
        TrustedProxies.parse(f"127.0.0.1, {text}")
    assert repr(text) in str(caught.value)


@given(peer=st.text(max_size=20), value=st.text(max_size=60))
def test_no_header_can_break_or_move_an_untrusted_peer(peer: str, value: str) -> None:
    request = head(client=peer, x_forwarded_for=value, x_forwarded_proto=value)
    caller = TrustedProxies.parse("192.0.2.1").resolve(request)
    assert (caller.scheme, caller.host) == ("http", "localhost:8000")
    assert TrustedProxies.parse("*").resolve(request).scheme in ("http", "https")


@pytest.mark.parametrize("client", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_a_loopback_peer_that_asks_for_a_loopback_host_is_local(client: str, host: str) -> None:
    assert is_local(head(client=client, host=host)) is True


@pytest.mark.parametrize(
    "header",
    [
        "forwarded",
        "via",
        "x_forwarded_for",
        "x_forwarded_proto",
        "x_forwarded_anything",
        "x_real_ip",
        "cf_connecting_ip",
        "true_client_ip",
    ],
)
def test_a_header_that_proxies_add_makes_a_request_foreign(header: str) -> None:
    assert is_local(head(**{header: "127.0.0.1"})) is False


@pytest.mark.parametrize(
    ("client", "host"),
    [
        pytest.param(None, "localhost", id="a unix socket counts as a proxy"),
        pytest.param("192.168.1.5", "localhost", id="another machine"),
        pytest.param("somewhere", "localhost", id="a peer that is no address"),
        pytest.param("127.0.0.1", "rebound.example", id="a rebound name"),
        pytest.param("127.0.0.1", "localhost, evil.example", id="two hosts"),
        pytest.param("127.0.0.1", None, id="no host"),
    ],
)
def test_any_other_request_is_not_local(client: str | None, host: str | None) -> None:
    assert is_local(head(client=client, host=host)) is False
