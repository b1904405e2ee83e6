"""Where requests go is the operator's word alone: no model and no tool server can steer it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from chatkit.access.caller import Caller
from chatkit.protocol.calls import ToolCall
from store.postgres import Database
from store.task_history import StoredTaskHistory
from store.tasks import Tasks
from tools.client import ToolClients
from tools.config import HttpServer
from tools.descriptions import TOOLS
from tools.server import build_server


@dataclass(slots=True)
class Site:
    """An HTTP server that answers everything in one way, and keeps the heads that came."""

    answer: bytes = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        self.came.set()
        writer.write(self.answer)
        writer.close()


@asynccontextmanager
async def open_site(site: Site) -> AsyncIterator[Site]:
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()


async def test_a_tool_server_cannot_send_us_elsewhere(database_url: str) -> None:
    """Least of all with the headers that were meant for it."""
    database = await Database.connect(database_url, max_connections=2)
    async with open_site(Site()) as elsewhere:
        redirect = (
            "HTTP/1.1 307 Temporary Redirect\r\n"
            f"location: http://127.0.0.1:{elsewhere.port}/mcp\r\n"
            "content-length: 0\r\nconnection: close\r\n\r\n"
        )
        async with open_site(Site(redirect.encode())) as configured:
            config = HttpServer(
                name="far",
                url=f"http://127.0.0.1:{configured.port}/mcp",
                headers={"x-api-key": "meant for it alone"},
            )
            async with ToolClients(
                build_server(Tasks(database), StoredTaskHistory(database)), [config]
            ) as tools:
                await asyncio.wait_for(configured.came.wait(), 10)
                assert [spec.name for spec in await tools.list_tools()] == [
                    tool.name for tool in TOOLS
                ]
        assert b"x-api-key: meant for it alone" in configured.heads[0]
        assert elsewhere.heads == []
    await database.close()


async def test_no_argument_of_a_tool_is_an_address_that_is_asked(database_url: str) -> None:
    database = await Database.connect(database_url, max_connections=2)
    async with open_site(Site()) as site:
        address = f"http://127.0.0.1:{site.port}/"
        async with ToolClients(build_server(Tasks(database), StoredTaskHistory(database))) as tools:
            for spec in await tools.list_tools():
                properties = spec.parameters["properties"]
                arguments = json.dumps(dict.fromkeys(properties, address) | {"url": address})
                call = ToolCall(call_id="tc_1", name=spec.name, arguments=arguments)
                await tools.call(call, Caller(user_id="anna"), lambda _: None)
        assert site.heads == []
    await database.close()


def test_no_tool_of_ours_lets_a_model_name_a_user_a_thread_or_an_address() -> None:
    named = {name for tool in TOOLS for name in tool.input_schema["properties"]}
    assert not {name for name in named if name.endswith(("user_id", "thread_id", "turn_id"))}
    assert named.isdisjoint({"user", "owner", "account", "email", "tenant", "url", "server"})
