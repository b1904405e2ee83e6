"""What keeps a server from listening is said in one sentence that names the variable."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from chatkit.wiring.listener import check_socket_path, listen
from chatkit.wiring.variables import SettingsError


def test_a_port_that_is_free_is_bound() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert listener.getsockname()[1] > 0


def test_a_port_that_is_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError) as refused:
            listen("127.0.0.1", port)
    assert str(refused.value) == (
        f"PORT: {port} is in use: stop the program that has it, or set another PORT."
    )


@pytest.mark.parametrize("host", ["999.1.1.1", "192.0.2.1", "no such host", "a" * 70])
def test_a_host_that_is_not_here_is_named(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^HOST: "):
        listen(host, 0)


def test_a_unix_socket_wants_a_directory_and_takes_no_files_place(tmp_path: Path) -> None:
    check_socket_path(tmp_path / "chatkit.sock")
    with pytest.raises(SettingsError, match=r"^UDS: there is no directory"):
        check_socket_path(tmp_path / "none" / "chatkit.sock")
    file = tmp_path / "file"
    file.write_text("kept")
    with pytest.raises(SettingsError, match="is no socket"):
        check_socket_path(file)
