"""Finds the client of a request that came through proxies. Pure.

`X-Forwarded-For`, `-Proto` and `-Host` are used only if the direct peer is trusted, and only along
the chain of trusted hops: entries to the left of the first untrusted hop can be forged. uvicorn
must not change these headers (`proxy_headers=False`). RFC 7239's `Forwarded` is not parsed; it
only shows that there is a proxy.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Protocol

from chatkit.access.audit import AuditTrail
from chatkit.edge.origins import is_loopback_origin, origin_of

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Headers added by proxies, tunnels and CDNs; any X-Forwarded-* counts as well. One of them is
# enough to show that a loopback peer is not the client.
_PROXY_HEADERS = frozenset(
    {
        b"forwarded",
        b"via",
        b"x-real-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-original-host",
        b"x-original-forwarded-for",
        b"x-envoy-external-address",
        b"true-client-ip",
        b"cf-connecting-ip",
        b"cdn-loop",
        b"fastly-client-ip",
    }
)

_HOP_WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]+)?|([0-9.]+):[0-9]+")


class RequestHead(Protocol):
    """The parts of a request that authentication needs. The body is not among them."""

    @property
    def method(self) -> str:
        """The method in upper case."""

    @property
    def scheme(self) -> str:
        """`http` or `https`, by the socket."""

    @property
    def client(self) -> tuple[str, int] | None:
        """Address and port of the direct peer. None on a unix socket."""

    @property
    def target(self) -> bytes:
        """Path and query, as sent by the client."""

    @property
    def headers(self) -> Mapping[bytes, bytes]:
        """The headers by lower-case name."""

    @property
    def reply_headers(self) -> MutableMapping[bytes, bytes]:
        """Headers that are added to every response, in addition to its own."""

    @property
    def trail(self) -> AuditTrail:
        """Events of this request for the audit log."""

    def header(self, name: str) -> str | None:
        """A header by its lower-case name. Repeated headers are joined by `, `."""

    def expect_body(self, body_hash: bytes) -> None:
        """Reject any body whose SHA-256 is not `body_hash`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSource:
    """The client of a request, and the scheme and host that it used."""

    ip: str | None
    """The client's canonical address. None if only a unix socket is known."""
    scheme: str
    host: str | None
    """A name or address as in a `Host` header, with the port if it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedProxies:
    """The peers whose `X-Forwarded-*` headers are trusted.

    The peer of a unix socket is always trusted: file permissions restrict who can connect.
    """

    networks: tuple[_Network, ...]
    everyone: bool = False

    @classmethod
    def parse(cls, text: str) -> TrustedProxies:
        """Parse a comma-separated list of addresses and CIDR blocks, or `*`. Raises ValueError."""
        networks: list[_Network] = []
        everyone = False
        for entry in filter(None, (part.strip() for part in text.split(","))):
            if entry == "*":
                everyone = True
                continue
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                raise ValueError(f"{entry!r} is no IP address, CIDR block or *") from None
        return cls(networks=tuple(networks), everyone=everyone)

    def resolve(self, request: RequestHead) -> RequestSource:
        """The client's address, scheme and host, as reported by trusted hops.

        If n entries of `X-Forwarded-For` are trusted, the n-th value from the right of the other
        two headers is from the same proxy. A proxy that overwrites a header leaves one value.
        """
        peer = request.client[0] if request.client is not None else None
        ip, hops = self.client_ip(peer, request.header("x-forwarded-for"))
        scheme, host = request.scheme, request.header("host")
        if hops is None:
            return RequestSource(ip=ip, scheme=scheme, host=host)
        proto = _from_right(request.header("x-forwarded-proto"), hops)
        if proto is not None and proto.lower() in ("http", "https"):
            scheme = proto.lower()
        forwarded_host = _from_right(request.header("x-forwarded-host"), hops)
        if forwarded_host is not None and origin_of(scheme, forwarded_host) is not None:
            host = forwarded_host
        return RequestSource(ip=ip, scheme=scheme, host=host)

    def client_ip(self, peer: str | None, forwarded: str | None) -> tuple[str | None, int | None]:
        """The client's address, and the number of trusted entries in `X-Forwarded-For`.

        The number is None if the direct peer is not trusted.
        """
        address = None if peer is None else _parse_address(peer)
        if peer is not None and not self._trusts(address):
            return peer if address is None else str(address), None
        hops = 0
        for entry in reversed(_split(forwarded)):
            hop = _parse_address(entry)
            if hop is None:
                break
            address, hops = hop, hops + 1
            if not self._trusts(hop):
                break
        return peer if address is None else str(address), hops

    def _trusts(self, address: _Address | None) -> bool:
        if self.everyone:
            return True
        return address is not None and any(address in network for network in self.networks)


def is_local(request: RequestHead) -> bool:
    """Whether the request came from this machine without a proxy, as far as can be detected.

    It has a loopback peer, a loopback `Host` (to detect DNS rebinding) and no header that proxies
    add. A unix socket counts as a proxy.
    """
    if request.client is None:
        return False
    address = _parse_address(request.client[0])
    if address is None or not address.is_loopback:
        return False
    if any(name in _PROXY_HEADERS or name.startswith(b"x-forwarded") for name in request.headers):
        return False
    own = origin_of("http", request.header("host"))
    return own is not None and is_loopback_origin(own)


def _parse_address(text: str) -> _Address | None:
    """Parse an IP address, also with a port or in brackets. IPv4-mapped IPv6 becomes IPv4."""
    match = _HOP_WITH_PORT.fullmatch(text)
    if match is not None:
        text = match[1] or match[2] or ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _split(value: str | None) -> list[str]:
    return [] if value is None else [part.strip() for part in value.split(",")]


def _from_right(value: str | None, hops: int) -> str | None:
    values = _split(value)
    return values[-min(max(hops, 1), len(values))] if values else None
