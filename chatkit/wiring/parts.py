"""All parts of a server, opened in order and closed in reverse order."""

from __future__ import annotations

import os
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chatkit.edge.audit import Auditor
from chatkit.edge.auth import Authenticator
from chatkit.edge.guest_links import GuestLinks
from chatkit.engine.operations import Operations
from chatkit.models.fallback import Fallbacks
from chatkit.protocol.ids import Prefix, make_id
from chatkit.wiring.background import hourly, keep_running
from chatkit.wiring.database import open_database
from chatkit.wiring.engine import (
    EngineOptions,
    EngineParts,
    Texts,
    build_operations,
    open_media,
)
from chatkit.wiring.files import FileParts, open_files
from chatkit.wiring.keyring import Keyring
from chatkit.wiring.models import Models, open_models
from chatkit.wiring.reaping import reap_orphans
from chatkit.wiring.settings import Settings
from chatkit.wiring.sign_in import open_sign_in
from chatkit.wiring.tooling import Tooling, read_tool_servers
from store.audit import AuditLog
from store.owners import owner_name
from store.postgres import Database
from store.secrets import Secrets
from store.sessions import Sessions
from store.task_history import StoredTaskHistory
from store.tasks import Tasks
from tools.cards import TaskCards


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The dependencies of the routes. `place` is the embedded database's directory."""

    settings: Settings
    place: Path | None
    database: Database
    auditor: Auditor
    files: FileParts
    tasks: Tasks
    task_history: StoredTaskHistory
    tools: Tooling
    model: Models
    operations: Operations
    sessions: Sessions
    authenticator: Authenticator
    guest_links: GuestLinks


async def open_parts(settings: Settings, stack: AsyncExitStack) -> Parts:
    """Open everything; `stack` closes it. Raises what StartErrors in app.py lists."""
    # Read first, so that a bad setting stops the start before anything is opened.
    servers = read_tool_servers(settings)
    if os.getpid() == 1:
        keep_running(stack, reap_orphans, "care of orphaned processes")
    texts = Texts.read(settings)
    database, place = await open_database(settings, stack)
    keyring = Keyring(Secrets(database, password=settings.secrets_key))
    files = await open_files(settings, database, keyring, new_id, stack)
    auditor = _open_auditor(settings, database, stack)
    # Audits changes by tools and cards; deletions over REST are audited with their request.
    audited = Tasks(database, settings.quotas, changed=auditor.note_change)
    history = StoredTaskHistory(database, settings.quotas, changed=auditor.note_change)
    keep_running(stack, hourly(history.sweep, sweep := "sweep of task changes"), sweep)
    tools = Tooling(audited, history, servers, now=now)
    tools.start()
    stack.push_async_callback(tools.stop)
    model = open_models(settings, stack)
    media = open_media(settings, model.litellm)
    operations = build_operations(
        EngineParts(
            database=database,
            files=files.store,
            attachments=files.attachments,
            model=Fallbacks(model, others) if (others := settings.model_fallbacks) else model,
            tools=tools,
            cards=TaskCards(audited, now=now),
            images=media if settings.image_model is not None else None,
            transcriber=media if settings.transcribe_model is not None else None,
            new_id=new_id,
            now=now,
        ),
        EngineOptions.of(settings, texts, owner=owner_name(new_id("trn"))),
        stack,
    )
    turns = operations.running
    await turns.adopt_orphans()
    keep_running(stack, turns.run, "care of the turns")
    stack.push_async_callback(turns.interrupt_all)
    sessions = Sessions(database, settings.quotas)
    sign_in = await open_sign_in(settings, database, keyring, sessions, stack)
    keep_running(stack, keyring.run, "look at the keys")
    return Parts(
        settings=settings,
        place=place,
        database=database,
        auditor=auditor,
        files=files,
        tasks=Tasks(database, settings.quotas),
        task_history=StoredTaskHistory(database, settings.quotas),
        tools=tools,
        model=model,
        operations=operations,
        sessions=sessions,
        authenticator=sign_in.authenticator,
        guest_links=sign_in.guest_links,
    )


def _open_auditor(settings: Settings, database: Database, stack: AsyncExitStack) -> Auditor:
    auditor = Auditor(
        AuditLog(database),
        proxies=settings.trusted_proxies,
        keep_days=settings.retention_days,
        now=now,
    )
    stack.push_async_callback(auditor.close)
    keep_running(stack, auditor.run, "audit log")
    return auditor


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


def new_id(prefix: Prefix) -> str:
    """A new random id, impossible to guess."""
    return make_id(prefix, secrets.token_bytes(16))
