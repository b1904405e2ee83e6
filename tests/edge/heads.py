"""Request heads made by hand, for what judges a request before its body is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chatkit.access.audit import AuditTrail


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """By default a GET by a program on this machine; `fields` are text by lower-case name."""

    method: str = "GET"
    target: bytes = b"/"
    scheme: str = "http"
    client: tuple[str, int] | None = ("127.0.0.1", 50000)
    fields: Mapping[str, str] = field(default_factory=lambda: {"host": "localhost:8000"})
    reply_headers: dict[bytes, bytes] = field(default_factory=dict)
    trail: AuditTrail = field(default_factory=AuditTrail)

    @property
    def headers(self) -> Mapping[bytes, bytes]:
        return {
            name.encode("latin-1"): value.encode("utf-8", "surrogatepass")
            for name, value in self.fields.items()
        }

    def header(self, name: str) -> str | None:
        return self.fields.get(name)

    def expect_body(self, body_hash: bytes) -> None:
        raise NotImplementedError


def head(
    *,
    method: str = "GET",
    scheme: str = "http",
    client: str | None = "127.0.0.1",
    host: str | None = "localhost:8000",
    **fields: str,
) -> Head:
    """`x_real_ip="…"` becomes the header `x-real-ip`."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return Head(
        method=method,
        scheme=scheme,
        client=None if client is None else (client, 50000),
        fields=named if host is None else {"host": host, **named},
    )
