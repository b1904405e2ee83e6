"""Origins as text in a canonical form, so that equal origins are equal strings. Pure.

The form is that of RFC 6454, 6.1: scheme, host, port; a default port is left out.
"""

from __future__ import annotations

import ipaddress
import re

_DEFAULT_PORTS = {"http": 80, "https": 443}

# A host is a DNS name in ASCII (browsers send punycode), an IPv4 address, or IPv6 in brackets.
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{0,63})://(?P<host>[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE | re.ASCII,
)


def normalize_origin(text: str) -> str | None:
    """`scheme://host[:port]` in lower case. None if `text` is not one origin (also for `null`)."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return None
    scheme, host = match["scheme"].lower(), match["host"].lower()
    if host.startswith("["):
        try:
            host = f"[{ipaddress.IPv6Address(host[1:-1])}]"
        except ValueError:
            return None
    port = int(match["port"]) if match["port"] else _DEFAULT_PORTS.get(scheme)
    if port is None or port == _DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{port}" if 0 < port < 65536 else None


def origin_of(scheme: str, host: str | None) -> str | None:
    """The origin under which a request reached us. `host` is its `Host` header."""
    return None if host is None else normalize_origin(f"{scheme}://{host}")


def is_loopback_origin(origin: str) -> bool:
    """Whether a canonical origin is on this machine: `localhost`, 127.0.0.0/8 or `[::1]`."""
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        return False
    host = match["host"]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
