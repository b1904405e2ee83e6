"""The built-in page: a few files, read once, served with headers that let nothing else run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from chatkit.edge.asgi import HttpRequest, Reply
from chatkit.edge.router import Route, answering
from chatkit.protocol.errors import NotFound

_FOLDER: Final = Path(__file__).parents[1] / "page"
_TYPES: Final = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
}
#: No inline script or style, nothing from elsewhere, and an answer can load no image but from
#: places that the operator named: its address would tell what the answer says. `blob:` is for
#: images that are being attached.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{images}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True)
class _Asset:
    body: bytes
    content_type: bytes
    etag: bytes


class PageRoutes:
    """The handlers of `/` and of what it loads.

    `expect_chat` is called when the page is opened: its reader is about to ask something.
    Images of answers come from `image_domains`, None: from anywhere.
    """

    def __init__(
        self, expect_chat: Callable[[], None], image_domains: Sequence[str] | None = ()
    ) -> None:
        self._expect_chat = expect_chat
        sources = ["https:"] if image_domains is None else [f"https://{d}" for d in image_domains]
        policy = _POLICY.format(images="".join(f" {source}" for source in sources))
        self._safety = [
            (b"content-security-policy", policy.encode()),
            (b"cache-control", b"no-cache"),
        ]
        self._assets = {
            path.name: _Asset(
                body := path.read_bytes(),
                _TYPES[path.suffix],
                b'"' + sha256(body).hexdigest()[:32].encode() + b'"',
            )
            for path in _FOLDER.iterdir()
            if path.suffix in _TYPES
        }

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/", {"GET": answering(self.index)}),
            Route("/page/{name}", {"GET": answering(self.asset)}),
        ]

    async def index(self, request: HttpRequest) -> Reply:
        """The page."""
        self._expect_chat()
        return self._reply(request, "index.html")

    async def asset(self, request: HttpRequest) -> Reply:
        """A file beside it. Names are looked up, never joined to a path."""
        return self._reply(request, request.params["name"])

    def _reply(self, request: HttpRequest, name: str) -> Reply:
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound("path")
        headers = [*self._safety, (b"etag", asset.etag)]
        if request.headers.get(b"if-none-match") == asset.etag:
            return Reply(304, b"", headers)
        return Reply(200, asset.body, [(b"content-type", asset.content_type), *headers])
