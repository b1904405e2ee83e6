"""Executes one of PostgreSQL's programs as another user; the program ends with its parent.

    python -I -S _postmaster.py PARENT_PID LIFELINE UID GID PROGRAM ARGUMENT…

This is a separate program for two reasons. Its work must happen in the child, after the change of
user (which clears the parent-death signal) and before the program starts. And running Python
between fork and exec of a process with threads can deadlock. It ends with exec, so the program is a
direct child of the server. LIFELINE is the number of an open pipe whose other end the server holds.
UID -1 keeps the user. A failure prints one `FATAL:` line to stderr; the exit code is 1.
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
    """Get SIGINT, PostgreSQL's fast shutdown, when the parent ends for any reason.

    SIGTERM would be the smart shutdown, which waits for the last client to disconnect.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl failed")
        os.close(lifeline)
    else:
        _watch(os.getpid(), lifeline)
    if os.getppid() != parent:  # it ended before the signal was set up
        sys.exit(1)


def _watch(program: int, lifeline: int) -> None:
    """Fork a child that waits for EOF on the lifeline, on systems without prctl."""
    if os.fork() != 0:
        return
    # The watcher must not hold any other file open, such as PostgreSQL's lock or log.
    os.closerange(0, lifeline)
    os.closerange(lifeline + 1, 256)
    while os.getppid() == program:
        if select.select([lifeline], [], [], 0.5)[0]:
            os.kill(program, signal.SIGINT)
            break
    os._exit(0)


def main() -> None:
    """Change the user, arrange to end with the parent, and exec the program."""
    parent, lifeline, uid, gid = (int(value) for value in sys.argv[1:5])
    program = sys.argv[5:]
    try:
        _become(uid, gid)
        _end_with_parent(parent, lifeline)
        os.umask(0o077)
        # Python ignores SIGPIPE, and exec would keep it ignored.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execv(program[0], program)  # noqa: S606 - our own words, no shell
    except OSError as error:
        sys.exit(f"FATAL:  cannot run {program[0]} as user {uid}: {error}")


if __name__ == "__main__":
    main()
