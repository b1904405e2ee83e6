"""The log: one line for a request, as text for people or as JSON for machines."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Literal, NamedTuple


class RequestLine(NamedTuple):
    """What is logged of a request: never a header, a query or a body."""

    id: str
    method: str
    path: str
    status: int
    """0 when the client left before there was one."""
    duration_ms: float

    def __str__(self) -> str:
        """The line for people. The path is shown with its control characters escaped."""
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
    """Send every log line of the process to stderr; libraries only from warnings on."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonFormatter() if style == "json" else _TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("chatkit").setLevel(level.upper())
    # Its pool tells of a database that is away with a traceback each time; we tell in a sentence.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").addFilter(_tells_more)


def _tells_more(record: logging.LogRecord) -> bool:
    """Without uvicorn's word that a start failed: the line before has said why."""
    return record.msg != "Application startup failed. Exiting."
