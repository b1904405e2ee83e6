"""Signed requests: another server of the operator makes requests on behalf of a user.

    X-Chatkit-User: ada
    X-Chatkit-Timestamp: 1800000000
    X-Chatkit-Content-SHA256: <SHA-256 of the body, in hexadecimal; of no body too>
    X-Chatkit-Signature: v1=<HMAC-SHA256 of the text below with the secret, in hexadecimal>

The text has six lines, joined by a line feed, with none at its end:

    chatkit-v1
    1800000000
    ada
    POST
    /api/tasks?limit=5
    <the same SHA-256>

The timestamp is in Unix seconds. It may have a fraction, so that two equal requests in one second
have different signatures. The target is path and query as sent. The headers are verified before
the body is read, and the body is verified before anything acts on it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import Final

from chatkit.edge.proxies import RequestHead
from chatkit.edge.tokens import User, read_user_id
from chatkit.ports.signatures import SignatureStore
from chatkit.protocol.errors import Sentence, Unauthorized

#: Largest difference between the timestamp and our clock, in seconds, in either direction.
WINDOW_S: Final = 300.0

_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SIGNATURE: Final = re.compile(r"v1=(?P<mac>[0-9a-f]{64})", re.ASCII)


class Signatures:
    """Verifies signed requests. `now` returns Unix seconds."""

    def __init__(self, *, secret: str, used: SignatureStore, now: Callable[[], float]) -> None:
        self._key = secret.encode()
        self._used = used
        self._now = now

    @staticmethod
    def recognizes(request: RequestHead) -> bool:
        """Whether a request is signed; if so, no other credential is checked."""
        return request.header("x-chatkit-signature") is not None

    async def verify(self, request: RequestHead) -> User:
        """The user of a signed request. The request then accepts only the signed body.

        Raises Unauthorized if the signature is invalid or was used before.
        """
        if request.header("authorization") is not None:
            raise Unauthorized(Sentence("signing.both"))
        timestamp = _matching(request, "x-chatkit-timestamp", _TIMESTAMP)[0]
        body_hash = _matching(request, "x-chatkit-content-sha256", _SHA256)[0]
        given = bytes.fromhex(_matching(request, "x-chatkit-signature", _SIGNATURE)["mac"])
        name = (request.header("x-chatkit-user") or "").encode("latin-1")
        text = text_to_sign(
            timestamp=timestamp,
            user=name,
            method=request.method,
            target=request.target,
            body_hash=body_hash,
        )
        mac = hmac.digest(self._key, text, "sha256")
        if not hmac.compare_digest(mac, given):
            raise Unauthorized(Sentence("signing.wrong"))
        # The errors below are only shown to a client that knows the secret.
        if abs(float(timestamp) - self._now()) > WINDOW_S:
            raise Unauthorized(Sentence("signing.clock", count=round(WINDOW_S)))
        try:
            user_id = read_user_id({"sub": name.decode()})
        except UnicodeDecodeError as error:
            raise Unauthorized(Sentence("signing.user_not_utf8")) from error
        # With a clock ahead of ours, a timestamp stays acceptable for twice the window.
        if not await self._used.use(user_id, mac, keep_s=2 * WINDOW_S):
            raise Unauthorized(Sentence("signing.used"))
        request.expect_body(bytes.fromhex(body_hash))
        return User(user_id=user_id)


def text_to_sign(
    *, timestamp: str, user: bytes, method: str, target: bytes, body_hash: str
) -> bytes:
    """The text that is signed. No part can contain a line feed, so the text is unambiguous."""
    lines = (b"chatkit-v1", timestamp.encode(), user, method.encode(), target, body_hash.encode())
    return b"\n".join(lines)


def _matching(request: RequestHead, name: str, pattern: re.Pattern[str]) -> re.Match[str]:
    match = pattern.fullmatch(request.header(name) or "")
    if match is None:
        raise Unauthorized(Sentence("signing.header_malformed", name=name))
    return match
