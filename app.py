"""The server: its routes joined, its lifespan, and `python app.py`.

`app` is a plain ASGI application, so any uvicorn options work: `uvicorn app:app --uds …`. Its
lifespan opens database, tools and model, and closes them in reverse order.
"""

from __future__ import annotations

import os
import signal

if __name__ == "__main__":
    # Until the imports are done: an import that is interrupted would end in a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # If stdin, stdout or stderr is closed, the next file or socket gets its number, and the log.
    while (_lowest := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(_lowest)

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import uvicorn

from chatkit.edge.asgi_types import HttpReceive, Receive, Scope, Send
from chatkit.edge.cors import Gate
from chatkit.edge.guest_api import LINK_PATH
from chatkit.edge.health import PATH as HEALTH_PATH
from chatkit.edge.http_protocol import GuardedProtocol
from chatkit.edge.logs import set_up_logging
from chatkit.edge.router import Router
from chatkit.edge.server import Server, allow_many_connections
from chatkit.protocol.errors import ChatKitError
from chatkit.wiring.announcement import announce
from chatkit.wiring.cautions import log_cautions
from chatkit.wiring.listener import open_sockets
from chatkit.wiring.parts import Parts, open_parts
from chatkit.wiring.routes import join_routes
from chatkit.wiring.settings import Settings, load_settings, read_environment
from chatkit.wiring.variables import SettingsError
from chatkit.words.catalogue import ENGLISH, say_in
from store.embedded import EmbeddedError
from store.migrate import SchemaError
from store.postgres import ConnectError, refusals_stop_the_start
from store.secrets import SecretsError

_log = logging.getLogger("chatkit")

#: Errors that stop the start; the message of each is one sentence for the operator.
StartErrors = (
    SettingsError, EmbeddedError, ConnectError, SchemaError, SecretsError, ChatKitError
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """A running server: its parts, and the router over them."""

    parts: Parts
    router: Router


class Application:
    """The ASGI application. It reads the configuration at its start, not at import."""

    def __init__(self) -> None:
        self._services: Services | None = None
        self.is_announced = False
        """Whether the start prints its own message, so that no log needs the guest's link."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the lifespan."""
        if scope["type"] == "http" and self._services is not None:
            # In an HTTP scope, `receive` returns only HTTP messages.
            await self._services.router(scope, cast(HttpReceive, receive), send)
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
            with refusals_stop_the_start():
                self._services = await services.__aenter__()
        except StartErrors as error:
            message = str(error)
            if isinstance(error, ChatKitError):
                message = error.in_words(say_in(ENGLISH))
            await send({"type": "lifespan.startup.failed", "message": message})
            return
        log_cautions(settings)  # not before: a failed start is one sentence
        if not self.is_announced and (link := self.guest_link(settings)) is not None:
            _log.info("guests are let in by this link, once: %s", link)
        await send({"type": "lifespan.startup.complete"})
        self._services.parts.model.loading.start()
        await receive()
        try:
            await services.__aexit__(None, None, None)
        finally:
            await send({"type": "lifespan.shutdown.complete"})

    def guest_link(self, settings: Settings, address: str = "") -> str | None:
        """A new link for a guest, where the policy asks for one. `address` is the listener's."""
        if self._services is None or settings.guest_policy != "link":
            return None
        base = settings.public_url or (address if address.startswith("http") else "")
        return f"{base}{LINK_PATH}?link={self._services.parts.guest_links.make()}"

    @property
    def database_place(self) -> Path | None:
        """The directory of the embedded database, once it runs."""
        return None if self._services is None else self._services.parts.place

    async def drain(self) -> None:
        """Refuse new turns and wait for running ones. The listener stays open meanwhile."""
        if self._services is not None:
            await self._services.parts.operations.running.shut_down()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Services]:
    """Open the services of the server, and close them in reverse order."""
    async with AsyncExitStack() as stack:
        parts = await open_parts(settings, stack)
        gate = Gate(
            allowed_origins=settings.allowed_origins,
            allowed_hosts=settings.allowed_hosts,
            proxies=settings.trusted_proxies,
            any_host=frozenset({HEALTH_PATH}),
        )
        router = Router(join_routes(parts), gate=gate, note=parts.auditor.note)
        yield Services(parts=parts, router=router)


app = Application()


def main() -> int:
    """Run the server until a signal, or a command. Return the exit code."""
    if words := sys.argv[1:]:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a command may have to clean up
        from chatkit.wiring.commands.run import run  # a start of the server does not need it

        return run(words)
    try:
        settings = load_settings(read_environment())
        sockets = open_sockets(settings)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - logging is not set up yet
        return 1
    allow_many_connections()
    app.is_announced = True
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
            # In seconds, after the drain. Clients that do not read, and followers of turns of other
            # processes, are still connected then; uvicorn would wait for them forever.
            timeout_graceful_shutdown=3,
            server_header=False,
            proxy_headers=False,  # edge/proxies.py decides which proxies are trusted
        ),
        drain=app.drain,
        announce=lambda address: _print(
            announce(settings, address, app.database_place, app.guest_link(settings, address))
        ),
    )
    try:
        server.run(sockets)
    except SystemExit:  # raised by uvicorn after it has logged the reason
        return 1
    return 0


def _print(text: str) -> None:
    try:
        print(text, flush=True)  # noqa: T201
    except OSError:  # closed, or its disk is full; the server serves all the same
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - or the end of the process fails


if __name__ == "__main__":
    sys.exit(main())
