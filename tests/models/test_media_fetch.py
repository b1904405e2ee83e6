from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chatkit.models import media_fetch
from chatkit.models.media_fetch import fetch, is_public, origin_of
from chatkit.models.pure.deltas import ModelFault


@pytest.fixture
async def https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SecureServer]:
    """A server with a certificate for `localhost` that clients of this process trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = tmp_path / "public.pem", tmp_path / "private.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    server = SecureServer()
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    yield server
    listening.close()


class SecureServer:
    def __init__(self) -> None:
        self.port = 0
        self.heads: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbody")
        await writer.drain()
        writer.close()


async def test_a_public_name_is_asked_at_the_address_that_was_checked(
    https: SecureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_fetch, "is_public", lambda _: True)

    body = await fetch(f"https://localhost:{https.port}/1.png", trusted=None, max_bytes=4)

    assert body == b"body"
    (head,) = https.heads
    assert head.startswith("GET /1.png HTTP/1.1\r\n")
    assert f"\r\nhost: localhost:{https.port}\r\n" in head.lower()


async def test_a_certificate_for_another_name_is_refused(
    https: SecureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_fetch, "is_public", lambda _: True)

    with pytest.raises(httpx.ConnectError, match="IP address mismatch"):
        await fetch(f"https://127.0.0.1:{https.port}/1.png", trusted=None, max_bytes=4)
    assert https.heads == []


async def test_a_name_of_the_own_network_is_not_asked(https: SecureServer) -> None:
    with pytest.raises(ModelFault, match="malformed"):
        await fetch(f"https://localhost:{https.port}/1.png", trusted=None, max_bytes=4)
    assert https.heads == []


async def test_a_name_that_nobody_has_is_unavailable() -> None:
    with pytest.raises(ModelFault, match="unavailable"):
        await fetch("https://pictures.invalid/1.png", trusted=None, max_bytes=4)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("64:ff9b::5db8:d822", True),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:a00:1::", False),
        ("64:ff9b::a00:1", False),
    ],
)
def test_an_address_of_the_open_internet_is_told_from_others(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:9000/v1", "http://127.0.0.1:9000"),
        ("https://Api.example/v1", "https://api.example:443"),
        ("https://api.example:443", "https://api.example:443"),
        ("file:///etc/passwd", None),
        ("data:image/png;base64,x", None),
        ("", None),
        (None, None),
    ],
)
def test_the_origin_of_an_address_has_its_port(url: str | None, origin: str | None) -> None:
    assert origin_of(url) == origin
