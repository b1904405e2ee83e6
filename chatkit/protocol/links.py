"""URLs of uploaded files: placeholders in stored data, signed URLs in responses.

A signed URL expires, and whoever has it may use it, so it is never stored. Stored bodies, events
and answers have `chatkit-file:<id>` instead, or `chatkit-upload:<id>`, as the value of a member
`url` or `preview_url`. The edge replaces it by the URL.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from chatkit.protocol.jsontext import dumps

_SCHEME: Final = "chatkit-file:"
_SCHEME_BYTES: Final = _SCHEME.encode()
_UPLOAD: Final = "chatkit-upload:"

# Inside a JSON string every quotation mark is escaped by a backslash. So an unescaped one here
# starts a member name, and text of users and models never matches. The space after the colon is
# PostgreSQL's.
_MEMBER: Final = re.compile(
    r'(?<!\\)"(?P<name>url|preview_url)":(?P<space> ?)"chatkit-file:(?P<id>atc_[0-9a-f]{32})"'
)
_PLACEHOLDER: Final = re.compile(_SCHEME + "atc_[0-9a-f]+")
_UPLOAD_MEMBER: Final = re.compile(_MEMBER.pattern.replace(_SCHEME, _UPLOAD))


def placeholder(attachment_id: str) -> str:
    """The placeholder for the URL of an attachment."""
    return f"{_SCHEME}{attachment_id}"


def is_placeholder(url: str) -> bool:
    """Whether `url` is the placeholder for the URL of an attachment."""
    return _PLACEHOLDER.fullmatch(url) is not None


def upload_placeholder(attachment_id: str) -> str:
    """The placeholder for the URL that takes the bytes of an attachment."""
    return f"{_UPLOAD}{attachment_id}"


def resolve(text: str, url_of: Callable[[str], str]) -> str:
    """Replace every placeholder in JSON text by `url_of(attachment id)`.

    Only whole values of members named `url` and `preview_url` are replaced.
    """
    return _replaced(text, _MEMBER, url_of) if _SCHEME in text else text


def resolve_upload(text: str, url_of: Callable[[str], str]) -> str:
    """The same for the placeholders of uploads."""
    return _replaced(text, _UPLOAD_MEMBER, url_of) if _UPLOAD in text else text


def _replaced(text: str, member: re.Pattern[str], url_of: Callable[[str], str]) -> str:
    return member.sub(
        lambda found: f'"{found["name"]}":{found["space"]}{dumps(url_of(found["id"]))}', text
    )


def resolve_bytes(data: bytes, url_of: Callable[[str], str]) -> bytes:
    """The same for UTF-8 bytes, such as whole frames of an event stream."""
    if _SCHEME_BYTES not in data:
        return data
    return resolve(data.decode(), url_of).encode()
