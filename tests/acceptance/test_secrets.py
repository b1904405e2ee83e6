"""Nothing secret in what the server writes or answers, whatever goes well or wrong.

Every secret is a word that is found nowhere else; what is written is searched for all of them, and
for what people said and what they sent along as proof of who they are.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote, urlsplit

import asyncpg
import httpx
import pytest

from store.embedded import EmbeddedPostgres
from tests.acceptance.server import ServerProcess, body_of, said
from tests.conftest import fresh_database
from tests.edge.signed import sign
from tests.model_server import ModelServer
from tests.model_steps import CUT, Status, call

#: Of the operator's: they leave the server nowhere.
SECRETS: Final[dict[str, Any]] = {
    "BETTER_AUTH_SECRET": "hush-better-auth-0000000000000000000000",
    "BETTER_AUTH_SECRET_PREVIOUS": "hush-previous-00000000000000000000000000",
    "SIGNING_SECRET": "hush-signing-000000000000000000000000000",
    "MODEL_API_KEY": "sk-hush-model-api-key",
    "OPENAI_API_KEY": "sk-hush-openai-key",
    "GEMINI_API_KEY": "hush-gemini-key",
    "OPENROUTER_API_KEY": "sk-or-hush-openrouter-key",
    "ANTHROPIC_API_KEY": "sk-ant-hush-anthropic-key",
}
MCP: Final = {
    "header": "hush-mcp-header",
    "query": "hush-mcp-query",
    "env": "hush-mcp-env",
    "argument": "hush-mcp-argument",
    "provider": "hush-provider-detail",
}
#: Of the users': it is answered to themselves at most, and never logged.
SAID: Final = "whisper-message"
TITLE: Final = "whisper-title"
KEY: Final = "whisper-idempotency-key"
QUERY: Final = "whisper-query"
PRIVATE: Final = (SAID, TITLE, KEY, QUERY, "whisper-cookie", "whisper-bearer")


def mcp_servers() -> str:
    """One that is not there, one that ends at once, and one whose command does not exist."""
    away = {
        "url": f"http://127.0.0.1:9/mcp?key={MCP['query']}",
        "headers": {"authorization": f"Bearer {MCP['header']}"},
    }
    ended = {"command": "false", "args": [MCP["argument"]], "env": {"TOKEN": MCP["env"]}}
    missing = {"command": "no-such-program", "args": [MCP["argument"]], "env": {"T": MCP["env"]}}
    return json.dumps({"mcpServers": {"away": away, "ended": ended, "missing": missing}})


def spellings(secret: str) -> Iterator[str]:
    """As it is, and as it may hide in a URL, in JSON or in a header."""
    yield secret
    yield quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode().rstrip("=")


def assert_absent(secrets: dict[str, str], text: str, where: str) -> None:
    found = [name for name, secret in secrets.items() for s in spellings(secret) if s in text]
    assert found == [], f"{where} holds {found}"


class Visitor:
    """Asks, and keeps every answer that came."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.answers: list[str] = []
        self.proofs: dict[str, str] = {}

    async def ask(self, method: str, path: str, token: str | None = None, **options: Any) -> Any:
        answer = await self.server.request(method, path, token, **options)
        self.keep(answer)
        return answer

    def keep(self, answer: httpx.Response) -> None:
        self.answers.append(f"{answer.headers}\n{answer.text}")

    async def chat(self, token: str, text: str = SAID) -> None:
        body = body_of("threads.create", {"input": said(text)})
        headers = {"idempotency-key": f"{KEY}-{len(self.answers)}"}
        await self.ask("POST", "/api/chatkit", token, json=body, headers=headers)

    async def visit(self, model: ModelServer) -> None:
        """All that goes well, and much that does not."""
        ada = self.proofs["jwt"] = self.server.jwt("ada", secret=SECRETS["BETTER_AUTH_SECRET"])
        await self._pages()
        await self._chats(ada, model)
        await self._sessions(ada)
        await self._strangers(ada)
        await self._bad_requests(ada)

    async def _pages(self) -> None:
        for path in ("/", "/page/page.js", "/page/base.css", "/api/chatkit/health", "/nowhere"):
            await self.ask("GET", f"{path}?token={QUERY}")

    async def _chats(self, ada: str, model: ModelServer) -> None:
        detail = f"Incorrect API key provided: {MCP['provider']}"
        for status in (401, 400, 403, 404, 500):
            for _ in range(4):  # some are tried again
                model.script(Status(status, {"message": detail, "code": MCP["provider"]}))
            await self.chat(ada, f"{SAID} {status}")
            model.forget()
        model.script("Half an ans", CUT)
        await self.chat(ada, f"{SAID} cut")
        model.script(call("add_task", json.dumps({"title": TITLE})))
        await self.chat(ada, f"{SAID} tool")
        model.script(call("no_such_tool", "{"))
        await self.chat(ada, f"{SAID} bad tool")
        await self.chat(ada)

    async def _sessions(self, ada: str) -> None:
        opened = await self.server.post("/api/chatkit/session", ada)
        secret = self.proofs["client_secret"] = opened.json()["client_secret"]
        await self.ask("GET", "/api/tasks", secret)
        await self.ask("GET", "/api/chatkit/session", secret)
        await self.ask("DELETE", "/api/chatkit/session", secret)
        await self.ask("GET", "/api/tasks", secret)

    async def _strangers(self, ada: str) -> None:
        for token in (ada[:-4] + "AAAA", "whisper-bearer", "cks_" + "A" * 43, "a.b.c"):
            await self.ask("GET", "/api/tasks", token)
        await self.ask("GET", "/api/tasks", headers={"cookie": "auth_token=whisper-cookie"})
        for _ in range(2):  # the second one is a replay
            signed = sign(
                SECRETS["SIGNING_SECRET"],
                user_id="bob",
                timestamp="1",
                method="GET",
                target="/api/tasks",
            )
            self.proofs["signature"] = signed["X-Chatkit-Signature"]
            await self.ask("GET", "/api/tasks", headers=signed)
        await self.ask("POST", "/api/auth/guest")

    async def _bad_requests(self, ada: str) -> None:
        for body in (SAID, f'{{"type": "{SAID}"}}', f'{{"type": "threads.create", "{SAID}'):
            await self.ask("POST", "/api/chatkit", ada, content=body)
        await self.ask("POST", "/api/tasks", ada, json={"title": TITLE, "due_date": TITLE})
        await self.ask("GET", f"/api/tasks?search={QUERY}", ada)
        await self.ask("GET", f"/api/tasks?status={QUERY}", ada)
        headers = {"accept": "application/json"}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": TITLE}}
        await self.ask("POST", "/mcp", ada, json=message, headers=headers)
        await self.ask("POST", "/mcp", ada, json={"jsonrpc": SAID}, headers=headers)


async def take_away(server: EmbeddedPostgres, database_url: str) -> None:
    """Break every connection and let none in again."""
    name = urlsplit(database_url).path.lstrip("/")
    admin = await asyncpg.connect(database_url.replace(f"/{name}?", "/postgres?"))
    try:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
        await admin.execute(query, name)
    finally:
        await admin.close()


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_nothing_secret_is_written_or_answered(
    postgres_server: EmbeddedPostgres, log_format: str
) -> None:
    async with fresh_database(postgres_server) as database_url, ModelServer() as model:
        secrets = {**SECRETS, **MCP, "password": str(urlsplit(database_url).password)}
        assert "None" not in secrets["password"]
        async with ServerProcess(
            **SECRETS,
            MODEL="openai/scripted",
            TITLE_MODEL="demo/tasks",
            MODEL_API_BASE=model.api_base,
            DATABASE_URL=database_url,
            MCP_SERVERS=mcp_servers(),
            LOG_LEVEL="debug",
            LOG_FORMAT=log_format,
        ) as server:
            visitor = Visitor(server)
            await visitor.visit(model)
            await take_away(postgres_server, database_url)
            with suppress(httpx.TimeoutException):
                async with asyncio.timeout(20):
                    await visitor.ask("GET", "/api/tasks", visitor.proofs["jwt"])
                    await visitor.ask("GET", "/api/chatkit/health")
            await server.stop()
            written = server.stdout + server.stderr
    assert len(visitor.answers) > 35
    assert written.count("/api/chatkit") > 10  # it does log
    assert_absent(secrets, written, "the log")
    assert_absent(visitor.proofs, written, "the log")
    assert_absent({word: word for word in PRIVATE}, written, "the log")
    for answer in visitor.answers:
        assert_absent(secrets | visitor.proofs, answer, f"the answer {answer[:400]}")


@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": "postgresql://chatkit:hush-password@127.0.0.1:9/chatkit"},
        {"DATABASE_URL": "mysql://chatkit:hush-password@127.0.0.1/chatkit"},
        {"BETTER_AUTH_SECRET": "hush-password"},
        {"SIGNING_SECRET": "hush-password"},
        {"MODEL_API_BASE": "ftp://user:hush-password@models.example", "MODEL": "openai/x"},
        {"BETTER_AUTH_URL": "hush-password"},
        {"MCP_SERVERS": '{"mcpServers": {"a": {"url": "hush-password"}}}'},
        {"MCP_SERVERS": '{"mcpServers": {"a": {"command": 5, "env": {"K": "hush-password"}}}}'},
        {"MCP_SERVERS": '{"mcpServers": hush-password'},
    ],
)
async def test_a_start_that_fails_says_why_without_the_secret(variables: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="the server did not start") as failure:
        async with ServerProcess(LOG_LEVEL="debug", **variables):
            pass
    assert "hush-password" not in str(failure.value)
