"""A short path to the socket directory of PostgreSQL, for any length of the real path.

The address of a unix socket has at most 107 bytes (103 on macOS), and a connection string is split
at commas. Therefore PostgreSQL listens in its own data directory, by the relative name `.`, and
clients use a short alias of that directory. No two data directories share a socket, even if one is
a copy of the other.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Linux only: a symlink to the process's own directory in /proc.
_PROC_SELF = Path("/proc/self")

# The directory of aliases on other systems. Not TMPDIR: on macOS that path alone has 49 bytes.
_LINKS = Path("/tmp")  # noqa: S108 - the names are random and made by symlink(2), which never overwrites


@contextmanager
def short_alias(directory: Path) -> Iterator[str]:
    """An absolute path to `directory` of at most 40 bytes, valid inside the context.

    Other processes of the same user may use it too. The caller holds the lock of DATA_DIR.
    """
    if _PROC_SELF.exists():
        file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # The kernel follows the open file, not its name: a move does no harm, and nothing is
            # left behind by a kill.
            yield f"{_PROC_SELF.resolve()}/fd/{file}"
        finally:
            os.close(file)
    else:
        _remove_stale_links(directory)
        link = _LINKS / f"chatkit-{secrets.token_hex(8)}"
        link.symlink_to(directory)
        try:
            yield str(link)
        finally:
            link.unlink(missing_ok=True)


def _remove_stale_links(directory: Path) -> None:
    """Remove links of killed servers: our links to this directory, and dangling ones.

    The caller holds the lock of the directory. Targets of links are never removed.
    """
    for link in _LINKS.glob("chatkit-*"):
        with suppress(OSError):  # not a link, or another server removed it at the same time
            target = link.readlink()
            ours = link.lstat().st_uid == os.geteuid()
            if ours and (target == directory or not target.exists()):
                link.unlink()
