"""Downloads a file from a URL that a provider's response contains.

The URL is untrusted and must not reach the operator's own network (SSRF). Only https to public
addresses is allowed. The name is resolved once and the connection uses the checked address; every
redirect is checked anew. URLs of the origin that the operator configured are trusted, because
local image servers return URLs on themselves.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import httpx

from chatkit.models.pure.deltas import ModelFault

_MAX_REDIRECTS: Final = 3
#: Timeout for connecting, and for the next bytes, in seconds.
_SILENCE_S: Final = 30.0
#: 64:ff9b::/96 (RFC 6052): the last four bytes are an IPv4 address.
_NAT64: Final = bytes.fromhex("0064ff9b") + bytes(8)


def origin_of(url: str | None) -> str | None:
    """Scheme, host and port of `url`, for `fetch`. None if one of them is missing."""
    try:
        parsed = httpx.URL(url or "")
    except httpx.InvalidURL:
        return None
    port = parsed.port or {"http": 80, "https": 443}.get(parsed.scheme)
    return f"{parsed.scheme}://{parsed.host}:{port}" if parsed.host and port else None


async def fetch(url: str, *, trusted: str | None, max_bytes: int) -> bytes:
    """Download the body at `url`. There is no total timeout here; the caller sets one.

    Raises ModelFault `malformed` for a URL that is not allowed or a body above `max_bytes`,
    ModelFault `unavailable` for a status other than 200, and httpx's errors.
    """
    async with httpx.AsyncClient(follow_redirects=False, timeout=_SILENCE_S) as client:
        for _ in range(1 + _MAX_REDIRECTS):
            request = await _request(client, url, trusted)
            response = await client.send(request, stream=True)
            try:
                if response.has_redirect_location:
                    url = str(httpx.URL(url).join(response.headers["location"]))
                    continue
                if response.status_code != httpx.codes.OK:
                    raise ModelFault("unavailable")
                return await read_body(response, max_bytes)
            finally:
                await response.aclose()
    raise ModelFault("malformed")


async def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """The body of an open response. Raises ModelFault `malformed` above `max_bytes`."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > max_bytes:
            raise ModelFault("malformed")
    return bytes(body)


async def _request(client: httpx.AsyncClient, url: str, trusted: str | None) -> httpx.Request:
    """A request to the address that was checked, so that a later DNS answer cannot change it."""
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
    """Whether an address is on the public internet. IPv4 addresses inside IPv6 are unwrapped."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.packed[:12] == _NAT64:
            inner = IPv4Address(address.packed[12:])
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast
