"""Where and as whom a tool server's program runs, and which processes it has left."""

from __future__ import annotations

import ctypes
import logging
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from tools.config import ServerConfig, StdioServer

_log = logging.getLogger(__name__)

#: Accounts for programs, by number alone: the range that systemd gives to services without one.
_FIRST_UID: Final = 61_184
_UIDS: Final = 4_336
#: Variables of ours that a program gets: none of them is a secret.
_INHERITED: Final = ("PATH", "LANG", "LC_ALL", "TZ")
_PR_SET_DUMPABLE: Final = 4  # prctl(2)
_MARK: Final = "CHATKIT_TOOL_SERVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """`uid`: the account, or None for ours. `mark`: in the environment of all its processes."""

    directory: Path | None
    environment: Mapping[str, str]
    uid: int | None
    mark: str


def sandbox_for(server: StdioServer) -> Sandbox:
    """Make the server's directory. Raises OSError."""
    uid = account_of(server)
    mark = f"{_MARK}={secrets.token_hex(16)}"
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    home = os.environ.get("HOME", "/")
    if server.home is not None:
        directory = server.home.resolve()
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        if uid is not None:
            os.chown(directory, uid, uid)
            _let_through(directory.parent)
            _let_through(directory.parent.parent)
            home = str(directory)
    elif uid is not None:
        home = "/"
    name, _, value = mark.partition("=")
    return Sandbox(
        directory=Path(server.cwd) if server.cwd is not None else server.home,
        environment={**inherited, "HOME": home, name: value},
        uid=uid,
        mark=mark,
    )


def account_of(server: StdioServer) -> int | None:
    """The number of the account that the program runs as; None: as ours.

    Only root can choose: then each server has an account of its own, which owns nothing but the
    server's directory, unless the configuration says `"account": "ours"`.
    """
    if os.geteuid() != 0 or server.as_us:
        return None
    return _FIRST_UID + int(sha256(server.name.encode()).hexdigest(), 16) % _UIDS


def protect_ourselves(servers: Iterable[ServerConfig], env_file: Path = Path(".env")) -> None:
    """Keep our secrets from the programs of `servers`, before the first of them starts.

    Programs in accounts of their own cannot read `.env` afterwards. Those in our account, unless it
    is root, cannot read our memory and environment through /proc.
    """
    programs = [server for server in servers if isinstance(server, StdioServer)]
    if any(account_of(program) is not None for program in programs):
        with suppress(FileNotFoundError):
            mode = stat.S_IMODE(env_file.stat().st_mode)
            if mode & stat.S_IRWXO:
                env_file.chmod(mode & ~stat.S_IRWXO)
                _log.warning("the file .env can no longer be read by other accounts")
    elif programs and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def marked_processes(mark: str) -> list[int]:
    """The processes with `mark` in their environment. Empty where there is no /proc."""
    try:
        pids = [int(name) for name in os.listdir("/proc") if re.fullmatch("[0-9]+", name)]
    except OSError:
        return []
    return [pid for pid in pids if pid != os.getpid() and _has_mark(pid, mark.encode())]


def _has_mark(pid: int, mark: bytes) -> bool:
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _let_through(directory: Path) -> None:
    """Let other accounts reach what is below `directory`, but not list it."""
    mode = stat.S_IMODE(directory.stat().st_mode)
    directory.chmod(mode & ~(stat.S_IROTH | stat.S_IWOTH) | stat.S_IXOTH)
