"""URLs of our own files: placeholders where they are kept, signed URLs where they leave.

A signed URL expires, so none is stored. Stored bodies and events hold `chatkit-file:<id>` in its
place, as the value of a member `url` or `preview_url`, and the edge puts in the URL.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from chatkit.protocol.jsontext import dumps

_SCHEME: Final = "chatkit-file:"
_SCHEME_BYTES: Final = _SCHEME.encode()

# Inside a string of JSON every quotation mark has a backslash before it, so the first one here
# opens a name: what people and models write never matches. PostgreSQL writes a space after colons.
_MEMBER: Final = re.compile(
    r'(?<!\\)"(?P<name>url|preview_url)":(?P<space> ?)"chatkit-file:(?P<id>atc_[0-9a-f]{32})"'
)


def placeholder(attachment_id: str) -> str:
    """What stands for the URL of an attachment."""
    return f"{_SCHEME}{attachment_id}"


def resolve(text: str, url_of: Callable[[str], str]) -> str:
    """JSON text with every placeholder exchanged for `url_of(attachment id)`.

    Whole values only, of members named `url` and `preview_url`.
    """
    if _SCHEME not in text:
        return text
    return _MEMBER.sub(
        lambda found: f'"{found["name"]}":{found["space"]}{dumps(url_of(found["id"]))}', text
    )


def resolve_bytes(data: bytes, url_of: Callable[[str], str]) -> bytes:
    """The same for UTF-8 text, such as whole frames of an event stream."""
    if _SCHEME_BYTES not in data:
        return data
    return resolve(data.decode(), url_of).encode()
