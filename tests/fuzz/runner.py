"""Runs cases against a server process, twenty connections at once, and shortens what fails.

After each case two good requests go over a connection of their own; both must get just the answer
that is theirs. The server's log must stay free of faults.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.acceptance.server import SECRET, ServerProcess
from tests.edge.issuer import open_issuer, public_jwk
from tests.fuzz.bodies import ISSUER_KID, Known
from tests.fuzz.cases import make_case
from tests.fuzz.wire import BOUND_S, Case, Fault, exchange, judge, read_answers

CONNECTIONS: Final = 20
#: After how many cases the ids and credentials that cases name are made anew.
REFRESH_EVERY: Final = 500
_TELL_EVERY: Final = 5000
#: After how many failures it is enough.
MOST_FAILURES: Final = 5
#: How often the head of a failing case is sent again to find a shorter one, and then its body.
_SHORTENINGS: Final = 150

_FAULT_IN_LOG: Final = re.compile(
    r"^Traceback|^\S+ (?:error|critical) |never (?:retrieved|awaited)", re.M
)
_USER: Final = "fuzzed"
_READER: Final = "reader"
_STRANGER: Final = "stranger"
_ISSUER_KEY: Final = Ed25519PrivateKey.generate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A case, as short as it was found to fail, and what the server did wrong."""

    number: int
    case: Case
    what: tuple[Any, ...]

    def __str__(self) -> str:
        case = self.case
        return (
            f"case {self.number} ({case.kind}, {case.ending}, cuts {list(case.cuts)}): "
            f"{' '.join(map(str, self.what))}\n    {case.sent[:4000]!r}"
        )


@dataclass(slots=True, kw_only=True)
class Report:
    """What a run found. Memory is the server's resident set, in MB."""

    tried: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    mb_before: float = 0.0
    mb_after: float = 0.0
    log: str = ""


@asynccontextmanager
async def fuzzed_server(data_dir: Path) -> AsyncIterator[ServerProcess]:
    """The real server on its embedded database and built-in model, with every kind of credential
    switched on and nothing limited."""
    async with (
        open_issuer(public_jwk(_ISSUER_KEY, ISSUER_KID)) as issuer,
        ServerProcess(
            DATA_DIR=str(data_dir),
            LOG_LEVEL="warning",
            BETTER_AUTH_SECRET=SECRET,
            BETTER_AUTH_URL=issuer.url.removesuffix("/jwks"),
            GUESTS="on",
            SIGNING_SECRET=SECRET[::-1],
            ALLOWED_ORIGINS="https://app.example",
            # A turn whose client has left would keep the user's next ones out for seconds.
            ON_DISCONNECT="cancel",
            MAX_SESSIONS="1000000",
            MAX_TASKS="1000000",
            MAX_TEXT_BYTES="10 GiB",
            MAX_STORAGE_BYTES="10 GiB",
        ) as server,
    ):
        yield server


async def fuzz(
    server: ServerProcess,
    *,
    cases: int,
    seed: int,
    warm_up: int = 0,
    tell: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Try `cases` cases, all of them of `seed`; memory before counts from the case `warm_up` on."""
    report = Report()
    run = _Run(server, report, await _known(server))
    report.mb_before = resident_mb(server.pid)
    numbers = iter(range(cases))

    async def work() -> None:
        async with _Witness(server) as witness:
            for number in numbers:
                if number == warm_up:
                    report.mb_before = resident_mb(server.pid)
                if number and number % REFRESH_EVERY == 0:
                    run.known = await _known(server)
                if number and number % _TELL_EVERY == 0:
                    tell(report)
                await run.one(number, make_case(Random(f"{seed}:{number}"), run.known), witness)
                if len(report.failures) >= MOST_FAILURES:
                    return

    async with asyncio.TaskGroup() as group:
        for _ in range(min(CONNECTIONS, cases)):
            group.create_task(work())
    run.check_log()
    report.mb_after = resident_mb(server.pid)
    report.log = server.stderr
    report.failures = [
        await _shortened(run, await run.find_again(failure)) for failure in report.failures
    ]
    return report


class _Run:
    """What the connections of one run share."""

    def __init__(self, server: ServerProcess, report: Report, known: Known) -> None:
        self.server = server
        self.known = known
        self.port = int(server.url.rpartition(":")[2])
        self._report = report
        self._log_size = 0
        self._recent: list[tuple[int, Case]] = []
        self._faults: list[tuple[str, list[tuple[int, Case]]]] = []

    async def one(self, number: int, case: Case, witness: _Witness) -> None:
        """Send a case and a good request; what goes wrong becomes a failure."""
        self._recent = [*self._recent[-2 * CONNECTIONS :], (number, case)]
        self._report.tried[case.kind] += 1
        try:
            for status in await self.try_out(case):
                self._report.statuses[status] += 1
            await witness.check()
        except Fault as fault:
            self._report.failures.append(Failure(number=number, case=case, what=fault.args))
        self.check_log()

    async def try_out(self, case: Case) -> list[int]:
        """The statuses that a case got. Raises Fault."""
        found = await exchange(self.port, case)
        judge(case, found)
        return [answer.status for answer in found.answers]

    def check_log(self) -> None:
        """Whether the server has logged a fault since the last time."""
        fresh = self.fresh_log()
        if _FAULT_IN_LOG.search(fresh) is not None:
            number, case = self._recent[-1]
            self._faults.append((fresh, self._recent))
            # Which case it was is found out when nothing else is on its way.
            what = ("a fault in the log, not found again; it was around this case", fresh[-3000:])
            self._report.failures.append(Failure(number=number, case=case, what=what))

    async def find_again(self, failure: Failure) -> Failure:
        """The case behind a fault in the log, by trying those that were on their way."""
        for fresh, recent in self._faults:
            if failure.what[1:] == (fresh[-3000:],):
                for number, case in reversed(recent):
                    if await self.logs_fault(case):
                        what = ("a fault in the log", fresh[-3000:])
                        return Failure(number=number, case=case, what=what)
        return failure

    async def logs_fault(self, case: Case) -> bool:
        """Whether the server logs a fault when a case is sent again."""
        self.fresh_log()
        with suppress(Fault):
            await self.try_out(case)
        await asyncio.sleep(0.2)  # the log has no sign that nothing more is to come
        return _FAULT_IN_LOG.search(self.fresh_log()) is not None

    def fresh_log(self) -> str:
        """What was written since the last time."""
        log = self.server.stderr
        fresh, self._log_size = log[self._log_size :], len(log)
        return fresh


async def _shortened(run: _Run, failure: Failure) -> Failure:
    """The same fault from less, by leaving out ever smaller pieces."""

    async def still_fails(case: Case) -> bool:
        if failure.what[0] == "a fault in the log":
            return await run.logs_fault(case)
        try:
            await run.try_out(case)
        except Fault as fault:
            return bool(fault.args[0] == failure.what[0])
        return False

    case = failure.case
    if failure.what[0].startswith("no answer and no end"):
        return failure  # each try would take as long again
    if case.cuts and await still_fails(replace(case, cuts=())):
        case = replace(case, cuts=())
    first, *lines = case.head.splitlines(keepends=True)
    if case.ending == "answered" and case.answers == 1:

        def with_lines(kept: list[bytes]) -> Case:
            return replace(case, head=first + b"".join(kept))

        # The line that ends the head has to stay.
        end = [] if case.body is not None else [lines.pop()]
        kept = await _fewest(lines, lambda some: still_fails(with_lines([*some, *end])))
        case = with_lines([*kept, *end])
        if case.body is not None:
            letters = [bytes([byte]) for byte in case.body]
            whole = case
            kept = await _fewest(
                letters, lambda some: still_fails(replace(whole, body=b"".join(some)))
            )
            case = replace(case, body=b"".join(kept))
    elif case.ending == "half-closed" and case.body is None:
        letters = [bytes([byte]) for byte in case.head]
        whole = case
        kept = await _fewest(letters, lambda some: still_fails(replace(whole, head=b"".join(some))))
        case = replace(case, head=b"".join(kept))
    return replace(failure, case=case)


async def _fewest(parts: list[bytes], fails: Callable[[list[bytes]], Any]) -> list[bytes]:
    """Delta debugging (Zeller, 2002) by complements alone, as far as `_SHORTENINGS` tries go."""
    size, place = max(len(parts) // 2, 1), 0
    for _ in range(_SHORTENINGS):
        fewer = parts[:place] + parts[place + size :]
        if await fails(fewer):
            parts = fewer
        else:
            place += size
        if place >= len(parts):
            if size == 1:
                break
            size, place = size // 2, 0
    return parts


class _Witness:
    """A connection of somebody else, whose requests are always good."""

    def __init__(self, server: ServerProcess) -> None:
        self._port = int(server.url.rpartition(":")[2])
        self._token = server.jwt(_READER)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._count = count()
        self._tasks: bytes | None = None

    async def __aenter__(self) -> _Witness:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def check(self) -> None:
        """Health and a read. Raises Fault."""
        try:
            async with asyncio.timeout(BOUND_S):
                if self._streams is not None:
                    try:
                        await self._ask()
                    except ConnectionError:  # it was idle for longer than the server waits
                        self._close()
                    else:
                        return
                await self._ask()
        except (TimeoutError, ConnectionError) as error:
            self._close()
            raise Fault("a good request was not served", repr(error)) from error

    async def _ask(self) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        name = f"good-{id(self)}-{next(self._count)}"
        writer.write(
            f"GET /api/chatkit/health HTTP/1.1\r\nhost: localhost\r\nx-request-id: {name}-a\r\n\r\n"
            f"GET /api/tasks HTTP/1.1\r\nhost: localhost\r\nx-request-id: {name}-b\r\n"
            f"authorization: Bearer {self._token}\r\n\r\n".encode()
        )
        received = b""
        while True:
            data = await reader.read(2**16)
            if not data:
                raise ConnectionResetError
            received += data
            answers, rest = read_answers(received, heads=False)
            if len(answers) == 2 and not rest:
                break
        found = [(answer.status, answer.headers["x-request-id"]) for answer in answers]
        if found != [(200, f"{name}-a"), (200, f"{name}-b")]:
            raise Fault("a good request got another answer", found)
        self._tasks = self._tasks or answers[1].body
        if answers[1].body != self._tasks:
            raise Fault("a good request got another body", answers[1].body[:300])


async def _known(server: ServerProcess) -> Known:
    """Make what cases name: credentials, a thread with items, tasks, sessions."""
    token = server.jwt(_USER, expires_in=36_000)
    claims = {"sub": _USER, "exp": int(time.time()) + 36_000}
    tokens = {
        "jwt": token,
        "key-pair jwt": jwt.encode(claims, _ISSUER_KEY, "EdDSA", {"kid": ISSUER_KID}),
        "guest": await server.guest(),
    }
    sessions = []
    for scope in ("chat", "mcp"):
        answer = await server.post("/api/chatkit/session", token, json={"scope": scope})
        assert answer.status_code == 200, answer.text
        tokens[scope] = answer.json()["client_secret"]
        sessions.append(answer.json()["id"])
    threads, items, tasks = [], [], []
    for owner in (token, token, tokens["guest"], server.jwt(_STRANGER)):
        said = await server.say("Hello", owner)
        threads.append(said.thread_id)
        items += [item["id"] for item in said.done]
        answer = await server.post("/api/tasks", owner, json={"title": "A task"})
        if owner in tokens.values():
            tasks.append(answer.json()["id"])
    return Known(tokens=tokens, threads=threads, items=items, tasks=tasks, sessions=sessions)


def resident_mb(pid: int) -> float:
    """The resident set of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) / 1024
