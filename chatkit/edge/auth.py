"""Authentication: from a request's headers to a user, or to an error with the reason.

If there is a bearer token or a signature (see signing), only that is checked. The cookie
`auth_token` is used only without an `Authorization` header. Browsers also send cookies with
requests of other sites, so an unsafe request with a cookie must prove that it comes from one of our
pages. A request with none of these may make a guest, or be of one who came back: see guest_door.

The `client_secret` of a session is accepted only at routes that allow its scope: each call of
`authenticate` lists the allowed scopes, by default none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from chatkit.access.sessions import Session, SessionScope
from chatkit.edge.guest_cookie import read_cookie
from chatkit.edge.guest_door import GuestDoor
from chatkit.edge.guests import GuestToken, GuestTokens
from chatkit.edge.limits import Limits
from chatkit.edge.origins import is_loopback_origin, normalize_origin, origin_of
from chatkit.edge.proxies import RequestHead, TrustedProxies
from chatkit.edge.signing import Signatures
from chatkit.edge.tokens import Token, TokenCache, User, Verifier
from chatkit.protocol.errors import Forbidden, Sentence, Unauthorized

#: Longest token that is accepted, in characters.
MAX_TOKEN_CHARS = 8192

_COOKIE = "auth_token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CACHED_TOKENS = 4096

# RFC 6750, 2.1, with the scheme in any case (RFC 9110, 11.1). Two headers, which are joined by a
# comma, do not match.
_BEARER = re.compile(r"bearer +(?P<token>\S+) *", re.IGNORECASE | re.ASCII)
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class Authenticator:
    """Authenticates requests.

    The guests' tokens are asked first, then `verifiers` in order. `allowed_origins` and
    `public_origin`, the origin of our own pages if it is configured, are canonical (see
    `normalize_origin`). `now` returns Unix seconds.
    """

    def __init__(
        self,
        *,
        verifiers: Sequence[Verifier],
        guests: GuestTokens,
        door: GuestDoor,
        proxies: TrustedProxies,
        allowed_origins: frozenset[str],
        public_origin: str | None = None,
        now: Callable[[], float],
        limits: Limits | None = None,
        signatures: Signatures | None = None,
    ) -> None:
        self._verifiers: tuple[Verifier, ...] = (guests, *verifiers)
        self._guests = guests
        self._door = door
        self._proxies = proxies
        self._allowed_origins = allowed_origins
        self._public_origin = public_origin
        self._now = now
        self._limits = limits
        self._signatures = signatures
        self._cache = TokenCache(size=_CACHED_TOKENS)

    async def authenticate(
        self, request: RequestHead, *, sessions: Sequence[SessionScope] = ()
    ) -> User:
        """The user of a request. `sessions`: session scopes that are accepted here.

        Raises Unauthorized for a missing or invalid credential. Raises Forbidden for a cookie
        without proof of its origin, a guest where the policy allows none (`guests_off`), a session
        or token of another scope, or a session bound to another origin. Raises TooMany: see Limits.
        """
        if self._limits is None:
            return await self._identify(request, sessions)
        return await self._limits.admit(request, lambda: self._identify(request, sessions))

    async def _identify(self, request: RequestHead, sessions: Sequence[SessionScope]) -> User:
        user = await self._authenticate(request, sessions)
        request.trail.user_id = user.user_id
        return user

    async def _authenticate(self, request: RequestHead, sessions: Sequence[SessionScope]) -> User:
        if self._signatures is not None and self._signatures.recognizes(request):
            return await self._signatures.verify(request)
        authorization = request.header("authorization")
        if authorization is not None:
            user = await self._verify(_read_bearer(authorization))
        elif (token := _read_cookie(request.header("cookie"))) is not None:
            user = await self._verify(token)
            if user.session is not None:
                raise Unauthorized(Sentence("sign_in.secret_in_cookie"))
            self._require_own_page(request)
        elif (token := self._door.shown(request)) is not None:
            user = await self._verify_guest(request, token)
            # SameSite keeps the cookie from other sites' requests. Programs send neither header.
            if request.header("sec-fetch-site") or request.header("origin"):
                self._require_own_page(request)
            self._door.require_allowed(request, invited=user.invited)
            self._door.renew(request, user)
        elif tuple(sessions) == ("mcp",):
            raise Unauthorized(Sentence("sign_in.nothing_shown"))  # an agent is nobody's guest
        else:
            user = self._door.first_visit(request)
        if user.session is not None:
            _require_session_fits(request, user.session, sessions)
        if user.only is not None and tuple(sessions) != (user.only,):
            raise Forbidden(Sentence("sign_in.agents_only"))
        if user.is_guest:
            # A session has no invitation of its own: the guest who opened it was let in.
            self._door.require_allowed(request, invited=user.invited or user.session is not None)
        return user

    async def _verify_guest(self, request: RequestHead, token: str) -> User:
        """The guest whose token it is. One that is not valid is removed from the browser.

        So it is refused once, and nobody loses their chats unnoticed.
        """
        try:
            parsed = Token.parse(_check_token(token))
            if self._guests.recognizes(parsed):
                return await self._verify(token)
        except Unauthorized as error:
            raise self._door.forget(request) from error
        raise self._door.forget(request)

    def require_known_origin(self, request: RequestHead) -> None:
        """Check `Origin` on routes for programs, whatever the credential. Raises Forbidden.

        A request without `Origin` passes. The origin must be allowed, or be a loopback origin in a
        request to a loopback host, or be our own under https. Our own name under plain http proves
        nothing: another site can rebind its DNS name to our address.
        """
        text = request.header("origin")
        if text is None:
            return
        origin = normalize_origin(text)
        caller = self._proxies.resolve(request)
        own = origin_of(caller.scheme, caller.host)
        if origin is not None and own is not None:
            if origin in self._allowed_origins or origin == self._public_origin:
                return
            if is_loopback_origin(origin) and is_loopback_origin(own):
                return
            if origin == own and caller.scheme == "https":
                return
        raise Forbidden(Sentence("sign_in.origin_unknown"))

    async def admit_link(self, request: RequestHead, user_id: str) -> None:
        """Apply the address limit to a signed URL of `user_id`. Raises TooMany."""
        if self._limits is not None:
            await self._limits.admit_address(request)
        request.trail.user_id = user_id

    async def issue_guest(self, request: RequestHead, *, as_cookie: bool = False) -> GuestToken:
        """Issue a guest token: the guest of the token in the request is renewed, else a new one.

        `as_cookie`: the response sets it as the cookie, and the request's own cookie counts as
        well. Any other credential is ignored. Raises Unauthorized for a damaged or expired guest
        token, and Forbidden for a page of another site and (`guests_off`) if the policy allows no
        guests.
        """
        if self._limits is not None:
            await self._limits.admit_address(request)
        self._door.require_no_foreign_page(request)
        known = await self._known_guest(request, cookie=as_cookie)
        invited = known is not None and known.invited
        self._door.require_allowed(request, invited=invited)
        if as_cookie:
            return self._door.welcome(request, known, invited=invited)
        return self._guests.issue(None if known is None else known.user_id, invited=invited)

    async def admit_invited(self, request: RequestHead) -> None:
        """Let the browser in that has opened the start's link: its guest, or a new one."""
        try:
            known = await self._known_guest(request, cookie=True)
        except Unauthorized:
            known = None
        guest = self._door.welcome(request, known, invited=True)
        request.trail.user_id = guest.user_id

    def begin_anew(self, request: RequestHead, user: User) -> None:
        """Make the guest whose data was erased another one, if the cookie told who it was."""
        if user.is_guest and request.header("authorization") is None:
            self._door.welcome(request, None, invited=user.invited)

    async def is_invited(self, request: RequestHead) -> bool:
        """Whether the browser was let in by such a link before."""
        try:
            known = await self._known_guest(request, cookie=True)
        except Unauthorized:
            return False
        return known is not None and known.invited

    async def _known_guest(self, request: RequestHead, *, cookie: bool) -> User | None:
        """The guest of the token, or of the `cookie`; None if the credential is none of a guest.

        A session of a guest is none: it would gain the rights of a full guest token.
        """
        authorization = request.header("authorization")
        if authorization is None:
            token = self._door.shown(request) if cookie else None
            return None if token is None else await self._verify_guest(request, token)
        match = _BEARER.fullmatch(authorization)
        if match is None or not self._is_guest_token(match["token"]):
            return None
        return await self._verify_guest(request, match["token"])

    def _is_guest_token(self, text: str) -> bool:
        try:
            return self._guests.recognizes(Token.parse(_check_token(text)))
        except Unauthorized:
            return False

    async def _verify(self, text: str) -> User:
        cached = self._cache.get(text, self._now())
        if cached is not None:
            return cached
        token = Token.parse(text)
        for verifier in self._verifiers:
            if verifier.recognizes(token):
                verified = await verifier.verify(token)
                if verified.cache_until:
                    self._cache.put(text, verified)
                return verified.user
        raise Unauthorized(Sentence("sign_in.token_kind"))

    def _require_own_page(self, request: RequestHead) -> None:
        """Check that an unsafe request with a cookie comes from one of our pages. Raises Forbidden.

        `Sec-Fetch-Site` is set by the browser, and pages cannot forge it. It is correct even if a
        proxy hides our host name. Browsers that do not send it are checked by `Origin`.
        """
        site = request.header("sec-fetch-site")
        if request.method in _SAFE_METHODS or site == "same-origin":
            return
        origin = normalize_origin(request.header("origin") or "")
        if origin is not None and origin in self._allowed_origins:
            return
        if site is None and origin is not None:
            if origin == self._public_origin:
                return
            caller = self._proxies.resolve(request)
            if origin == origin_of(caller.scheme, caller.host):
                return
        raise Forbidden(Sentence("sign_in.cookie_elsewhere"))


def _require_session_fits(
    request: RequestHead, session: Session, scopes: Sequence[SessionScope]
) -> None:
    if session.scope not in scopes:
        raise Forbidden(Sentence("sign_in.session_scope"))
    origin = request.header("origin")
    if origin is not None and session.origin not in (None, normalize_origin(origin)):
        raise Forbidden(Sentence("sign_in.session_origin"))


def _read_bearer(authorization: str) -> str:
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise Unauthorized(Sentence("sign_in.bearer_form"))
    return _check_token(match["token"])


def _read_cookie(header: str | None) -> str | None:
    """The token in the cookie. Two different values are refused: a sibling domain can set a cookie
    of the same name, and there is no way to tell which one is ours."""
    found = read_cookie(header, _COOKIE)
    if len(found) > 1:
        raise Unauthorized(Sentence("sign_in.several_cookies", name=_COOKIE))
    return _check_token(found[0]) if found else None


def _check_token(text: str) -> str:
    if len(text) > MAX_TOKEN_CHARS:
        raise Unauthorized(Sentence("sign_in.token_too_long", count=MAX_TOKEN_CHARS))
    if _TOKEN68.fullmatch(text) is None:
        raise Unauthorized(Sentence("sign_in.token_malformed"))
    return text
