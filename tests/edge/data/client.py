"""One user of the application, and what is asked of a user's data."""

from __future__ import annotations

import json
import time
from typing import Any, Final

import jwt

from app import Services
from chatkit.protocol.jsontext import dumps
from tests.frames import events_in
from tests.harness import ask

SECRET: Final = "the secret that sign-in and server share"


EXPORT: Final = "/api/chatkit/export"


IMPORT: Final = "/api/chatkit/import"


def signed_in(user: str) -> dict[str, str]:
    claims = {"sub": user, "exp": int(time.time() + 600)}
    token = jwt.encode(claims, SECRET, "HS256")
    return {"authorization": f"Bearer {token}", "host": "localhost"}


class Client:
    """One user of the application."""

    def __init__(self, services: Services, user: str) -> None:
        self._router = services.router
        self._headers = signed_in(user)

    async def ask(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        return await ask(self._router, method, path, body=body, **self._headers, **headers)

    async def chat(self, kind: str, /, **params: Any) -> list[dict[str, Any]]:
        """The events of a request that streams, or its answer."""
        body = dumps({"type": kind, "params": params}).encode()
        status, _, text = await self.ask("POST", "/api/chatkit", body)
        assert status == 200, text
        if not text.startswith(b"data: "):
            return [json.loads(text)]
        return events_in(text)

    async def say(self, text: str, *, files: list[str] | None = None) -> str:
        """A new thread with an answer; its id."""
        content = [{"type": "input_text", "text": text}]
        given = {"content": content, "attachments": files or [], "inference_options": {}}
        events = await self.chat("threads.create", input=given)
        thread_id: str = events[0]["thread"]["id"]
        return thread_id

    async def threads(self) -> list[dict[str, Any]]:
        (page,) = await self.chat("threads.list", limit=100)
        data: list[dict[str, Any]] = page["data"]
        return data

    async def items(self, thread_id: str) -> list[dict[str, Any]]:
        (page,) = await self.chat("items.list", thread_id=thread_id, limit=100, order="asc")
        data: list[dict[str, Any]] = page["data"]
        return data

    async def export(self, query: str = "") -> Any:
        status, _, body = await self.ask("GET", EXPORT + query)
        assert status == 200, body
        return json.loads(body)

    async def take(self, file: Any) -> tuple[int, Any]:
        body = file if isinstance(file, bytes) else dumps(file).encode()
        status, _, answer = await self.ask("POST", IMPORT, body)
        return status, json.loads(answer)


def counted(threads: tuple[int, int], tasks: tuple[int, int]) -> tuple[int, Any]:
    """A good answer: how many were added, and how many were there."""
    names = ("added", "unchanged")
    return 200, {
        "threads": dict(zip(names, threads, strict=True)),
        "tasks": dict(zip(names, tasks, strict=True)),
    }
