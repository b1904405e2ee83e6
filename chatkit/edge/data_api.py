"""Routes for all data of a user: export, import, usage and erasure."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chatkit.access.audit import AuditEvent
from chatkit.edge.asgi import HttpRequest, PieceReply, Reply, json_reply
from chatkit.edge.asgi_types import HttpSend
from chatkit.edge.auth import Authenticator
from chatkit.edge.limits import OpenStreams
from chatkit.edge.multipart import is_multipart
from chatkit.edge.router import Route, answering
from chatkit.portable.erasing import Erasing
from chatkit.portable.exporting import Exporting
from chatkit.portable.exports import ExportWriter, JsonExport
from chatkit.portable.importing import Importing
from chatkit.portable.markdown_export import MarkdownExport
from chatkit.ports.amounts import AmountStore
from chatkit.ports.threads import ThreadStore
from chatkit.protocol.errors import BadRequest, Sentence, UnsupportedMedia
from chatkit.protocol.jsontext import dumps
from chatkit.words.say import Say

#: Most exports, and most imports, at the same time: in this process, and of one user.
MAX_AT_ONCE: Final = 50
MAX_PER_ADDRESS: Final = 20
MAX_PER_USER: Final = 2

#: By `format`: the writer, the content type and the file extension.
_FORMATS: Final[dict[str, tuple[Callable[[Say], ExportWriter], bytes, str]]] = {
    "json": (lambda _: JsonExport(), b"application/json", "json"),
    "markdown": (MarkdownExport, b"text/markdown; charset=utf-8", "md"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRoutes:
    """The handlers. They need a full sign-in; a page's session is not accepted."""

    authenticator: Authenticator
    threads: ThreadStore
    exporting: Exporting
    importing: Importing
    erasing: Erasing
    amounts: AmountStore
    max_import_bytes: int
    now: Callable[[], datetime]
    exports: OpenStreams
    imports: OpenStreams

    def routes(self) -> list[Route]:
        """The routes of a user's data."""
        return [
            Route("/api/chatkit/export", {"GET": self.export}),
            Route("/api/chatkit/import", {"POST": answering(self.import_file)}),
            Route("/api/chatkit/usage", {"GET": answering(self.usage)}),
            Route("/api/chatkit/me", {"DELETE": answering(self.erase)}),
        ]

    async def export(self, request: HttpRequest, send: HttpSend) -> None:
        """GET `?format=json` or `markdown`: a file with all data, or with one `?thread_id=`."""
        user = await self.authenticator.authenticate(request)
        query = request.query()
        chosen = _FORMATS.get(query.get("format", "json"))
        if chosen is None:
            raise BadRequest("format: must be json or markdown")
        make_writer, kind, ending = chosen
        thread_id = query.get("thread_id")
        if request.method != "HEAD":
            kind_of_target = None if thread_id is None else "thread"
            request.trail.events.append(AuditEvent("data.export", kind_of_target, thread_id))
        if thread_id is None:
            pieces = self.exporting.everything(user.user_id, make_writer(request.say))
        else:
            thread = await self.threads.find(user.user_id, thread_id)
            pieces = self.exporting.one_thread(user.user_id, thread, make_writer(request.say))
        name = f"chatkit-export-{self.now().date().isoformat()}.{ending}"
        headers = [
            (b"content-type", kind),
            (b"content-disposition", f'attachment; filename="{name}"'.encode()),
            (b"cache-control", b"no-store"),
        ]
        with self.exports.slot(request, user.user_id):
            await PieceReply(pieces, headers).send(request, send)

    async def import_file(self, request: HttpRequest) -> Reply:
        """POST a JSON file. Returns `{threads: {added, unchanged}, tasks: {added, unchanged}}`."""
        user = await self.authenticator.authenticate(request)
        request.trail.events.append(AuditEvent("data.import"))
        if is_multipart(request.header("content-type")):
            raise UnsupportedMedia(Sentence("import.is_form"))
        if request.header("content-encoding") not in (None, "identity"):
            raise UnsupportedMedia(Sentence("import.compressed"))
        with self.imports.slot(request, user.user_id):
            async with aclosing(request.pieces(max_bytes=self.max_import_bytes)) as pieces:
                count = await self.importing.import_file(user.user_id, pieces, request.say)
        return json_reply(dumps(count.to_wire()))

    async def usage(self, request: HttpRequest) -> Reply:
        """GET `{storage: {kind: {used, allowed}}}`. More than allowed may be used: an answer is
        stored whatever its size."""
        user = await self.authenticator.authenticate(request)
        used, allowed = await self.amounts.load(user.user_id)
        most = allowed.to_wire()
        storage = {
            kind: {"used": amount, "allowed": most[kind]} for kind, amount in used.to_wire().items()
        }
        return json_reply(dumps({"storage": storage}))

    async def erase(self, request: HttpRequest) -> Reply:
        """DELETE all data of the user: 204. A guest with the cookie is another one from then on."""
        user = await self.authenticator.authenticate(request)
        request.trail.events.append(AuditEvent("data.erase"))
        await self.erasing.erase(user.user_id)
        self.authenticator.begin_anew(request, user)
        return Reply(204, b"")
