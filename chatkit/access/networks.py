"""The network that belongs to one customer, by an address in it."""

from __future__ import annotations

import ipaddress


def network_of(ip: str) -> str:
    """The /64 of an IPv6 address; any other text, such as an IPv4 address, as it is."""
    if ":" not in ip:
        return ip
    try:
        return str(ipaddress.IPv6Network((ip, 64), strict=False))
    except ValueError:  # not an IP address, but a name set by a test or a tunnel
        return ip
