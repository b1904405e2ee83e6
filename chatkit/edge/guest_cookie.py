"""The cookie with a guest's token, out of reach of scripts and of other sites."""

from __future__ import annotations

from chatkit.edge.guests import GUEST_TOKEN_S
from chatkit.edge.proxies import RequestHead, TrustedProxies


class GuestCookie:
    """Reads the cookie of a request, and sets or removes it in the response.

    `installation` makes the name this server's own: browsers send a cookie to every port of a
    host, so two servers on one machine would take each other's guests away.
    """

    def __init__(self, proxies: TrustedProxies, *, installation: str) -> None:
        self._proxies = proxies
        self._name = f"chatkit_guest_{installation}"

    def read(self, request: RequestHead) -> list[str]:
        """The different tokens in the cookie: one, or none; several if somebody interferes."""
        return read_cookie(request.header("cookie"), self._named(request))

    def set(self, request: RequestHead, token: str) -> None:
        """Give the client this token, for as long as it is valid."""
        self._write(request, token, GUEST_TOKEN_S)

    def remove(self, request: RequestHead) -> None:
        """Take the cookie away, so that the client's next request is without one."""
        self._write(request, "", 0)

    def _write(self, request: RequestHead, value: str, max_age: int) -> None:
        # Lax and not Strict: a link from another site to the page must find the guest signed in.
        fields = [f"{self._named(request)}={value}", "Path=/", f"Max-Age={max_age}", "HttpOnly"]
        if self._is_secure(request):
            fields.append("Secure")
        request.reply_headers[b"set-cookie"] = "; ".join([*fields, "SameSite=Lax"]).encode()

    def _named(self, request: RequestHead) -> str:
        # With the prefix, browsers take the cookie from this very host only (RFC 6265bis, 4.1.3),
        # so a sibling domain cannot make anybody its guest.
        return f"__Host-{self._name}" if self._is_secure(request) else self._name

    def _is_secure(self, request: RequestHead) -> bool:
        return self._proxies.resolve(request).scheme == "https"


def read_cookie(header: str | None, name: str) -> list[str]:
    """The different values of a cookie in a Cookie header, without empty ones."""
    found: dict[str, None] = {}
    for pair in (header or "").split(";"):
        key, _, value = pair.partition("=")
        if key.strip() == name and value.strip():
            found[value.strip()] = None
    return [*found]
