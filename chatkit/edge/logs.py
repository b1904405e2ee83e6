"""Logging: one line per request, as text for people or as JSON for machines.

No entry contains a raw control character, wherever its text came from: it could forge entries, or
change a terminal that shows them. A pipe that nobody reads stops nothing.
"""

from __future__ import annotations

import json
import logging
import os
import re
import select
from collections import deque
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

#: C0 and C1 controls, line and paragraph separators, marks that change the direction of text, and
#: lone surrogates, which no encoding can write.
_CONTROLS: Final = re.compile(
    "[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def _escape(text: str) -> str:
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


class RequestLine(NamedTuple):
    """The log entry of a request. It has no header, query or body."""

    id: str
    method: str
    path: str
    status: int
    """0 if the client disconnected before the response started."""
    duration_ms: float

    def __str__(self) -> str:
        """The line for people."""
        return f"{self.method} {self.path} {self.status or '-'} {self.duration_ms:.1f} ms {self.id}"


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        text = f"{moment} {record.levelname.lower():<7} {_escape(record.getMessage())}"
        if not record.exc_info:
            return text
        # Indented, so that no line of an exception's text can look like an entry.
        lines = self.formatException(record.exc_info).split("\n")
        return "\n    ".join([text, *map(_escape, lines)])


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        line = getattr(record, "request", None)
        if isinstance(line, RequestLine):
            entry |= line._asdict()
            entry |= {"duration_ms": round(line.duration_ms, 1), "path": _escape(line.path)}
        else:
            entry["message"] = _escape(record.getMessage())
        if record.exc_info:
            lines = self.formatException(record.exc_info).split("\n")
            entry["exception"] = "\n".join(map(_escape, lines))
        return json.dumps(entry, ensure_ascii=False)


_STDERR: Final = 2
#: What can be written without blocking to a pipe that is ready, in bytes (pipe(7), PIPE_BUF).
_PIECE: Final = 4096
#: How many entries wait while stderr is not ready; further ones are lost, and counted.
_MAX_WAITING: Final = 10_000


class _StderrHandler(logging.Handler):
    """Writes to stderr when it is ready; the entries of other times wait for the next one."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[bytes] = deque()
        self._lost = 0
        self._poll = select.poll()
        self._poll.register(_STDERR, select.POLLOUT)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            entry = self.format(record)
        except Exception:  # of whoever made the record
            self.handleError(record)
            return
        if self._waiting:
            self.flush()
        if len(self._waiting) < _MAX_WAITING:
            self._waiting.append(f"{entry}\n".encode("utf-8", "backslashreplace"))
        else:
            self._lost += 1
        self.flush()

    def flush(self) -> None:
        """Write what waits, as far as that does not block."""
        waiting = self._waiting
        try:
            while waiting and self._poll.poll(0):
                data = waiting[0]
                written = os.write(_STDERR, data[:_PIECE])
                waiting[0] = data[written:]
                if not waiting[0]:
                    waiting.popleft()
        except OSError:  # closed, or its disk is full: nobody can be told
            waiting.clear()
        if self._lost and not waiting:
            lost, self._lost = self._lost, 0
            fields = {"name": __name__, "levelname": "WARNING", "levelno": logging.WARNING}
            message = f"{lost} log entries are lost: stderr was not read"
            self.emit(logging.makeLogRecord({**fields, "msg": message}))


def set_up_logging(level: str, style: Literal["text", "json"]) -> None:
    """Send all log lines to stderr. Libraries log only warnings and above."""
    handler = _StderrHandler()
    handler.setFormatter(_JsonFormatter() if style == "json" else _TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("chatkit").setLevel(level.upper())
    # asyncpg logs a traceback for each failed connection; our own log line is enough.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").addFilter(_adds_information)


def _adds_information(record: logging.LogRecord) -> bool:
    """Drop uvicorn's line after a failed start: the line before it has the reason."""
    return record.msg != "Application startup failed. Exiting."
