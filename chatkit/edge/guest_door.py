"""The door for guests: who may come in without an account, and how a guest stays the same user.

The first request without a credential makes a guest, whose token its response sets as a cookie.
A guest who comes back is renewed long before the token ends. Whether guests are let in is checked
at every use of a token, not just when it is made.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Literal

from chatkit.access.audit import AuditEvent
from chatkit.edge.guest_cookie import GuestCookie
from chatkit.edge.guests import GuestToken, GuestTokens
from chatkit.edge.origins import is_loopback_origin, normalize_origin
from chatkit.edge.proxies import RequestHead, TrustedProxies, is_local
from chatkit.edge.tokens import User
from chatkit.protocol.errors import Forbidden, Sentence, Unauthorized

#: `local`: only from this machine, without a proxy in between. `link`: only by the link that the
#: start prints.
GuestPolicy = Literal["on", "local", "link", "off"]

#: A guest's token is renewed by the first request after this time, in seconds.
RENEW_AFTER_S: Final = 24 * 3600
#: Requests that a new page sends at the same time are of one guest for this long, in seconds.
JOIN_S: Final = 2.0

_MAX_FIRST_VISITS: Final = 1024
#: A random id that the widget sends with each request of one frame.
_FRAME_HEADER: Final = "chatkit-frame-instance-id"
_SHORTEST_FRAME_ID: Final = 16


class GuestDoor:
    """Applies the guest policy. `now` returns Unix seconds.

    `signs_in`: there is another way to sign in, which a refusal then names.
    """

    def __init__(
        self,
        tokens: GuestTokens,
        policy: GuestPolicy,
        *,
        signs_in: bool,
        cookie: GuestCookie,
        proxies: TrustedProxies,
        allowed_origins: frozenset[str],
        now: Callable[[], float],
    ) -> None:
        self._tokens = tokens
        self._policy = policy
        self._signs_in = signs_in
        self._allowed_origins = allowed_origins
        self._now = now
        self._cookie = cookie
        self._proxies = proxies
        self._first_visits: OrderedDict[tuple[str | None, ...], tuple[GuestToken, float]] = (
            OrderedDict()
        )

    def shown(self, request: RequestHead) -> str | None:
        """The token in the guest's cookie, unless there are no guests. Raises Unauthorized."""
        found = [] if self._policy == "off" else self._cookie.read(request)
        if len(found) > 1:
            raise Unauthorized(Sentence("sign_in.several_cookies", name="chatkit_guest"))
        return found[0] if found else None

    def require_allowed(self, request: RequestHead, *, invited: bool) -> None:
        """Raises Forbidden (`guests_off`) if the policy lets no guest in with this request."""
        if self._policy == "on" or (self._policy == "link" and invited):
            return
        if self._policy == "local" and self._is_of_this_machine(request):
            return
        raise Forbidden(self._refusal(), code="guests_off")

    def require_no_foreign_page(self, request: RequestHead) -> None:
        """Check a request that needs no credential: any page could send it. Raises Forbidden.

        The local policy allows pages of other ports of this machine.
        """
        if request.header("sec-fetch-site") in (None, "same-origin", "none"):
            return
        origin = normalize_origin(request.header("origin") or "")
        if origin in self._allowed_origins:
            return
        if self._policy == "local" and origin is not None and is_loopback_origin(origin):
            return
        raise Forbidden(Sentence("sign_in.origin_unknown"))

    def first_visit(self, request: RequestHead) -> User:
        """The guest who sends a request without any credential.

        Raises Unauthorized with what to do, where no guest is let in like that. Raises Forbidden
        for a page of another site.
        """
        if self._policy not in ("on", "local"):
            raise Unauthorized(self._refusal())
        self.require_no_foreign_page(request)
        if self._policy == "local" and not self._is_of_this_machine(request):
            raise Unauthorized(self._refusal())
        token, is_new = self._join(request)
        if is_new:
            request.trail.events.append(AuditEvent("guest.issue"))
        self._cookie.set(request, token.token)
        return User(user_id=token.user_id, is_guest=True)

    def welcome(self, request: RequestHead, user: User | None, *, invited: bool) -> GuestToken:
        """A token for the guest `user`, or for a new one; the response sets it as the cookie."""
        token = self._tokens.issue(None if user is None else user.user_id, invited=invited)
        self._cookie.set(request, token.token)
        return token

    def renew(self, request: RequestHead, user: User) -> None:
        """Give a guest who came with the cookie a new token, if theirs is of another day."""
        if user.issued_at is None or self._now() - user.issued_at < RENEW_AFTER_S:
            return
        self.welcome(request, user, invited=user.invited)

    def forget(self, request: RequestHead) -> Unauthorized:
        """The error for a cookie that is no valid token; the response removes the cookie."""
        self._cookie.remove(request)
        return Unauthorized(Sentence("sign_in.guest_over"))

    def _join(self, request: RequestHead) -> tuple[GuestToken, bool]:
        """The guest of a first request, and whether it is new.

        A page may send several first requests before the first response has set the cookie. They
        are known to be of one page by the random id of the widget's frame, which nobody else
        knows; on this machine, where the local policy holds, by what the browser says of itself.
        """
        frame = request.header(_FRAME_HEADER) or ""
        if len(frame) < _SHORTEST_FRAME_ID:
            if self._policy != "local":
                return self._tokens.issue(), True
            frame = ""
        named = ("user-agent", "origin", "host", "accept-language")
        key = (self._proxies.resolve(request).ip, frame, *(request.header(n) for n in named))
        now = self._now()
        while self._first_visits:
            oldest = next(iter(self._first_visits))
            if (
                len(self._first_visits) < _MAX_FIRST_VISITS
                and 0 <= now - self._first_visits[oldest][1] < JOIN_S
            ):
                break
            del self._first_visits[oldest]
        known = self._first_visits.get(key)
        if known is not None:
            return known[0], False
        token = self._tokens.issue()
        self._first_visits[key] = (token, now)
        return token, True

    def _is_of_this_machine(self, request: RequestHead) -> bool:
        """Whether request and page are of this machine.

        A proxy may forward a request without adding a header, but it does not change the page's
        `Origin`: a public name there means that the request did not start on this machine.
        """
        if not is_local(request):
            return False
        origin = request.header("origin")
        if origin is None:
            return True
        canonical = normalize_origin(origin)
        return canonical is not None and (
            is_loopback_origin(canonical) or canonical in self._allowed_origins
        )

    def _refusal(self) -> Sentence:
        if self._policy == "local":
            return Sentence("sign_in.only_this_machine")
        if self._policy == "link":
            return Sentence("sign_in.link_needed")
        if self._signs_in:
            return Sentence("sign_in.nothing_shown")
        return Sentence("sign_in.no_way_in")
