"""Which account a program runs as, and what is taken away from it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.config import StdioServer
from tools.sandbox import account_of, protect_ourselves, sandbox_for

PROGRAM = StdioServer(name="notes", command="notes")
OTHER = StdioServer(name="files", command="files")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has other accounts")


@needs_root
def test_each_program_has_an_account_of_its_own_that_stays_the_same() -> None:
    accounts = {account_of(PROGRAM), account_of(OTHER)}
    assert len(accounts) == 2
    assert all(number is not None and 61_184 <= number < 65_520 for number in accounts)
    assert account_of(StdioServer(name="notes", command="x")) == account_of(PROGRAM)
    assert account_of(StdioServer(name="notes", command="x", as_us=True)) is None


@needs_root
def test_programs_of_other_accounts_lose_the_env_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.touch(0o644)
    protect_ourselves([PROGRAM], file)
    assert file.stat().st_mode & 0o777 == 0o640
    protect_ourselves([PROGRAM], tmp_path / "no file")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_programs_of_our_account_cannot_read_our_memory() -> None:
    code = (
        "import ctypes; from tools.config import StdioServer; from tools import sandbox;"
        "ask = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0); before = ask();"
        "sandbox.protect_ourselves([StdioServer(name='a', command='a', as_us=True)]);"
        "print(before, ask())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["1", "0"]


def test_a_program_gets_a_private_directory_and_no_variable_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "s3cret")
    home = tmp_path / "data" / "tools" / "notes"
    sandbox = sandbox_for(StdioServer(name="notes", command="notes", home=home))
    assert "s3cret" not in sandbox.environment.values()
    assert home.stat().st_mode & 0o777 == 0o700
    assert sandbox.directory == home
    if sandbox.uid is not None:
        assert home.stat().st_uid == sandbox.uid
        assert (tmp_path / "data").stat().st_mode & 0o007 == 0o001
