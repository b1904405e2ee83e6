"""Becomes one of PostgreSQL's programs, as another user and tied to the life of its parent.

    python -I -S _postmaster.py PARENT_PID LIFELINE UID GID PROGRAM ARGUMENT…

A separate small program, because what it does must happen in the child, after the change of user
(which clears the parent-death signal) and before the program starts, and running Python between
fork and exec of a process with threads can deadlock. It ends by exec, so the program is a direct
child of the server. LIFELINE is the number of an open pipe whose other end the server holds.
UID -1 keeps the user. A failure is one `FATAL:` line on stderr, exit code 1.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _become(uid: int, gid: int) -> None:
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def _end_with_parent(parent: int, lifeline: int) -> None:
    """Arrange for SIGINT, PostgreSQL's fast shutdown, when the parent is gone however it ended.

    SIGTERM would be the smart shutdown, which waits for the last client to leave.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl failed")
        os.close(lifeline)
    else:
        _watch(os.getpid(), lifeline)
    if os.getppid() != parent:  # it died before the signal was asked for
        sys.exit(1)


def _watch(program: int, lifeline: int) -> None:
    """Leave a child behind that waits for the end of the lifeline (there is no prctl here)."""
    if os.fork() != 0:
        return
    # Nothing else may be held open by the watcher: neither PostgreSQL's lock nor its log.
    os.closerange(0, lifeline)
    os.closerange(lifeline + 1, 256)
    while os.getppid() == program:
        if select.select([lifeline], [], [], 0.5)[0]:
            os.kill(program, signal.SIGINT)
            break
    os._exit(0)


def main() -> None:
    """Change the user, tie the life to the parent's, and become the program."""
    parent, lifeline, uid, gid = (int(value) for value in sys.argv[1:5])
    program = sys.argv[5:]
    try:
        _become(uid, gid)
        _end_with_parent(parent, lifeline)
        os.umask(0o077)
        # Python ignores it, and what is ignored stays so across exec.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execv(program[0], program)  # noqa: S606 - our own words, no shell
    except OSError as error:
        sys.exit(f"FATAL:  cannot run {program[0]} as user {uid}: {error}")


if __name__ == "__main__":
    main()
