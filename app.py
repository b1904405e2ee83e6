"""The server: wiring of every layer, the route table, and `python app.py`.

`app` is a plain ASGI application, so any uvicorn options work: `uvicorn app:app --uds …`. What it
stands on (database, tools, model) is opened by its lifespan and closed in the opposite order.
"""

from __future__ import annotations

import logging
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, time

import uvicorn

from chatkit.edge.asgi import Receive, Scope, Send
from chatkit.edge.assets import PageRoutes
from chatkit.edge.audit import Auditor
from chatkit.edge.auth import Authenticator
from chatkit.edge.chat import ChatRoutes
from chatkit.edge.choices_api import ChoiceRoutes
from chatkit.edge.cors import Gate
from chatkit.edge.guest_api import GuestRoutes
from chatkit.edge.guests import GuestTokens
from chatkit.edge.health import PATH as HEALTH_PATH
from chatkit.edge.health import Health
from chatkit.edge.http_protocol import GuardedProtocol
from chatkit.edge.limits import Limits, OpenStreams
from chatkit.edge.logs import set_up_logging
from chatkit.edge.mcp_api import McpRoutes
from chatkit.edge.router import Handler, Route, Router, answering
from chatkit.edge.server import Server, allow_many_connections
from chatkit.edge.sessions import SessionRoutes, SessionVerifier
from chatkit.edge.signing import Signatures
from chatkit.edge.tasks_api import TaskRoutes
from chatkit.edge.threads_api import ThreadRoutes
from chatkit.engine.turns import Turns
from chatkit.models.litellm_model import LiteLLMModel
from chatkit.protocol.errors import ChatKitError
from chatkit.protocol.ids import Prefix, make_id
from chatkit.wiring.announcement import announce
from chatkit.wiring.answering import Texts, build_operations, list_options, open_model
from chatkit.wiring.background import Background
from chatkit.wiring.files import open_files
from chatkit.wiring.listener import check_socket_path, listen
from chatkit.wiring.settings import Settings, load_settings, read_environment
from chatkit.wiring.sign_in import open_verifiers
from chatkit.wiring.tooling import Tooling
from chatkit.wiring.user_data import data_routes
from chatkit.wiring.variables import SettingsError
from store.audit import AuditLog
from store.embedded import EmbeddedError, start_embedded
from store.limits import SharedBuckets
from store.migrate import SchemaError, apply_schema
from store.postgres import ConnectError, Database
from store.secrets import keep_secret
from store.sessions import Sessions
from store.signatures import UsedSignatures
from store.tasks import Tasks
from tools.cards import TaskCards
from tools.config import ServerConfig, read_mcp_servers
from tools.task_cards import task_preview

_log = logging.getLogger("chatkit")

#: What keeps the server from starting; each is one sentence for the operator.
StartErrors = (SettingsError, EmbeddedError, ConnectError, SchemaError, ChatKitError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a running server is made of. `place` is the embedded database's directory."""

    place: Path | None
    database: Database
    model: LiteLLMModel
    turns: Turns
    router: Router


class Application:
    """The ASGI application. Its configuration is read when it starts, not when it is imported."""

    def __init__(self) -> None:
        self._services: Services | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's request, or the lifespan."""
        if scope["type"] == "http" and self._services is not None:
            await self._services.router(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        else:
            raise RuntimeError("the application needs its lifespan: uvicorn --lifespan on")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            environ = read_environment()
            settings = load_settings(environ)
            set_up_logging(settings.log_level, settings.log_format)
            services = opened(settings)
            self._services = await services.__aenter__()
        except StartErrors as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await services.__aexit__(None, None, None)
        finally:
            await send({"type": "lifespan.shutdown.complete"})

    @property
    def database_place(self) -> Path | None:
        """Where the embedded database lies, once it runs."""
        return None if self._services is None else self._services.place

    async def drain(self) -> None:
        """Take no new turns, and let running ones end; the listener is still open meanwhile."""
        if self._services is not None:
            await self._services.turns.shut_down()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Services]:
    """Open all that the server stands on, and close it in the opposite order."""
    # Read first: nothing is begun for a start that cannot succeed.
    mcp_servers = _mcp_servers(settings)
    texts = Texts.read(settings)
    async with AsyncExitStack() as stack:
        database, place = await _open_database(settings, stack)
        tasks = Tasks(database)
        files = await open_files(settings, database, _new_id, stack)
        auditor = Auditor(
            AuditLog(database),
            proxies=settings.trusted_proxies,
            keep_days=settings.retention_days,
            now=_now,
        )
        stack.push_async_callback(auditor.close)
        _keep_running(stack, auditor.run, "audit log")

        # Deletions by tools and cards are noted here, those over REST with their request.
        audited = Tasks(database, deleted=auditor.note_deletion)
        tools = Tooling(audited, mcp_servers, now=_now)
        tools.start()
        stack.push_async_callback(tools.stop)
        model = open_model(settings, stack)
        warm_up = Background(model.warm_up, "warm-up of the model")
        stack.push_async_callback(warm_up.stop)

        operations = build_operations(
            settings,
            texts=texts,
            database=database,
            model=model,
            tools=tools,
            cards=TaskCards(audited, now=_now),
            files=files,
            new_id=_new_id,
            now=_now,
            stack=stack,
        )
        turns = operations.running
        await turns.adopt_orphans()
        _keep_running(stack, turns.run, "care of the turns")
        stack.push_async_callback(turns.interrupt_all)

        sessions = Sessions(database)
        authenticator = await _build_authenticator(settings, database, sessions, stack)
        most_bytes, most_of_one = settings.max_body_bytes, 4 * settings.max_turns_per_user
        router = Router(
            _routes(
                acting=auditor.acting,
                guests=GuestRoutes(authenticator, warm_up.start),
                chat=ChatRoutes(
                    authenticator=authenticator,
                    operations=operations,
                    turns=turns,
                    links=files.links,
                    max_body_bytes=most_bytes,
                    streams=OpenStreams(most=settings.max_streams, most_of_one=most_of_one),
                ),
                tasks=TaskRoutes(
                    authenticator=authenticator, tasks=tasks, max_body_bytes=most_bytes, now=_now
                ),
                sessions=SessionRoutes(
                    authenticator=authenticator,
                    sessions=sessions,
                    domain_key=settings.chatkit_domain_key,
                    max_body_bytes=most_bytes,
                ),
                mcp=McpRoutes(
                    authenticator=authenticator, answer=tools.answer_mcp, max_body_bytes=most_bytes
                ),
                further=[
                    *files.routes(authenticator),
                    *data_routes(settings, authenticator, database, operations, now=_now),
                ],
                threads=ThreadRoutes(
                    authenticator=authenticator,
                    threads=operations.threads,
                    max_body_bytes=most_bytes,
                ),
                choices=ChoiceRoutes(
                    authenticator=authenticator,
                    options=lambda: list_options(settings, operations.offers),
                    tasks=tasks,
                    preview=task_preview,
                    today=lambda: _now().date(),
                ),
                health=Health(lambda: database.fetchval("SELECT 1"), turns),
                page=PageRoutes(warm_up.start, settings.image_domains),
            ),
            gate=Gate(
                allowed_origins=settings.allowed_origins,
                allowed_hosts=settings.allowed_hosts,
                proxies=settings.trusted_proxies,
                any_host=frozenset({HEALTH_PATH}),
            ),
            note=auditor.note,
        )
        yield Services(place=place, database=database, model=model, turns=turns, router=router)


async def _open_database(settings: Settings, stack: AsyncExitStack) -> tuple[Database, Path | None]:
    dsn, place = settings.database_url, None
    if dsn is None:
        embedded = await start_embedded(settings.data_dir, note=_log.warning)
        stack.push_async_callback(embedded.stop)
        dsn, place = embedded.dsn, embedded.place
    database = await Database.connect(dsn)
    stack.push_async_callback(database.close)
    await apply_schema(database)
    return database, place


async def _build_authenticator(
    settings: Settings, database: Database, sessions: Sessions, stack: AsyncExitStack
) -> Authenticator:
    guest_key = await keep_secret(database, "guest_key", lambda: secrets.token_hex(32))
    signatures = None
    if settings.signing_secret is not None:
        used = UsedSignatures(database)
        signatures = Signatures(secret=settings.signing_secret, used=used, now=time)
    return Authenticator(
        verifiers=[SessionVerifier(sessions), *await open_verifiers(settings, stack)],
        guests=GuestTokens(key=bytes.fromhex(guest_key), now=time),
        guest_policy=settings.guest_policy,
        proxies=settings.trusted_proxies,
        allowed_origins=settings.allowed_origins,
        now=time,
        limits=Limits(
            user=settings.rate_limit_user,
            address=settings.rate_limit_ip,
            proxies=settings.trusted_proxies,
            now=monotonic,
            shared=SharedBuckets(database) if settings.shared_limits else None,
        ),
        signatures=signatures,
    )


def _keep_running(
    stack: AsyncExitStack, work: Callable[[], Coroutine[None, None, None]], name: str
) -> None:
    """Run `work` until the stack is closed."""
    background = Background(work, name)
    background.start()
    stack.push_async_callback(background.stop)


def _routes(
    *,
    acting: Callable[[Handler], Handler],
    guests: GuestRoutes,
    chat: ChatRoutes,
    tasks: TaskRoutes,
    sessions: SessionRoutes,
    mcp: McpRoutes,
    further: Sequence[Route],
    threads: ThreadRoutes,
    choices: ChoiceRoutes,
    health: Health,
    page: PageRoutes,
) -> list[Route]:
    one_task = {
        "GET": answering(tasks.get),
        "PUT": answering(tasks.replace),
        "PATCH": answering(tasks.merge),
        "DELETE": answering(tasks.delete),
    }
    own_sessions = {
        "GET": answering(sessions.list),
        "POST": answering(sessions.open),
        "DELETE": answering(sessions.revoke_own),
    }
    ask, use_tools = acting(chat.post), acting(mcp.post)
    return [
        Route("/api/chatkit", {"POST": ask}),
        Route("/api/chatkit/", {"POST": ask}),
        Route("/api/chatkit/session", own_sessions),
        Route("/api/chatkit/session/{id}", {"DELETE": answering(sessions.revoke)}),
        Route(HEALTH_PATH, {"GET": answering(health.get)}),
        Route("/api/chatkit/threads/{id}/events", {"GET": chat.events}),
        Route("/api/chatkit/threads/{id}/cancel", {"POST": answering(chat.cancel)}),
        Route("/api/auth/guest", {"POST": answering(guests.issue)}),
        Route("/api/tasks", {"GET": answering(tasks.list), "POST": answering(tasks.add)}),
        Route("/api/tasks/{id}", one_task),
        Route("/api/tasks/{id}/complete", {"PATCH": answering(tasks.complete)}),
        *further,
        Route("/api/chatkit/threads/{id}/status", {"PUT": answering(threads.set_status)}),
        Route("/api/chatkit/options", {"GET": answering(choices.list_options)}),
        Route("/api/chatkit/entities", {"GET": answering(choices.list_entities)}),
        Route("/api/chatkit/entities/{id}/preview", {"GET": answering(choices.preview_entity)}),
        Route("/mcp", {"POST": use_tools}),
        Route("/mcp/", {"POST": use_tools}),
        Route("/", {"GET": answering(page.index)}),
        Route("/page/{name}", {"GET": answering(page.asset)}),
    ]


def _listen(settings: Settings) -> list[socket.socket] | None:
    if settings.uds is None:
        return [listen(settings.host, settings.port)]
    check_socket_path(settings.uds)
    return None  # uvicorn makes it, in place of one that a server of before has left


def _mcp_servers(settings: Settings) -> Sequence[ServerConfig]:
    try:
        return read_mcp_servers(settings.mcp_servers) if settings.mcp_servers else ()
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id(prefix: Prefix) -> str:
    return make_id(prefix, secrets.token_bytes(16))


app = Application()


def main() -> int:
    """Run the server until a signal; the exit code."""
    try:
        settings = load_settings(read_environment())
        sockets = _listen(settings)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - logging is not set up yet
        return 1
    allow_many_connections()
    server = Server(
        uvicorn.Config(
            app,
            uds=None if settings.uds is None else str(settings.uds),
            loop="uvloop",
            http=GuardedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            # After the drain only clients that do not read, and followers of turns elsewhere, are
            # left; uvicorn would wait for them for ever.
            timeout_graceful_shutdown=3,
            server_header=False,
            proxy_headers=False,  # edge/proxies.py decides whom to believe
        ),
        drain=app.drain,
        announce=lambda address: print(  # noqa: T201
            announce(settings, address, app.database_place), flush=True
        ),
    )
    try:
        server.run(sockets)
    except SystemExit:  # uvicorn's, once the reason is logged
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
