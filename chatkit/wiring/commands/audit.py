"""`python app.py audit`: the audit log, oldest first, as lines of text or of JSON."""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from chatkit.access.audit import AuditAction
from chatkit.protocol.times import to_wire
from chatkit.wiring.database import attached_database
from chatkit.wiring.settings import Settings
from store.audit import AuditLog

_AGO: Final = re.compile(r"(?P<count>\d{1,5})(?P<unit>[mhd])", re.ASCII)
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
#: Characters that a terminal could take for commands.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def add_to(commands: Any) -> None:
    """Add the command and its arguments."""
    about = "print the audit log, oldest first"
    parser = commands.add_parser("audit", help=about, description=about)
    parser.add_argument(
        "--since", type=_moment, help="from this time on: 90m, 12h, 7d, or 2026-11-30T08:00Z"
    )
    parser.add_argument("--until", type=_moment, help="before this time")
    parser.add_argument("--user", help="only of the user with this id")
    parser.add_argument("--action", choices=get_args(AuditAction), help="only of this kind")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, to be kept")
    parser.set_defaults(run=_print_log)


async def _print_log(settings: Settings, given: argparse.Namespace) -> int:
    async with attached_database(settings) as database:
        rows = AuditLog(database).read(
            since=given.since, until=given.until, user_id=given.user, action=given.action
        )
        async for row in rows:
            sys.stdout.write((_as_json(row) if given.json else _as_text(row)) + "\n")
    sys.stdout.flush()
    return 0


def _as_json(row: dict[str, Any]) -> str:
    detail = None if row["detail"] is None else json.loads(row["detail"])
    return json.dumps({**row, "at": to_wire(row["at"]), "detail": detail}, ensure_ascii=False)


def _as_text(row: dict[str, Any]) -> str:
    what = " ".join(filter(None, (row["target_kind"], row["target_id"])))
    times = f" ({row['times']} times)" if row["times"] > 1 else ""
    fields = [
        to_wire(row["at"]),
        row["action"] + times,
        row["outcome"],
        f"user={row['user_id'] or '-'}",
        f"from={row['client_ip'] or '-'}",
        f"request={row['request_id'] or '-'}",
        what,
    ]
    return _CONTROL.sub("�", "  ".join(field for field in fields if field))


def _moment(text: str) -> datetime:
    """A time, or how long ago. A time without a zone is in UTC."""
    if ago := _AGO.fullmatch(text):
        return datetime.now(UTC) - timedelta(**{_UNITS[ago["unit"]]: int(ago["count"])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a time nor a duration such as 12h"
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
