"""Which names this server answers to, and which pages of other origins may use it.

Only the origins in ALLOWED_ORIGINS get a header, always their own name and never `*`, since
credentials go along (Fetch Standard, CORS protocol). Everybody else gets the answer that a
program would get, which the browser then keeps from the page.
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
#: What a page may read of an answer beside the few headers that every page may.
_EXPOSED: Final = (
    b"x-request-id, x-total-count, retry-after, "
    b"ratelimit-limit, ratelimit-remaining, ratelimit-reset"
)
#: How long a browser may remember a preflight, in seconds; Chromium takes no more.
_REMEMBER_S: Final = b"7200"
_HEADER_NAMES: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, -]{0,2048}")


class Gate:
    """Looks at each request before its route does.

    `allowed_origins` and `allowed_hosts` are canonical; an entry of the latter without a port
    stands for every port, and with no entry every name is taken. `any_host` are paths that answer
    under any name, as health checks ask for an address.
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
        """The answer to a preflight, None for everything else. Raises BadRequest."""
        if self._origins:
            request.reply_headers[b"vary"] = b"origin"
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
        headers[b"access-control-max-age"] = _REMEMBER_S
        asked = request.headers.get(b"access-control-request-headers", b"")
        if asked and _HEADER_NAMES.fullmatch(asked):
            headers[b"access-control-allow-headers"] = asked
        return Reply(204, b"")

    def _require_own_host(self, request: HttpRequest) -> None:
        """A page whose name was rebound to us can send any `X-Forwarded-Host`, but no `Host` other
        than its own name: what stands there must be one of ours, or no name of anybody's."""
        asked_for = self._proxies.resolve(request).host
        sent = request.header("host")
        if self._is_own(asked_for) and (sent is None or self._is_own(sent) or _is_place(sent)):
            return
        raise BadRequest(Sentence("http.unknown_host"), code="unknown_host")

    def _is_own(self, text: str | None) -> bool:
        host = normalize_host(text or "")
        return host is not None and not {host, _name_of(host)}.isdisjoint(self._hosts)


def normalize_host(text: str) -> str | None:
    """`name[:port]` in lower case, without the port 80; None where `text` is none."""
    origin = origin_of("http", text)
    return None if origin is None else origin.removeprefix("http://")


def _name_of(host: str) -> str:
    """A canonical host without its port."""
    name, _, port = host.rpartition(":")
    return name if port.isdigit() else host


def _is_place(host: str) -> bool:
    """Whether a `Host` is an address or `localhost`, which nobody can rebind."""
    name = _name_of(normalize_host(host) or "").strip("[]")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    return True
