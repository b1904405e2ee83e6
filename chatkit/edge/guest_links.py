"""The link that a start prints: it lets one browser in as a guest, once.

A link is valid in every process and after a restart, since it is signed with the guests' key.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from chatkit.access.keys import Keys

#: How long a link is valid, in seconds: a week.
LINK_S: Final = 7 * 24 * 3600

_LINK: Final = re.compile(r"([0-9a-f]{1,12})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{43})", re.ASCII)


class GuestLinks:
    """Makes and redeems links.

    `use` records the 32 bytes of a link for a number of seconds, and returns whether it is the
    first time. `now` returns Unix seconds.
    """

    def __init__(
        self,
        *,
        keys: Keys,
        use: Callable[[bytes, float], Awaitable[bool]],
        now: Callable[[], float],
    ) -> None:
        self._keys = keys
        self._use = use
        self._now = now

    def make(self) -> str:
        """A new link's secret part."""
        expires, nonce = f"{int(self._now()) + LINK_S:x}", secrets.token_urlsafe(12)
        return f"{expires}.{nonce}.{_as_text(_sign(self._keys.current, expires, nonce))}"

    async def redeem(self, text: str) -> bool:
        """Whether `text` is a link that is valid and was not used before. Uses it up."""
        match = _LINK.fullmatch(text)
        if match is None:
            return False
        expires, nonce, mac = match.groups()
        for key in self._keys.accepted:
            right = _sign(key, expires, nonce)
            if hmac.compare_digest(mac, _as_text(right)):
                left_s = int(expires, 16) - self._now()
                return left_s > 0 and await self._use(right, left_s)
        return False


def _sign(key: bytes, expires: str, nonce: str) -> bytes:
    text = f"chatkit-guest-link-v1.{expires}.{nonce}"
    return hmac.digest(key, text.encode(), "sha256")


def _as_text(mac: bytes) -> str:
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
