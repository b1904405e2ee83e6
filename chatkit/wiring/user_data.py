"""Builds the parts that export, import and erase a user's data, from the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chatkit.edge.auth import Authenticator
from chatkit.edge.data_api import MAX_AT_ONCE, MAX_PER_ADDRESS, MAX_PER_USER, DataRoutes
from chatkit.edge.limits import OpenStreams
from chatkit.edge.router import Route
from chatkit.engine.operations import Operations
from chatkit.portable.erasing import Erasing
from chatkit.portable.exporting import Exporting
from chatkit.portable.importing import Importing
from chatkit.wiring.settings import Settings
from store.amounts import StoredAmounts
from store.erasure import Erasure
from store.exports import Exports
from store.imports import Imports
from store.postgres import Database


def data_routes(
    settings: Settings,
    authenticator: Authenticator,
    database: Database,
    operations: Operations,
    *,
    now: Callable[[], datetime],
) -> list[Route]:
    """The routes for export, import, usage and erasure."""
    return DataRoutes(
        authenticator=authenticator,
        threads=operations.threads,
        exporting=Exporting(store=Exports(database), now=now),
        importing=Importing(Imports(database, settings.quotas), now=now),
        erasing=Erasing(store=Erasure(database), turns=operations.running),
        amounts=StoredAmounts(database, settings.quotas),
        max_import_bytes=settings.max_upload_bytes,
        now=now,
        exports=_streams(settings),
        imports=_streams(settings),
    ).routes()


def _streams(settings: Settings) -> OpenStreams:
    return OpenStreams(
        max_open=MAX_AT_ONCE,
        max_per_user=MAX_PER_USER,
        max_per_address=MAX_PER_ADDRESS,
        proxies=settings.trusted_proxies,
    )
