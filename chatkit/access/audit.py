"""The audit log: who did what to which object, when, from where, and with which outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

AuditAction = Literal[
    "access.refuse",
    "attachment.delete",
    "data.erase",
    "data.export",
    "data.import",
    "guest.issue",
    "limit.hit",
    "session.open",
    "session.revoke",
    "sign_in.fail",
    "task.change",
    "task.delete",
    "thread.delete",
]


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An action that was done or tried.

    `target_id` is not a secret. An id made up by the caller is cut to `MAX_ID` characters.
    """

    action: AuditAction
    target_kind: str | None = None
    target_id: str | None = None
    outcome: str = "ok"
    """The outcome if the response is no error."""
    detail: str | None = None
    """JSON text: who has changed a task, and its fields before and after."""


@dataclass(slots=True, kw_only=True)
class AuditTrail:
    """The audit events of one request, and the user whose request it is."""

    user_id: str | None = None
    events: list[AuditEvent] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row of the log.

    `outcome` is `ok` or the code of the error in the response. A row may count several equal
    events: `times` is their number, `at` the time of the first.
    """

    at: datetime
    user_id: str | None
    event: AuditEvent
    client_ip: str | None
    request_id: str | None
    outcome: str
    times: int = 1
