"""Builds the parts that handle files, from the settings."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import time

from chatkit.edge.auth import Authenticator
from chatkit.edge.file_links import FileLinks
from chatkit.edge.files_api import FileRoutes
from chatkit.edge.limits import OpenStreams
from chatkit.edge.proxies import TrustedProxies
from chatkit.edge.router import Route
from chatkit.edge.uploads import MAX_AT_ONCE, MAX_PER_ADDRESS, MAX_PER_USER, UploadRoutes
from chatkit.engine.attachments import Attachments
from chatkit.protocol.ids import NewId
from chatkit.wiring.background import keep_running
from chatkit.wiring.keyring import FILE_KEYS, Keyring
from chatkit.wiring.settings import Settings
from store.files import Files
from store.postgres import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class FileParts:
    """The file store, the upload rules and the signed URLs."""

    store: Files
    attachments: Attachments
    links: FileLinks
    max_upload_bytes: int
    proxies: TrustedProxies

    def routes(self, authenticator: Authenticator) -> list[Route]:
        """All routes for files."""
        uploads = UploadRoutes(
            authenticator=authenticator,
            attachments=self.attachments,
            links=self.links,
            max_upload_bytes=self.max_upload_bytes,
            open=OpenStreams(
                max_open=MAX_AT_ONCE,
                max_per_user=MAX_PER_USER,
                max_per_address=MAX_PER_ADDRESS,
                proxies=self.proxies,
            ),
        )
        return FileRoutes(
            authenticator=authenticator, files=self.store, links=self.links, uploads=uploads
        ).routes()


async def open_files(
    settings: Settings,
    database: Database,
    keyring: Keyring,
    new_id: NewId,
    stack: AsyncExitStack,
) -> FileParts:
    """Build the parts, and sweep unsent files in the background until `stack` is closed."""
    store = Files(database, settings.quotas)
    attachments = Attachments(store, max_bytes=settings.max_upload_bytes, new_id=new_id)
    keep_running(stack, attachments.run, "sweep of files")
    return FileParts(
        store=store,
        attachments=attachments,
        links=FileLinks(
            keys=await keyring.open(FILE_KEYS),
            proxies=settings.trusted_proxies,
            public_url=settings.public_url,
            now=time,
        ),
        max_upload_bytes=settings.max_upload_bytes,
        proxies=settings.trusted_proxies,
    )
