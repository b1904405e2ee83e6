"""`/api/chatkit/session`: credentials that a user creates for a page or an agent.

A `client_secret` has fewer rights than a sign-in, expires, and can be revoked. It is looked up in
the database at every use, so that a revocation is effective immediately.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from chatkit.access.audit import AuditEvent
from chatkit.access.caller import GUEST_PREFIX
from chatkit.access.sessions import SessionScope
from chatkit.edge.asgi import HttpRequest, Reply, json_reply
from chatkit.edge.auth import Authenticator
from chatkit.edge.origins import normalize_origin
from chatkit.edge.router import Route, answering
from chatkit.edge.tokens import Token, User, Verified
from chatkit.ports.sessions import SessionStore
from chatkit.protocol.errors import BadRequest, NotFound, Sentence, Unauthorized
from chatkit.protocol.jsontext import dumps, loads
from chatkit.protocol.paging import DEFAULT_LIMIT, MAX_LIMIT, Cursor

#: Lifetime of a page's session, in seconds. The page renews it by itself.
CHAT_S: Final = 3600
#: Default and maximum lifetime of a personal token, in seconds.
MCP_S: Final = 90 * 24 * 3600
MAX_MCP_S: Final = 365 * 24 * 3600
_MAX_NAME: Final = 100

_PREFIX: Final = "cks_"
_SECRET: Final = re.compile(_PREFIX + r"[A-Za-z0-9_-]{43}", re.ASCII)  # 32 random bytes


class SessionVerifier:
    """Verifies the `client_secret` of a session."""

    def __init__(self, sessions: SessionStore) -> None:
        self._sessions = sessions

    def recognizes(self, token: Token) -> bool:
        """Whether it is a `client_secret`, by its prefix."""
        return token.text.startswith(_PREFIX)

    async def verify(self, token: Token) -> Verified:
        """Look up the session: one indexed query. The result is never cached."""
        session = None
        if _SECRET.fullmatch(token.text) is not None:
            session = await self._sessions.find(_hash(token.text))
        if session is None:
            raise Unauthorized(Sentence("sign_in.session_over"))
        is_guest = session.user_id.startswith(GUEST_PREFIX)
        user = User(user_id=session.user_id, is_guest=is_guest, session=session)
        return Verified(user=user, cache_until=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """The parameters of a new session. `expires_in` is in seconds, `origin` is canonical."""

    scope: SessionScope
    expires_in: int
    origin: str | None
    name: str | None


def parse_session_request(fields: Mapping[str, Any]) -> SessionRequest:
    """Parse a JSON object. Unknown keys are ignored, and null means absent.

    Raises BadRequest naming the field.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    scope = given.get("scope", "chat")
    if scope not in ("chat", "mcp"):
        raise BadRequest("scope: must be chat or mcp")
    usual, most = (CHAT_S, CHAT_S) if scope == "chat" else (MCP_S, MAX_MCP_S)
    expires_in = given.get("expires_in", usual)
    if isinstance(expires_in, bool) or not isinstance(expires_in, int):
        raise BadRequest("expires_in: must be a whole number of seconds")
    if not 0 < expires_in <= most:
        raise BadRequest(f"expires_in: must be from 1 to {most} seconds for the scope {scope}")
    origin = given.get("origin")
    if origin is not None:
        origin = normalize_origin(origin) if isinstance(origin, str) else None
        if origin is None:
            raise BadRequest("origin: must be an origin, such as https://app.example")
    name = given.get("name")
    if name is not None and not (isinstance(name, str) and 0 < len(name) <= _MAX_NAME):
        raise BadRequest(f"name: must be a text of 1 to {_MAX_NAME} characters")
    return SessionRequest(scope=scope, expires_in=expires_in, origin=origin, name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRoutes:
    """The handlers. Creating and listing sessions needs a full sign-in; a session itself can only
    be used to revoke it."""

    authenticator: Authenticator
    sessions: SessionStore
    domain_key: str
    max_body_bytes: int

    def routes(self) -> Sequence[Route]:
        """The routes of sessions."""
        own = {
            "GET": answering(self.list),
            "POST": answering(self.open),
            "DELETE": answering(self.revoke_own),
        }
        return [
            Route("/api/chatkit/session", own),
            Route("/api/chatkit/session/{id}", {"DELETE": answering(self.revoke)}),
        ]

    async def open(self, request: HttpRequest) -> Reply:
        """POST a new session, in the form of the hosted API. Only this response contains the
        `client_secret`."""
        user = await self.authenticator.authenticate(request)
        asked = parse_session_request(await self._object(request))
        client_secret = _PREFIX + secrets.token_urlsafe(32)
        session = await self.sessions.open(
            user.user_id,
            secret_hash=_hash(client_secret),
            scope=asked.scope,
            expires_in=asked.expires_in,
            origin=asked.origin,
            name=asked.name,
        )
        request.trail.events.append(
            AuditEvent("session.open", f"{session.scope} session", session.id)
        )
        wire = {
            "id": session.id,
            "object": "chatkit.session",
            "client_secret": client_secret,
            "domain_key": self.domain_key,
            "expires_in": asked.expires_in,
            "expires_at": int(session.expires_at.timestamp()),
            "user": user.user_id,
            "user_id": user.user_id,
            "status": "active",
        }
        return json_reply(dumps(wire))

    async def list(self, request: HttpRequest) -> Reply:
        """GET a page of the user's valid sessions, newest first, without their secrets."""
        user = await self.authenticator.authenticate(request)
        page = await self.sessions.list(user.user_id, _cursor(request.query()))
        return json_reply(page.encode())

    async def revoke(self, request: HttpRequest) -> Reply:
        """DELETE one of the user's sessions by id: 204."""
        user = await self.authenticator.authenticate(request)
        await self._revoke(request, user, request.params["id"])
        return Reply(204, b"")

    async def revoke_own(self, request: HttpRequest) -> Reply:
        """DELETE without an id: 204.

        A session revokes itself. A signed-in user revokes the session whose `client_secret` is in
        the body, or without a body all chat sessions (sign-out); personal tokens stay valid.
        """
        user = await self.authenticator.authenticate(request, sessions=("chat", "mcp"))
        if user.session is not None:
            await self._revoke(request, user, user.session.id)
            return Reply(204, b"")
        client_secret = (await self._object(request)).get("client_secret")
        if client_secret is None:
            request.trail.events.append(AuditEvent("session.revoke", "every chat session"))
            await self.sessions.revoke_all(user.user_id, "chat")
            return Reply(204, b"")
        if not isinstance(client_secret, str):
            raise BadRequest("client_secret: must be a text")
        session = await self.sessions.find(_hash(client_secret))
        if session is None or session.user_id != user.user_id:
            raise NotFound("session")
        await self._revoke(request, user, session.id)
        return Reply(204, b"")

    async def _revoke(self, request: HttpRequest, user: User, session_id: str) -> None:
        request.trail.events.append(AuditEvent("session.revoke", "session", session_id))
        await self.sessions.revoke(user.user_id, session_id)

    async def _object(self, request: HttpRequest) -> Mapping[str, Any]:
        body = await request.body(max_bytes=self.max_body_bytes)
        value = loads(body) if body else {}
        if not isinstance(value, dict):
            raise BadRequest("the body: must be an object")
        return value


def _hash(client_secret: str) -> bytes:
    """Hash the secret. It has 256 random bits, so a fast hash is safe."""
    return sha256(client_secret.encode()).digest()


def _cursor(query: Mapping[str, str]) -> Cursor:
    limit = query.get("limit") or str(DEFAULT_LIMIT)
    if not (limit.isascii() and limit.isdigit() and 0 < len(limit) < 10 and int(limit)):
        raise BadRequest("limit: must be a whole number above 0")
    return Cursor(limit=min(int(limit), MAX_LIMIT), after=query.get("after") or None)
