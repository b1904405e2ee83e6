"""Where a request really came from, when proxies stand between.

`X-Forwarded-For`, `-Proto` and `-Host` are believed from trusted peers only, and only as far as
the chain of trusted hops reaches: everything to the left of the first untrusted hop was written
by a stranger. The server under us must leave these headers alone (uvicorn: `proxy_headers=False`).
RFC 7239's `Forwarded` is not read; it still shows that a proxy stands between. Pure.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Protocol

from chatkit.access.audit import Trail
from chatkit.edge.origins import is_loopback_origin, origin_of

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Headers that a proxy, a tunnel or a CDN adds; any X-Forwarded-* counts as well. One of them is
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
    """What identity needs of a request; nothing here reads the body."""

    @property
    def method(self) -> str:
        """In upper case."""

    @property
    def scheme(self) -> str:
        """`http` or `https`, as the socket has it."""

    @property
    def client(self) -> tuple[str, int] | None:
        """The direct peer's address and port; None on a unix socket."""

    @property
    def target(self) -> bytes:
        """Path and query as they were sent."""

    @property
    def headers(self) -> Mapping[bytes, bytes]:
        """By lower-case name."""

    @property
    def reply_headers(self) -> MutableMapping[bytes, bytes]:
        """What the answer gets beside its own headers."""

    @property
    def trail(self) -> Trail:
        """What it leaves for the audit log."""

    def header(self, name: str) -> str | None:
        """The value by lower-case name; several of one name are joined by `, `."""

    def expect_body(self, body_hash: bytes) -> None:
        """From now on give no body but the one with this SHA-256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSource:
    """Who asks, and under which address of ours."""

    ip: str | None
    """The client's address in its canonical form; None where only a unix socket is known."""
    scheme: str
    host: str | None
    """As in a `Host` header: a name or address, with the port where it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedProxies:
    """The peers whose `X-Forwarded-*` is believed. A unix socket's peer always is: only whom the
    operator let open the file can be there."""

    networks: tuple[_Network, ...]
    everyone: bool = False

    @classmethod
    def parse(cls, text: str) -> TrustedProxies:
        """A comma list of addresses and CIDR blocks, or `*`. ValueError names the bad entry."""
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
        """The client's address, scheme and host, as far as trusted hops vouch for them.

        With n believed entries of `X-Forwarded-For`, the n-th value from the right of the other
        two headers was written by the same proxy; a proxy that overwrites leaves one value.
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
        """The client's address, from the direct peer's and `X-Forwarded-For`, and how many entries
        of that were believed; None where the peer itself is not."""
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
    """Whether the request was made on this machine with no proxy between, as far as can be told.

    A loopback peer, a loopback `Host` (a rebound DNS name shows there) and no header that proxies
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
    """An IP address, also with a port or in brackets; IPv4 written as IPv6 becomes IPv4 again."""
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
