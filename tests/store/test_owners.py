"""Names of processes in leases: when the end of a process is known, and when it is not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from store.owners import has_ended, owner_name

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")


def name_of_another() -> tuple[subprocess.Popen[bytes], str]:
    """A process that waits for its input to end, and its name."""
    script = (
        "import sys; from store.owners import owner_name;"
        "print(owner_name('trn_2'), flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    return process, process.stdout.readline().decode().strip()


def test_a_process_that_runs_has_not_ended() -> None:
    assert not has_ended(owner_name("trn_1"))
    process, name = name_of_another()
    assert not has_ended(name)
    process.communicate()
    assert has_ended(name)


def test_a_killed_process_has_ended_before_anybody_reaps_it() -> None:
    process, name = name_of_another()
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert has_ended(name)
    process.communicate()
    assert has_ended(name)


def test_a_pid_that_was_given_again_belongs_to_another_process() -> None:
    started = owner_name("trn_1").rpartition(" ")[0]
    assert has_ended(f"{started} 1")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "trn_1",
        "trn_1 another-boot/pid:[1] 999999 1",
        "trn_1 another-boot/pid:[1] -1 1 and more",
    ],
)
def test_of_other_hosts_and_names_nothing_is_known(name: str) -> None:
    assert not has_ended(name)


def test_of_a_name_that_was_cut_nothing_is_known() -> None:
    assert not has_ended(owner_name("trn_1").rpartition(" ")[0])
