"""Local clock times to moments: what a wall clock that jumps twice a year does to a schedule.

A time that does not exist (the clock sprang over it) becomes the first moment after the jump. A time
that comes twice means the first one. A date that never was (Samoa, 30 December 2011) has no moment.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from core.errors import InvalidInput

_LAST = time(23, 59, 59)


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The time zone with that IANA name. Raises InvalidInput with the nearest names."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        near = get_close_matches(name, available_timezones(), n=3, cutoff=0.5)
        hint = f"Nearest: {', '.join(near)}." if near else "Write it like `Europe/Berlin`."
        raise InvalidInput(f"There is no time zone {name!r}.", hint=hint) from error


def moment_of(local: datetime, where: ZoneInfo) -> datetime | None:
    """The moment (UTC) when clocks there first show the naive time `local`, or the first moment after
    the jump over it; None on a date that never was.
    """
    found = local.replace(tzinfo=where, fold=0).astimezone(UTC)
    if found.astimezone(where).replace(tzinfo=None) == local:
        return found
    return _end_of_gap(local, where) if _date_exists(local.date(), where) else None


def _shows(local: datetime, where: ZoneInfo) -> bool:
    aware = local.replace(tzinfo=where)
    return aware.astimezone(UTC).astimezone(where).replace(tzinfo=None) == local


def _date_exists(day: date, where: ZoneInfo) -> bool:
    return _shows(datetime.combine(day, time()), where) or _shows(datetime.combine(day, _LAST), where)


def _end_of_gap(local: datetime, where: ZoneInfo) -> datetime:
    """The jump lies between what the two offsets around it make of the time (PEP 495)."""
    early = local.replace(tzinfo=where, fold=1).astimezone(UTC)
    late = local.replace(tzinfo=where, fold=0).astimezone(UTC)
    before = early.astimezone(where).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(where).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late
