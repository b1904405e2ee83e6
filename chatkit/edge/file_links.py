"""Signed URLs of files: who has one may read that file, or fill it, until it expires.

    /api/chatkit/files/atc_…?user=ada&expires=1800003600&signature=…

A page shows an image without sending credentials along, and hosts that add their own to every
request must not break an upload, so the URL carries all that is needed. It tells the user, whose
file is looked up under that name, and it is signed for one kind of use.
"""

from __future__ import annotations

import functools
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import quote, urlencode

from chatkit.edge.asgi import HttpRequest
from chatkit.edge.origins import origin_of
from chatkit.edge.proxies import TrustedProxies
from chatkit.protocol.errors import Forbidden, Sentence
from chatkit.protocol.jsontext import dumps

Use = Literal["read", "upload"]

#: An expiry is rounded up to whole hours with at least one left, so that the same URL is given for
#: a while and a browser finds what it has kept.
HOUR_S: Final = 3600
_PLACES: Final[Mapping[Use, str]] = {"read": "files", "upload": "upload"}
_EXPIRES: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLinks:
    """Makes the URLs and judges them. `key` is 32 random bytes that every process has; `now` gives
    Unix seconds."""

    key: bytes = field(repr=False)
    proxies: TrustedProxies
    now: Callable[[], float]

    def read_url(self, request: HttpRequest, user_id: str) -> Callable[[str], str]:
        """From the id of a file to where `user_id` may read it, under the name that the request
        came to; for `resolve`."""
        return self._urls(request, user_id, "read")

    def upload_url(self, request: HttpRequest, user_id: str) -> Callable[[str], str]:
        """From the id of a file to where its bytes may be sent."""
        return self._urls(request, user_id, "upload")

    def user_of(self, query: Mapping[str, str], use: Use, file_id: str) -> str | None:
        """The user whom a signed URL speaks for; None where it has no signature.

        Raises Forbidden where it does not hold, whether there is such a file or not.
        """
        given = query.get("signature")
        if given is None:
            return None
        user_id, expires = query.get("user", ""), query.get("expires", "")
        if _EXPIRES.fullmatch(expires) is None or _SIGNATURE.fullmatch(given) is None:
            raise Forbidden(Sentence("link.not_valid"))
        right = self._sign(use, user_id, file_id, int(expires))
        if not hmac.compare_digest(bytes.fromhex(given), right):
            raise Forbidden(Sentence("link.not_valid"))
        if self.now() >= int(expires):
            raise Forbidden(Sentence("link.expired"))
        return user_id

    def _urls(self, request: HttpRequest, user_id: str, use: Use) -> Callable[[str], str]:
        @functools.cache
        def base() -> str:
            caller = self.proxies.resolve(request)
            origin = origin_of(caller.scheme, caller.host) or f"{caller.scheme}://localhost"
            return origin + quote(str(request.scope.get("root_path", "")))

        def url_of(file_id: str) -> str:
            expires = (int(self.now()) // HOUR_S + 2) * HOUR_S
            signature = self._sign(use, user_id, file_id, expires).hex()
            query = urlencode({"user": user_id, "expires": expires, "signature": signature})
            return f"{base()}/api/chatkit/{_PLACES[use]}/{quote(file_id, safe='')}?{query}"

        return url_of

    def _sign(self, use: Use, user_id: str, file_id: str, expires: int) -> bytes:
        # As JSON, no two lists share a text.
        text = dumps(["chatkit-file-v1", use, user_id, file_id, expires])
        return hmac.digest(self.key, text.encode(), "sha256")
