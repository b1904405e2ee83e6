"""Bytes from an address that a model's provider named.

The address is what a foreign answer says, so it must not lead into the operator's own network:
only https to public addresses, looked up once and connected to as they were looked up, at every
redirect anew. The origin that the operator configured is trusted with whatever it points to on
itself, since image servers at home answer with addresses of their own.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import httpx

from chatkit.models.pure.deltas import ModelFault

_MOST_REDIRECTS: Final = 3
#: Longest wait for a connection, and for the next bytes.
_SILENCE_S: Final = 30.0
#: 64:ff9b::/96 (RFC 6052): the last four bytes are an IPv4 address.
_NAT64: Final = bytes.fromhex("0064ff9b") + bytes(8)


def origin_of(url: str | None) -> str | None:
    """Scheme, host and port of `url`, for `fetch`; None for what has none."""
    try:
        parsed = httpx.URL(url or "")
    except httpx.InvalidURL:
        return None
    port = parsed.port or {"http": 80, "https": 443}.get(parsed.scheme)
    return f"{parsed.scheme}://{parsed.host}:{port}" if parsed.host and port else None


async def fetch(url: str, *, trusted: str | None, most_bytes: int) -> bytes:
    """The body at `url`. The caller limits the time.

    Raises ModelFault: `malformed` for an address that is not asked or a body above `most_bytes`,
    `unavailable` for an answer that is none; and httpx's errors.
    """
    async with httpx.AsyncClient(follow_redirects=False, timeout=_SILENCE_S) as client:
        for _ in range(1 + _MOST_REDIRECTS):
            request = await _request(client, url, trusted)
            response = await client.send(request, stream=True)
            try:
                if response.has_redirect_location:
                    url = str(httpx.URL(url).join(response.headers["location"]))
                    continue
                if response.status_code != httpx.codes.OK:
                    raise ModelFault("unavailable")
                return await read_body(response, most_bytes)
            finally:
                await response.aclose()
    raise ModelFault("malformed")


async def read_body(response: httpx.Response, most_bytes: int) -> bytes:
    """The body of an open response. Raises ModelFault `malformed` for more than `most_bytes`."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > most_bytes:
            raise ModelFault("malformed")
    return bytes(body)


async def _request(client: httpx.AsyncClient, url: str, trusted: str | None) -> httpx.Request:
    """A request that goes where it was checked to go, whatever the name means a moment later."""
    origin = origin_of(url)
    if origin is None:
        raise ModelFault("malformed")
    if origin == trusted:
        return client.build_request("GET", url)
    target = httpx.URL(url)
    if target.scheme != "https" or target.userinfo:
        raise ModelFault("malformed")
    addresses = await _look_up(target.host, target.port or 443)
    if not addresses or not all(map(is_public, addresses)):
        raise ModelFault("malformed")
    return client.build_request(
        "GET",
        target.copy_with(host=str(addresses[0])),
        headers={"host": target.netloc.decode("ascii")},
        extensions={"sni_hostname": target.host},
    )


async def _look_up(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    except OSError as error:
        raise ModelFault("unavailable") from error


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the open internet, also in the forms that IPv6 wraps it in."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.packed[:12] == _NAT64:
            inner = IPv4Address(address.packed[12:])
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast
