"""Time zones by IANA name, and the current day of a caller.

`ZoneInfo` reads the time zone database of the system or of the `tzdata` package. This pure room
allows that for two reasons. Edge, engine and tools all need it and share no other room. And the
database does not change while a process runs: a name always means the same zone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from chatkit.access.caller import Caller

#: Longest name that is looked up, in characters. The longest in the database has 32.
_MAX_NAME_CHARS: Final = 64


def find_zone(name: str) -> tzinfo | None:
    """The zone with this name. None for any other text; never raises."""
    if name == "UTC":  # works without a time zone database
        return UTC
    if len(name) > _MAX_NAME_CHARS:
        return None
    try:
        return _load(name)
    # Not found is a KeyError, a name that is no path in the database a ValueError, and a region
    # like America, which is a directory there, can be an OSError.
    except (KeyError, ValueError, OSError):
        return None


@lru_cache(maxsize=1024)  # more than all zones; ZoneInfo itself caches eight
def _load(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def zone_of(caller: Caller) -> tzinfo:
    """The caller's time zone; UTC if its name is unknown."""
    return find_zone(caller.time_zone) or UTC


def day_of(caller: Caller, moment: datetime) -> date:
    """The caller's date at `moment`, an aware time."""
    return moment.astimezone(zone_of(caller)).date()
