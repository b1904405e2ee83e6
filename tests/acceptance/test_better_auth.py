"""Signing in with a real Better Auth server, which publishes its keys."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx
import jwt
import pytest

from tests.acceptance.server import ServerProcess

_HERE: Final = Path(__file__).with_name("better_auth")


@pytest.fixture(scope="session", autouse=True)
def packages() -> None:
    """Better Auth, installed once beside its lock file."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Better Auth wants Node.js with npm")
    if not (_HERE / "node_modules" / "better-auth").is_dir():
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=_HERE, check=True, timeout=600)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


def better_auth(port: int = 0) -> ServerProcess:
    """A sign-in server of its own keys and with no accounts yet."""
    command = ("node", str(_HERE / "server.mjs"), str(port))
    return ServerProcess(command=command, ready=re.compile(r"(http://127\.0\.0\.1:\d+)"))


def chat_server(
    database_url: str, url: str, *, issuer: str = "", audience: str = ""
) -> ServerProcess:
    """A server that takes the tokens of the sign-in server at `url`."""
    return ServerProcess(
        DATABASE_URL=database_url,
        BETTER_AUTH_URL=url,
        AUTH_ISSUER=issuer,
        AUTH_AUDIENCE=audience,
    )


async def sign_up(http: httpx.AsyncClient, issuer: str, name: str) -> str:
    """A new account's JWT, the way a page gets it."""
    account = {"name": name, "email": f"{name}@mail.example", "password": "correct horse battery"}
    answer = await http.post(
        f"{issuer}/api/auth/sign-up/email", json=account, headers={"origin": issuer}
    )
    assert answer.status_code == 200, answer.text
    session = {"authorization": f"Bearer {answer.headers['set-auth-token']}"}
    http.cookies.clear()  # the next account must not be this one
    answer = await http.get(f"{issuer}/api/auth/token", headers=session)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["token"]
    return token


async def titles(chat: ServerProcess, token: str) -> list[str]:
    answer = await chat.get("/api/tasks", token)
    assert answer.status_code == 200, answer.text
    return [task["title"] for task in answer.json()]


async def test_users_of_better_auth_are_let_in_and_kept_apart(
    http: httpx.AsyncClient, database_url: str
) -> None:
    async with (
        better_auth() as auth,
        chat_server(database_url, auth.url, issuer=auth.url, audience=auth.url) as chat,
    ):
        ada, bob = await sign_up(http, auth.url, "ada"), await sign_up(http, auth.url, "bob")
        added = await chat.post("/api/tasks", ada, json={"title": "tea"})
        assert added.status_code == 201
        assert await titles(chat, ada) == ["tea"]
        assert await titles(chat, bob) == []
        assert (await chat.get(f"/api/tasks/{added.json()['id']}", bob)).status_code == 404

        header, payload, signature = ada.split(".")
        kid = jwt.get_unverified_header(ada)["kid"]
        for altered in (
            f"{header}.{bob.split('.')[1]}.{signature}",
            f"{header}.{payload}.{signature[:-6]}AAAAAA",
            f"{header}.{payload}.",
            jwt.encode({"sub": "ada", "exp": 9_000_000_000}, "x" * 32, headers={"kid": kid}),
        ):
            answer = await chat.get("/api/tasks", altered)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"

        # No guest, since there is a way to sign in; and not Better Auth's own cookie.
        assert (await chat.post("/api/auth/guest")).status_code == 403
        cookie = {"cookie": f"better-auth.session_token={ada}"}
        assert (await chat.get("/api/tasks", headers=cookie)).status_code == 401


async def test_a_token_for_another_audience_is_refused(
    http: httpx.AsyncClient, database_url: str
) -> None:
    async with (
        better_auth() as auth,
        chat_server(database_url, auth.url, audience="chat") as chat,
    ):
        ada = await sign_up(http, auth.url, "ada")
        assert (await chat.get("/api/tasks", ada)).status_code == 401


async def test_keys_rotate_and_the_issuer_goes_away_without_a_restart_here(
    http: httpx.AsyncClient, database_url: str
) -> None:
    async with better_auth() as auth:
        port = int(auth.url.rpartition(":")[2])
    async with chat_server(database_url, auth.url) as chat:
        async with better_auth(port):
            first = await sign_up(http, auth.url, "ada")
        # Nobody can be judged yet, which is the server's trouble and not the caller's.
        answer = await chat.get("/api/tasks", first)
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "unavailable"

        async with better_auth(port):  # new keys under the same address
            second = await sign_up(http, auth.url, "ada")
            await until_keys_are_known(chat, second)
            assert await titles(chat, second) == []

        async with better_auth(port):
            third = await sign_up(http, auth.url, "ada")
            fourth = await sign_up(http, auth.url, "bob")
            assert await titles(chat, third) == []

        # The issuer is away again; what it published last judges tokens that are new here, too.
        assert await titles(chat, fourth) == []
        assert (await chat.get("/api/tasks", first)).status_code == 401


async def until_keys_are_known(chat: ServerProcess, token: str) -> None:
    """A failed fetch is followed by a pause of seconds, the longer the more there were."""
    async with asyncio.timeout(30):
        while True:
            if (await chat.get("/api/tasks", token)).status_code != 503:
                return
            await asyncio.sleep(0.2)
