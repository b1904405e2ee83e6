"""Logging: one line per request, as text for people or as JSON for machines."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Literal, NamedTuple


class RequestLine(NamedTuple):
    """The log entry of a request. It has no header, query or body."""

    id: str
    method: str
    path: str
    status: int
    """0 if the client disconnected before the response started."""
    duration_ms: float

    def __str__(self) -> str:
        """The line for people. Control characters in the path are escaped."""
        path = self.path.encode("unicode_escape").decode("ascii")
        return f"{self.method} {path} {self.status or '-'} {self.duration_ms:.1f} ms {self.id}"


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        text = f"{moment} {record.levelname.lower():<7} {record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        line = getattr(record, "request", None)
        if isinstance(line, RequestLine):
            entry |= line._asdict() | {"duration_ms": round(line.duration_ms, 1)}
        else:
            entry["message"] = record.getMessage()
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up_logging(level: str, style: Literal["text", "json"]) -> None:
    """Send all log lines to stderr. Libraries log only warnings and above."""
    handler = logging.StreamHandler()
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
