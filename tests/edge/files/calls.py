"""Requests about files, to the real application."""

from __future__ import annotations

import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

import jwt

from app import Services
from tests.files import END, MULTIPART, part
from tests.harness import ask

SECRET: Final = "the secret that Better Auth and this server share"
SIGNING: Final = "the secret that two servers of one operator share"
MOST: Final = 2 * 2**20
UPLOAD: Final = "/api/chatkit/upload"


def token(user_id: str = "ada") -> dict[str, str]:
    claims = {"sub": user_id, "exp": int(time.time() + 600)}
    return {"host": "localhost", "authorization": f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"}


Answered = tuple[int, dict[str, str], bytes]


async def upload(services: Services, content: bytes, user_id: str = "ada", **how: str) -> Answered:
    body = part(content, **how) + END  # type: ignore[arg-type] # by name
    return await ask(
        services.router, "POST", UPLOAD, body=body, content_type=MULTIPART, **token(user_id)
    )


async def uploaded(services: Services, content: bytes, **how: str) -> dict[str, Any]:
    status, _, body = await upload(services, content, **how)
    assert status == 200, body
    wire: dict[str, Any] = json.loads(body)
    return wire


def target_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


async def get(services: Services, target: str, **headers: str) -> Answered:
    return await ask(services.router, "GET", target, body=b"", host="localhost", **headers)


async def own(services: Services, wire: dict[str, Any], **headers: str) -> Answered:
    target = f"/api/chatkit/files/{wire['id']}"
    return await ask(services.router, "GET", target, body=b"", **token(), **headers)


def code(body: bytes) -> str:
    return str(json.loads(body)["error"]["code"])
