"""Time zones by their IANA names, and a caller's own.

`ZoneInfo` reads the time zone database of the system or of the `tzdata` package. It is allowed in
this pure room because edge, engine and tools all need it and import no other room in common, and
because the database does not change under a process: the same name always gives the same zone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from chatkit.access.caller import Caller

#: In characters. The longest name of the database has 32.
_LONGEST: Final = 64


def find_zone(name: str) -> tzinfo | None:
    """The zone of that name, whatever the text is; None when there is no such zone."""
    if name == "UTC":  # also where no database is installed
        return UTC
    if len(name) > _LONGEST:
        return None
    try:
        return _load(name)
    # Not found is a KeyError, a name that is no path in the database a ValueError, and a region
    # like America, which is a directory there, can be an OSError.
    except (KeyError, ValueError, OSError):
        return None


@lru_cache(maxsize=1024)  # more than there are zones; ZoneInfo keeps eight
def _load(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def zone_of(caller: Caller) -> tzinfo:
    """The caller's time zone; UTC where the name is of none."""
    return find_zone(caller.time_zone) or UTC


def day_of(caller: Caller, moment: datetime) -> date:
    """The day that a moment, which knows its zone, falls on for the caller."""
    return moment.astimezone(zone_of(caller)).date()
