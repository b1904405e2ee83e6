"""Parses the configuration of additional MCP servers: the common `{"mcpServers": {…}}` JSON."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Which tools of a server are offered: patterns of their names, with `*` and `?`."""

    allow: tuple[str, ...] = ("*",)
    deny: tuple[str, ...] = ()

    def has(self, tool: str) -> bool:
        """Whether the tool is offered. `deny` wins."""
        return any(fnmatchcase(tool, each) for each in self.allow) and not any(
            fnmatchcase(tool, each) for each in self.deny
        )


_ALL: Final = Offered()


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioServer:
    """A server program to run; `env` is added to a minimal environment.

    `home` is a directory that is made for it, and `cwd` the working directory if it is another one.
    `as_us`: it runs in our account, even if that is root.
    """

    name: str
    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    home: Path | None = None
    as_us: bool = False
    offers: Offered = _ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpServer:
    """A streamable HTTP endpoint; every request has the `headers`."""

    name: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    offers: Offered = _ALL


#: The repr leaves out every field that may contain a secret: arguments, environment, URL, headers.
ServerConfig = StdioServer | HttpServer

_log = logging.getLogger(__name__)

_STDIO_TYPES: Final = (None, "stdio")
_HTTP_TYPES: Final = (None, "http", "streamable-http", "streamableHttp", "streamable_http")
_SERVER_NAME: Final = re.compile(r"\w[\w .@/-]{0,63}")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, token
_KEYS: Final = frozenset({"type", "disabled", "allow", "deny"})
_STDIO_KEYS: Final = _KEYS | {"command", "args", "env", "cwd", "account"}
_HTTP_KEYS: Final = _KEYS | {"url", "headers"}
_ENV_NAME: Final = re.compile(r"[^=\0]+")


def read_mcp_servers(given: str) -> tuple[ServerConfig, ...]:
    """Parse JSON text, or the file whose path is `given`. Raises the errors of
    `parse_mcp_servers`."""
    if not given.startswith("{"):
        try:
            given = Path(given).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(
                "MCP_SERVERS must be JSON or the path of a readable file of it."
            ) from error
    return parse_mcp_servers(given)


def parse_mcp_servers(text: str) -> tuple[ServerConfig, ...]:
    """Parse the servers, in the order of the text. Servers with `disabled: true` are left out.

    Unknown keys, which other clients may use, are ignored and logged. Raises ValueError with
    one sentence that names the server or key and never quotes a value: it may be a secret.
    """
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"MCP_SERVERS: is not JSON{where}") from error
    servers = whole.get("mcpServers") if isinstance(whole, dict) else None
    if not isinstance(servers, dict):
        raise _fault("", 'must be an object like {"mcpServers": {"name": {"command": "…"}}}')
    return tuple(
        _server(name, entry)
        for name, entry in servers.items()
        if not (isinstance(entry, dict) and entry.get("disabled") is True)
    )


def _server(name: str, entry: object) -> ServerConfig:
    if not _SERVER_NAME.fullmatch(name):
        raise _fault("mcpServers", "holds a name that is not of letters, digits, spaces, . _ - / @")
    place = f"mcpServers.{name}"
    if not isinstance(entry, dict):
        raise _fault(place, "must be an object")
    if ("command" in entry) == ("url" in entry):
        raise _fault(place, "must have either a command or a url")
    kind = entry.get("type")
    if kind not in (_STDIO_TYPES if "command" in entry else _HTTP_TYPES):
        raise _fault(f"{place}.type", "must be stdio with a command, or http with a url")
    offers = Offered(
        allow=_texts(f"{place}.allow", entry.get("allow", ["*"])),
        deny=_texts(f"{place}.deny", entry.get("deny", [])),
    )
    unknown = sorted(entry.keys() - (_STDIO_KEYS if "command" in entry else _HTTP_KEYS))
    for key in unknown[:20]:
        _log.warning("MCP_SERVERS: %s.%s is not known here, and ignored", place, ascii(key[:80]))
    if "command" in entry:
        if entry.get("account", "own") not in ("own", "ours"):
            raise _fault(f"{place}.account", 'must be "own" or "ours"')
        return StdioServer(
            name=name,
            command=_text(f"{place}.command", entry["command"]),
            args=_texts(f"{place}.args", entry.get("args", [])),
            env=_map(f"{place}.env", entry.get("env", {}), names=_ENV_NAME),
            cwd=_text(f"{place}.cwd", entry["cwd"]) if "cwd" in entry else None,
            as_us=entry.get("account") == "ours",
            offers=offers,
        )
    return HttpServer(
        name=name,
        url=_url(f"{place}.url", entry["url"]),
        headers=_headers(f"{place}.headers", entry.get("headers", {})),
        offers=offers,
    )


def _text(place: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise _fault(place, "must be a string that is not empty")
    return value


def _texts(place: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
        isinstance(each, str) and "\0" not in each for each in value
    ):
        raise _fault(place, "must be a list of strings")
    return tuple(value)


def _map(place: str, value: Any, *, names: re.Pattern[str]) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _fault(place, "must be an object of strings")
    for name, each in value.items():
        if not names.fullmatch(name):
            raise _fault(place, "holds a name that is not allowed there")
        if not isinstance(each, str) or "\0" in each:
            raise _fault(f"{place}.{name}", "must be a string")
    return dict(value)


def _headers(place: str, value: object) -> dict[str, str]:
    headers = _map(place, value, names=_HEADER_NAME)
    for name, each in headers.items():
        if not each.isascii() or not each.isprintable():
            raise _fault(f"{place}.{name}", "must be printable ASCII on one line")
    return headers


def _url(place: str, value: object) -> str:
    url = _text(place, value).strip()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise _fault(place, "must be an http or https URL")
    return url


def _fault(place: str, message: str) -> ValueError:
    return ValueError(f"MCP_SERVERS: {place} {message}" if place else f"MCP_SERVERS: {message}")
