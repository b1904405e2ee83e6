"""Signed URLs of files: the bearer may read or upload one file until the URL expires.

    /api/chatkit/files/atc_…?user=ada&expires=1800003600&signature=…

The URL contains everything that is needed, for two reasons. A page shows an image without sending
credentials, and a host that adds its own headers to every request must not break an upload. The
file is looked up under the user in the URL. A URL is signed for one use only: read or upload.
"""

from __future__ import annotations

import functools
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote, urlencode

from chatkit.access.keys import Keys
from chatkit.edge.asgi import HttpRequest
from chatkit.edge.origins import origin_of
from chatkit.edge.proxies import TrustedProxies
from chatkit.protocol.errors import Forbidden, Sentence
from chatkit.protocol.jsontext import dumps

Use = Literal["read", "upload"]

#: The expiry is at a full hour, one to two hours ahead, so that the URL stays the same for a while
#: and browsers can use their cache.
HOUR_S: Final = 3600
_PLACES: Final[Mapping[Use, str]] = {"read": "files", "upload": "upload"}
_EXPIRES: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLinks:
    """Creates and verifies the URLs. `keys` are shared by all processes; `now`
    returns Unix seconds. `public_url` is the base of the URLs; without one, a URL has the scheme,
    the host and the path prefix of the request that asks for it."""

    keys: Keys = field(repr=False)
    proxies: TrustedProxies
    public_url: str | None = None
    now: Callable[[], float]

    def read_url(self, request: HttpRequest, user_id: str) -> Callable[[str], str]:
        """A function from a file id to its read URL, for `resolve`."""
        return self._urls(request, user_id, "read")

    def upload_url(self, request: HttpRequest, user_id: str) -> Callable[[str], str]:
        """A function from a file id to its upload URL."""
        return self._urls(request, user_id, "upload")

    def user_of(self, query: Mapping[str, str], use: Use, file_id: str) -> str | None:
        """The user in a signed URL. None if the URL has no signature.

        Raises Forbidden for an invalid or expired signature, whether the file exists or not.
        """
        given = query.get("signature")
        if given is None:
            return None
        user_id, expires = query.get("user", ""), query.get("expires", "")
        if _EXPIRES.fullmatch(expires) is None or _SIGNATURE.fullmatch(given) is None:
            raise Forbidden(Sentence("link.not_valid"))
        rights = [_sign(key, use, user_id, file_id, int(expires)) for key in self.keys.accepted]
        if not any(hmac.compare_digest(bytes.fromhex(given), right) for right in rights):
            raise Forbidden(Sentence("link.not_valid"))
        if self.now() >= int(expires):
            raise Forbidden(Sentence("link.expired"))
        return user_id

    def _urls(self, request: HttpRequest, user_id: str, use: Use) -> Callable[[str], str]:
        @functools.cache
        def base() -> str:
            if self.public_url is not None:
                return self.public_url
            caller = self.proxies.resolve(request)
            origin = origin_of(caller.scheme, caller.host) or f"{caller.scheme}://localhost"
            return origin + quote(str(request.scope.get("root_path", "")))

        def url_of(file_id: str) -> str:
            expires = (int(self.now()) // HOUR_S + 2) * HOUR_S
            signature = _sign(self.keys.current, use, user_id, file_id, expires).hex()
            query = urlencode({"user": user_id, "expires": expires, "signature": signature})
            return f"{base()}/api/chatkit/{_PLACES[use]}/{quote(file_id, safe='')}?{query}"

        return url_of


def _sign(key: bytes, use: Use, user_id: str, file_id: str, expires: int) -> bytes:
    # JSON is unambiguous: different lists never have the same text.
    text = dumps(["chatkit-file-v1", use, user_id, file_id, expires])
    return hmac.digest(key, text.encode(), "sha256")
