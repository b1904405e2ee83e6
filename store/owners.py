"""Names of server processes in leases, and whether the process behind a name has ended.

A name is an id, and on Linux also where the process runs: boot id, PID namespace, pid and start
time. Another process of the same boot and namespace can see that it has ended. Elsewhere, only the
end of its lease shows it.
"""

from __future__ import annotations

import os
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def owner_name(process_id: str) -> str:
    """The name of this process. `process_id` is random and new at each start."""
    place, started = _place(), _start_time(os.getpid())
    if place is None or started is None:
        return process_id
    return f"{process_id} {place} {os.getpid()} {started}"


def has_ended(owner: str) -> bool:
    """Whether the process of that name ran on this host and has ended. False if unknown."""
    match owner.split(" "):
        case [_, place, pid, started] if place == _place() and pid.isdecimal():
            return _is_gone(int(pid), started)
        case _:
            return False


def _place() -> str | None:
    """Boot id and PID namespace; None where the system has none."""
    try:
        return f"{_BOOT_ID.read_text(encoding='ascii').strip()}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def _is_gone(pid: int, started: str) -> bool:
    # Not by the absence of /proc/<pid>: a mount option hides other users' processes there.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        pass  # another user's process
    now = _start_time(pid)
    return now is not None and now != started


def _start_time(pid: int) -> str | None:
    """When a process started, in clock ticks since the boot; None if it cannot be read.

    `ended` for a process that has ended and was not reaped yet.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold anything
    return "ended" if fields[0] in "ZX" else fields[19]
