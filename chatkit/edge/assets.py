"""The built-in page: a few files, read once, with a strict content security policy.

Two of them depend on the browser's language. In the document the server replaces `{{codes}}` by
sentences, so it is never shown without them. `sentences.js` has the sentences for the scripts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Final

from chatkit.edge.asgi import HttpRequest, Reply
from chatkit.edge.router import Route, answering
from chatkit.protocol.errors import NotFound
from chatkit.words.catalogue import ENGLISH, say_in, sentences_of

_FOLDER: Final = Path(__file__).parents[1] / "page"
_TYPES: Final = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
}
_DOCUMENT: Final = "index.html"
_SENTENCES: Final = "sentences.js"
#: No inline script or style, no text that becomes markup or code, and nothing from other hosts.
#: `blob:` is for images that the user attaches.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{images}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
#: The page records speech for dictation and writes to the clipboard; it needs nothing else.
_PERMISSIONS: Final = (
    b"camera=(), display-capture=(), geolocation=(), microphone=(self), midi=(), payment=(), usb=()"
)


def content_policy(image_domains: Sequence[str] | None) -> str:
    """The page's Content-Security-Policy.

    Images in answers load only from `image_domains` (None: from any host), because the URL of an
    image could leak the text of an answer.
    """
    sources = ["https:"] if image_domains is None else [f"https://{d}" for d in image_domains]
    return _POLICY.format(images="".join(f" {source}" for source in sources))


@dataclass(frozen=True, slots=True)
class _Asset:
    body: bytes
    content_type: bytes
    etag: bytes


@cache
def page_files(language: str) -> Mapping[str, bytes]:
    """Every file of the page by its name. `language` is one of the catalogues'."""
    files = {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _TYPES}
    say = say_in(language)

    def fill(hole: re.Match[str]) -> str:
        return escape(language if hole[1] == "language" else say(hole[1]))

    document = re.sub(r"\{\{([\w.]+)\}\}", fill, files[_DOCUMENT].decode())
    sentences = json.dumps(sentences_of(language, "page."), ensure_ascii=False)
    words = {_DOCUMENT: document, _SENTENCES: f"export default {sentences};\n"}
    return files | {name: text.encode() for name, text in words.items()}


@cache
def _assets(language: str) -> Mapping[str, _Asset]:
    return {
        name: _Asset(
            body,
            _TYPES[Path(name).suffix],
            b'"' + sha256(body).hexdigest()[:32].encode() + b'"',
        )
        for name, body in page_files(language).items()
    }


class PageRoutes:
    """The handlers of `/` and of the files that the page loads.

    `image_domains` are the hosts from which images in answers may load; None: any host.
    """

    def __init__(self, image_domains: Sequence[str] | None = ()) -> None:
        self._safety = [
            (b"content-security-policy", content_policy(image_domains).encode()),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"permissions-policy", _PERMISSIONS),
            (b"cache-control", b"no-cache"),
        ]
        _assets(ENGLISH)  # read the files before the first request

    def routes(self) -> list[Route]:
        """The routes of the page."""
        return [
            Route("/", {"GET": answering(self.index)}),
            Route("/page/{name}", {"GET": answering(self.asset)}),
        ]

    async def index(self, request: HttpRequest) -> Reply:
        """GET the page."""
        return self._reply(request, _DOCUMENT)

    async def asset(self, request: HttpRequest) -> Reply:
        """GET a file of the page. The name is looked up in a table, never joined to a path."""
        return self._reply(request, request.params["name"])

    def _reply(self, request: HttpRequest, name: str) -> Reply:
        asset = _assets(request.language).get(name)
        if asset is None:
            raise NotFound("path")
        headers = [*self._safety, (b"etag", asset.etag)]
        if name in (_DOCUMENT, _SENTENCES):
            request.vary_on(b"accept-language")
        if request.headers.get(b"if-none-match") == asset.etag:
            return Reply(304, b"", headers)
        return Reply(200, asset.body, [(b"content-type", asset.content_type), *headers])
