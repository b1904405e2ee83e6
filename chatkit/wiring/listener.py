"""The listening socket, bound before the rest of the server starts."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path
from typing import Final

from chatkit.wiring.settings import Settings
from chatkit.wiring.variables import SettingsError

#: Most connections that wait to be accepted; uvicorn's default.
_BACKLOG: Final = 2048


def open_sockets(settings: Settings) -> list[socket.socket] | None:
    """Bind the sockets. None for UDS: uvicorn creates that socket and replaces a stale one.

    Raises SettingsError.
    """
    if settings.uds is None:
        return [listen(settings.host, settings.port)]
    check_socket_path(settings.uds)
    return None


def listen(host: str, port: int) -> socket.socket:
    """Bind to an address. Raises SettingsError with one sentence that names HOST or PORT."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise SettingsError(f"HOST: {host!r} is no address or name of this machine.") from error
    listener = socket.socket(family, kind)
    try:
        if sys.platform != "win32":  # there it would allow two servers on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)  # two sockets may bind one port until one of them listens
    except OSError as error:
        listener.close()
        raise SettingsError(_refusal(error, host, port)) from error
    return listener


def _refusal(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"PORT: {port} is in use: stop the program that has it, or set another PORT."
        case errno.EACCES:
            return f"PORT: {port} is not for an ordinary user: set one above 1023."
        case errno.EADDRNOTAVAIL:
            return f"HOST: {host!r} is no address of this machine."
        case _:
            return f"HOST: {host!r} cannot be listened on: {error.strerror}."


def check_socket_path(path: Path) -> None:
    """Raise SettingsError if no unix socket can be created at `path`."""
    directory = path.absolute().parent
    if not directory.is_dir():
        raise SettingsError(f"UDS: there is no directory {str(directory)!r}.")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise SettingsError(f"UDS: no file can be made in {str(directory)!r}.")
    if path.exists() and not path.is_socket():
        raise SettingsError(f"UDS: {str(path)!r} exists and is no socket.")
