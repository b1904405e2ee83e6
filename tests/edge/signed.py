"""Requests as a server signs them that speaks for a user."""

from __future__ import annotations

import hmac
from hashlib import sha256

from chatkit.edge.signing import text_to_sign


def sign(
    secret: str, *, user_id: str, timestamp: str, method: str, target: str, body: bytes = b""
) -> dict[str, str]:
    """The headers of a signed request; `target` is the path with its query."""
    body_hash = sha256(body).hexdigest()
    text = text_to_sign(
        timestamp=timestamp,
        user=user_id.encode(),
        method=method,
        target=target.encode(),
        body_hash=body_hash,
    )
    return {
        "X-Chatkit-User": user_id,
        "X-Chatkit-Timestamp": timestamp,
        "X-Chatkit-Content-SHA256": body_hash,
        "X-Chatkit-Signature": f"v1={hmac.digest(secret.encode(), text, 'sha256').hex()}",
    }
