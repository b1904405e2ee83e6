"""Who is asking: from a request's head to a user, or to the error that says why not.

A bearer token decides alone, and so does a signature (see signing); the cookie `auth_token` is
looked at only when there is no `Authorization` header. A browser sends cookies along with other
sites' requests, so a cookie that changes something must also show that one of our own pages sent
it. A guest's token holds only where a guest would be let in now: the rule is applied to each use,
not to the issue alone.

A session's `client_secret` stands for its user at the routes that ask for it by its scope, and
nowhere else: each call of `authenticate` says which scopes its route takes, and by default none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from chatkit.access.sessions import Session, SessionScope
from chatkit.edge.guests import GuestToken, GuestTokens
from chatkit.edge.limits import Limits
from chatkit.edge.origins import is_loopback_origin, normalize_origin, origin_of
from chatkit.edge.proxies import RequestHead, TrustedProxies, is_local
from chatkit.edge.signing import Signatures
from chatkit.edge.tokens import Token, TokenCache, User, Verifier
from chatkit.protocol.errors import Forbidden, Sentence, Unauthorized

#: `local`: only from this machine, with no proxy between.
GuestPolicy = Literal["on", "local", "off"]

#: The longest token that is looked at, in characters.
LONGEST_TOKEN = 8192

_COOKIE = "auth_token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CACHED_TOKENS = 4096

# RFC 6750, 2.1, with the scheme in any case (RFC 9110, 11.1). Two headers, joined by a comma, do
# not match.
_BEARER = re.compile(r"bearer +(?P<token>\S+) *", re.IGNORECASE | re.ASCII)
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class Authenticator:
    """Judges requests. Later kinds of token join as further `verifiers`.

    `verifiers` are asked in order, after the guests'. `allowed_origins` are canonical (see
    `normalize_origin`). `now` gives Unix seconds.
    """

    def __init__(
        self,
        *,
        verifiers: Sequence[Verifier],
        guests: GuestTokens,
        guest_policy: GuestPolicy,
        proxies: TrustedProxies,
        allowed_origins: frozenset[str],
        now: Callable[[], float],
        limits: Limits | None = None,
        signatures: Signatures | None = None,
    ) -> None:
        self._verifiers: tuple[Verifier, ...] = (guests, *verifiers)
        self._guests = guests
        self._guest_policy = guest_policy
        self._proxies = proxies
        self._allowed_origins = allowed_origins
        self._now = now
        self._limits = limits
        self._signatures = signatures
        self._cache = TokenCache(size=_CACHED_TOKENS)

    async def authenticate(
        self, request: RequestHead, *, sessions: Sequence[SessionScope] = ()
    ) -> User:
        """The user behind a request. `sessions`: the scopes that are as good as signing in here.

        Unauthorized: no credential, or one that does not hold. Forbidden: a cookie that another
        site's page may have sent, a guest where none is let in (`guests_off`), a session of
        another scope, or one that is bound to another page. TooMany: see Limits.
        """
        if self._limits is None:
            return await self._identify(request, sessions)
        return await self._limits.admit(request, lambda: self._identify(request, sessions))

    async def _identify(self, request: RequestHead, sessions: Sequence[SessionScope]) -> User:
        user = await self._judge(request, sessions)
        request.trail.user_id = user.user_id
        return user

    async def _judge(self, request: RequestHead, sessions: Sequence[SessionScope]) -> User:
        if self._signatures is not None and self._signatures.recognizes(request):
            return await self._signatures.verify(request)
        authorization = request.header("authorization")
        if authorization is not None:
            user = await self._verify(_read_bearer(authorization))
        else:
            user = await self._verify(_read_cookie(request.header("cookie")))
            if user.session is not None:
                raise Unauthorized(Sentence("sign_in.secret_in_cookie"))
            if request.method not in _SAFE_METHODS:
                self._require_own_page(request)
        if user.session is not None:
            _require_session_fits(request, user.session, sessions)
        if user.is_guest:
            self._require_guests(request)
        return user

    def require_known_origin(self, request: RequestHead) -> None:
        """For routes that programs use and pages seldom do, whatever the credential.

        An `Origin`, where there is one, must be an allowed one, a page of this machine that asks
        for this machine, or our own under TLS: over plain http a name proves nothing, since
        another site's page can have its own name rebound to us. Raises Forbidden.
        """
        text = request.header("origin")
        if text is None:
            return
        origin = normalize_origin(text)
        caller = self._proxies.resolve(request)
        own = origin_of(caller.scheme, caller.host)
        if origin is not None and own is not None:
            if origin in self._allowed_origins:
                return
            if is_loopback_origin(origin) and is_loopback_origin(own):
                return
            if origin == own and caller.scheme == "https":
                return
        raise Forbidden(Sentence("sign_in.origin_unknown"))

    async def admit_link(self, request: RequestHead, user_id: str) -> None:
        """For a signed URL that speaks for `user_id`: the limit of the address holds. TooMany."""
        if self._limits is not None:
            await self._limits.admit_address(request)
        request.trail.user_id = user_id

    async def issue_guest(self, request: RequestHead) -> GuestToken:
        """A guest's token; who shows a valid one stays the same guest.

        Any other credential is ignored, as the route asks for none. Forbidden (`guests_off`)
        where the policy lets no guest in.
        """
        if self._limits is not None:
            await self._limits.admit_address(request)
        self._require_guests(request)
        authorization = request.header("authorization")
        if authorization is None:
            return self._guests.issue()
        try:
            user = await self._verify(_read_bearer(authorization))
        except Unauthorized:
            return self._guests.issue()
        # Not for a session, which would become more than it was made for.
        is_guest = user.is_guest and user.session is None
        return self._guests.issue(user.user_id if is_guest else None)

    async def _verify(self, text: str) -> User:
        cached = self._cache.get(text, self._now())
        if cached is not None:
            return cached
        token = Token.parse(text)
        for verifier in self._verifiers:
            if verifier.recognizes(token):
                verified = await verifier.verify(token)
                if verified.good_until:
                    self._cache.put(text, verified)
                return verified.user
        raise Unauthorized(Sentence("sign_in.token_kind"))

    def _require_own_page(self, request: RequestHead) -> None:
        """`Sec-Fetch-Site` is the browser's own word, which no page can forge, and stays right
        behind a proxy that hides our name; `Origin` speaks for browsers that do not send it."""
        site = request.header("sec-fetch-site")
        if site == "same-origin":
            return
        origin = normalize_origin(request.header("origin") or "")
        if origin is not None and origin in self._allowed_origins:
            return
        if site is None and origin is not None:
            caller = self._proxies.resolve(request)
            if origin == origin_of(caller.scheme, caller.host):
                return
        raise Forbidden(Sentence("sign_in.cookie_elsewhere"))

    def _require_guests(self, request: RequestHead) -> None:
        if self._guest_policy == "on":
            return
        if (
            self._guest_policy == "local"
            and is_local(request)
            and self._is_local_page(request.header("origin"))
        ):
            return
        raise Forbidden(Sentence("sign_in.guests_off"), code="guests_off")

    def _is_local_page(self, origin: str | None) -> bool:
        """A proxy may pass everything on without a header of its own, but not without the page's
        `Origin`: a public name there shows that the request began elsewhere."""
        if origin is None:
            return True
        canonical = normalize_origin(origin)
        return canonical is not None and (
            is_loopback_origin(canonical) or canonical in self._allowed_origins
        )


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


def _read_cookie(header: str | None) -> str:
    """The cookie's token. Two different ones are refused: a neighbouring domain can add a cookie
    of the same name, and nothing tells which is ours."""
    found: set[str] = set()
    for pair in (header or "").split(";"):
        name, _, value = pair.partition("=")
        if name.strip() == _COOKIE and value.strip():
            found.add(value.strip())
    if not found:
        raise Unauthorized(Sentence("sign_in.nothing_shown"))
    if len(found) > 1:
        raise Unauthorized(Sentence("sign_in.several_cookies", name=_COOKIE))
    return _check_token(found.pop())


def _check_token(text: str) -> str:
    if len(text) > LONGEST_TOKEN:
        raise Unauthorized(Sentence("sign_in.token_too_long", count=LONGEST_TOKEN))
    if _TOKEN68.fullmatch(text) is None:
        raise Unauthorized(Sentence("sign_in.token_malformed"))
    return text
