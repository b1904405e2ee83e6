"""An agent that was given our URL alone: it finds Better Auth, registers, and its user agrees."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
import jwt
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from tests.acceptance.server import ServerProcess

_HERE: Final = Path(__file__).with_name("oauth_provider")
_CALLBACK: Final = "http://localhost:9/callback"


@pytest.fixture(scope="session", autouse=True)
def packages() -> None:
    """Better Auth with its OAuth provider, installed once beside its lock file."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Better Auth wants Node.js with npm")
    if not (_HERE / "node_modules" / "better-auth").is_dir():
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=_HERE, check=True, timeout=600)


class Memory:
    """What an agent keeps of its sign-in."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """A user of Better Auth with a browser, who agrees to what an agent asks for."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.http = httpx.AsyncClient(
            base_url=issuer, headers={"origin": issuer}, timeout=20, trust_env=False
        )
        self._returned: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def sign_up(self) -> str:
        """Returns the user's id."""
        account = {"name": "ada", "email": "ada@mail.example", "password": "correct horse battery"}
        answer = await self.http.post("/api/auth/sign-up/email", json=account)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["user"]["id"])

    async def open(self, url: str) -> None:
        """Follow an agent's link, and agree on the page that it leads to."""
        asked = await self.http.get(url)
        consent = urlsplit(asked.headers["location"])
        assert consent.path == "/consent"
        agreed = await self.http.post(
            "/api/auth/oauth2/consent", json={"accept": True, "oauth_query": consent.query}
        )
        assert agreed.status_code == 200, agreed.text
        self._returned.set_result(agreed.json()["url"])

    async def return_to_agent(self) -> AuthorizationCodeResult:
        query = parse_qs(urlsplit(await self._returned).query)
        return AuthorizationCodeResult(
            code=query["code"][0], state=query["state"][0], iss=query.get("iss", [None])[0]
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_an_agent_that_knows_our_url_alone_signs_its_user_in_and_opens_only_the_tools(
    database_url: str,
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ("node", str(_HERE / "server.mjs"), "0", f"{url}/mcp")
    async with ServerProcess(
        command=command, ready=re.compile(r"(http://127\.0\.0\.1:\d+)")
    ) as auth:
        person = Person(auth.url)
        async with (
            person.http,
            ServerProcess(
                DATABASE_URL=database_url,
                BETTER_AUTH_URL=auth.url,
                AUTH_ISSUER=auth.url,
                AUTH_AUDIENCE=auth.url,
                PUBLIC_URL=url,
                PORT=str(port),
            ) as server,
        ):
            user_id = await person.sign_up()
            memory = Memory()
            sign_in = OAuthClientProvider(
                server_url=f"{url}/mcp",
                client_metadata=OAuthClientMetadata(
                    client_name="an agent",
                    redirect_uris=[AnyUrl(_CALLBACK)],
                    application_type="native",
                    token_endpoint_auth_method="none",
                ),
                storage=memory,
                redirect_handler=person.open,
                callback_handler=person.return_to_agent,
            )
            async with (
                httpx2.AsyncClient(auth=sign_in) as transport,
                Client(streamable_http_client(f"{url}/mcp", http_client=transport)) as client,
            ):
                added: Any = await client.call_tool("add_task", {"title": "tea"})
                assert added.structured_content["success"] is True

            assert memory.tokens is not None
            token = memory.tokens.access_token
            claims = jwt.decode(token, options={"verify_signature": False})
            assert claims["sub"] == user_id
            for method, path in (
                ("GET", "/api/tasks"),
                ("POST", "/api/chatkit/session"),
                ("DELETE", "/api/chatkit/me"),
                ("GET", "/api/chatkit/export"),
            ):
                answer = await server.request(method, path, token)
                assert answer.status_code == 403, path
            own = (await person.http.get("/api/auth/token")).json()["token"]
            assert [task["title"] for task in (await server.get("/api/tasks", own)).json()] == [
                "tea"
            ]
