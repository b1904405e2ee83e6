"""Checks the `Host` of each request, implements CORS for allowed origins, and sends HSTS.

Only origins in ALLOWED_ORIGINS get CORS headers, always with their own name and never `*`, because
credentials are sent (Fetch Standard, CORS protocol). A page of another origin gets a normal
response, which the browser does not let it read.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from chatkit.edge.asgi import HttpRequest, Reply
from chatkit.edge.origins import origin_of
from chatkit.edge.proxies import TrustedProxies
from chatkit.protocol.errors import BadRequest, Sentence

_METHODS: Final = b"GET, HEAD, POST, PUT, PATCH, DELETE"
#: Response headers that a page of another origin may read, besides the CORS-safelisted ones.
_EXPOSED: Final = (
    b"x-request-id, x-total-count, retry-after, "
    b"ratelimit-limit, ratelimit-remaining, ratelimit-reset"
)
#: How long a browser may cache a preflight response, in seconds; Chromium's maximum.
_MAX_AGE_S: Final = b"7200"
#: A year, for this name alone: others of the same domain are not ours (RFC 6797).
_HSTS: Final = b"max-age=31536000"
_HEADER_NAMES: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, -]{0,2048}")


class Gate:
    """Checks each request before routing.

    `allowed_origins` and `allowed_hosts` are canonical. A host without a port allows every port;
    with no hosts, every name is allowed. `any_host`: paths that are served under any name, because
    health checks use an address.
    """

    def __init__(
        self,
        *,
        allowed_origins: frozenset[str],
        allowed_hosts: frozenset[str],
        proxies: TrustedProxies,
        any_host: frozenset[str] = frozenset(),
    ) -> None:
        self._origins = frozenset(origin.encode() for origin in allowed_origins)
        self._hosts = allowed_hosts
        self._proxies = proxies
        self._any_host = any_host

    def __call__(self, request: HttpRequest) -> Reply | None:
        """The response to a preflight, None for any other request. Raises BadRequest."""
        if self._origins:
            request.vary_on(b"origin")
        if self._proxies.resolve(request).scheme == "https":
            request.reply_headers[b"strict-transport-security"] = _HSTS
        host = request.headers.get(b"host")
        if request.scope.get("http_version") == "1.1" and (host is None or b"," in host):
            raise BadRequest(Sentence("http.one_host"))  # RFC 9112, 3.2
        if self._hosts and request.path not in self._any_host:
            self._require_own_host(request)
        origin = request.headers.get(b"origin")
        if origin is None or origin not in self._origins:
            return None
        headers = request.reply_headers
        headers[b"access-control-allow-origin"] = origin
        headers[b"access-control-allow-credentials"] = b"true"
        if request.method != "OPTIONS" or b"access-control-request-method" not in request.headers:
            headers[b"access-control-expose-headers"] = _EXPOSED
            return None
        headers[b"access-control-allow-methods"] = _METHODS
        headers[b"access-control-max-age"] = _MAX_AGE_S
        asked = request.headers.get(b"access-control-request-headers", b"")
        if asked and _HEADER_NAMES.fullmatch(asked):
            headers[b"access-control-allow-headers"] = asked
        return Reply(204, b"")

    def _require_own_host(self, request: HttpRequest) -> None:
        """Check the names in `X-Forwarded-Host` and `Host`. Raises BadRequest.

        A page with a rebound DNS name can send any `X-Forwarded-Host`, but `Host` is always its own
        name. So `Host` must be one of our names, an IP address or `localhost`.
        """
        asked_for = self._proxies.resolve(request).host
        sent = request.header("host")
        if self._is_own(asked_for) and (sent is None or self._is_own(sent) or _is_address(sent)):
            return
        raise BadRequest(Sentence("http.unknown_host"), code="unknown_host")

    def _is_own(self, text: str | None) -> bool:
        host = normalize_host(text or "")
        return host is not None and not {host, _name_of(host)}.isdisjoint(self._hosts)


def normalize_host(text: str) -> str | None:
    """`name[:port]` in lower case, without port 80. None if `text` is not a host."""
    origin = origin_of("http", text)
    return None if origin is None else origin.removeprefix("http://")


def _name_of(host: str) -> str:
    """A canonical host without the port."""
    name, _, port = host.rpartition(":")
    return name if port.isdigit() else host


def _is_address(host: str) -> bool:
    """Whether a `Host` is an IP address or `localhost`, which DNS rebinding cannot use."""
    name = _name_of(normalize_host(host) or "").strip("[]")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    return True
