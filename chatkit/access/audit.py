"""The audit log: who did what to which thing, when, from where, and with what outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

AuditAction = Literal[
    "attachment.delete",
    "data.erase",
    "data.export",
    "data.import",
    "guest.issue",
    "limit.hit",
    "session.open",
    "session.revoke",
    "sign_in.fail",
    "task.delete",
    "thread.delete",
]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done, or tried. `target_id` is no secret; what the caller made up for an
    id is cut to `MAX_ID` letters."""

    action: AuditAction
    target_kind: str | None = None
    target_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Trail:
    """What one request leaves for the audit log: whose it is, and what it did."""

    user_id: str | None = None
    deeds: list[Deed] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A row. `times` is above 1 where a row stands for many alike; `at` is the first of them then.

    `outcome` is `ok` or the code of the error that the caller got.
    """

    at: datetime
    user_id: str | None
    deed: Deed
    client_ip: str | None
    request_id: str | None
    outcome: str
    times: int = 1
