"""The caller's own day and hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from chatkit.access.caller import Caller


def zone_of(who: Caller) -> tzinfo:
    """The caller's time zone; UTC where there is none of the name, or none known here."""
    if who.time_zone == "UTC":
        return UTC
    try:
        return ZoneInfo(who.time_zone)
    except (ValueError, OSError, KeyError):
        return UTC


def day_of(who: Caller, moment: datetime) -> date:
    """The day that a moment, which knows its zone, falls on for the caller."""
    return moment.astimezone(zone_of(who)).date()
