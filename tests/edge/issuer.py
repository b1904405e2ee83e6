"""A sign-in server's key URL: a real HTTP server on loopback that answers what a test tells it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(slots=True)
class Issuer:
    """`requests` counts what came; `hold` keeps answers back until it is set."""

    keys: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """In place of `keys`."""
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[str] = field(default_factory=list)
    url: str = ""
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head.split(b" ", 2)[1].decode())
        async with self._came:
            self._came.notify_all()
        await self.hold.wait()
        body = json.dumps({"keys": self.keys}).encode() if self.body is None else self.body
        fields = {"content-length": str(len(body)), "connection": "close", **self.headers}
        lines = [f"HTTP/1.1 {self.status} x", *(f"{name}: {fields[name]}" for name in fields)]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        writer.close()

    async def wait_for(self, count: int) -> None:
        """Until `count` requests came."""
        async with asyncio.timeout(30), self._came:
            await self._came.wait_for(lambda: len(self.requests) >= count)


@asynccontextmanager
async def open_issuer(*keys: dict[str, Any]) -> AsyncIterator[Issuer]:
    """An issuer that publishes `keys` at `url`."""
    issuer = Issuer(keys=list(keys))
    issuer.hold.set()
    server = await asyncio.start_server(issuer.answer, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/auth/jwks"
    try:
        yield issuer
    finally:
        server.close()


def public_jwk(key: PrivateKey, kid: str | None = None, **more: Any) -> dict[str, Any]:
    """The public half as Better Auth publishes it, without `alg`; `more` overrides."""
    match key:
        case ed25519.Ed25519PrivateKey():
            raw = key.public_key().public_bytes_raw()
            x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
            entry: dict[str, Any] = {"kty": "OKP", "crv": "Ed25519", "x": x}
        case ec.EllipticCurvePrivateKey():
            entry = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case rsa.RSAPrivateKey():
            entry = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
            del entry["key_ops"]
    return entry | ({} if kid is None else {"kid": kid}) | more
