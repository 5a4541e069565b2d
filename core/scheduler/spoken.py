"""Triggers and moments as people say them; `read_words` understands what `spoken` says."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from core.scheduler.cron import LAST_DAY, CronTimes, read_cron
from core.scheduler.triggers import Cron, Every, Trigger, upcoming
from core.scheduler.zones import zone
from core.values import spoken_age

_LONG_DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
_SPANS = ((604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def spoken(trigger: Trigger, timezone: str) -> str:
    """The trigger in words: `weekdays 09:00`, `every 15 minutes`; rare cron expressions as they are."""
    if isinstance(trigger, Cron):
        return _cron(read_cron(trigger.text)) or f"cron {trigger.text}"
    if isinstance(trigger, Every):
        size, unit = next((size, unit) for size, unit in _SPANS if trigger.every_s % size == 0)
        count = trigger.every_s // size
        return f"every {unit}" if count == 1 and size < 86_400 else f"every {count} {unit}{'s' * (count > 1)}"
    return f"on {trigger.at.astimezone(zone(timezone)):%Y-%m-%d %H:%M}"


def _cron(times: CronTimes) -> str:
    if len(times.minutes) != 1 or len(times.hours) != 1 or len(times.months) != 12:
        return ""
    clock = f"{times.hours[0]:02d}:{times.minutes[0]:02d}"
    if times.days_any:
        return f"{_weekdays(times.weekdays)} {clock}"
    if times.weekdays_any and len(times.days) == 1:
        day = next(iter(times.days))
        return f"{_ordinal(day)} of the month {clock}"
    return ""


def _ordinal(day: int) -> str:
    if day in (1, LAST_DAY):
        return "first" if day == 1 else "last"
    ending = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _weekdays(days: frozenset[int]) -> str:
    if len(days) == 7:
        return "daily"
    if days == {1, 2, 3, 4, 5}:
        return "weekdays"
    if days == {0, 6}:
        return "weekends"
    return "every " + ", ".join(_LONG_DAYS[day] for day in sorted(days, key=lambda day: day or 7))


def spoken_moment(at: datetime, timezone: str, now: datetime) -> str:
    """A moment in local time with how far it is: `Mon 23 Nov 2026 09:00 Europe/Berlin (in 2 days)`."""
    far = f"in {spoken_age(at - now)}" if at >= now else f"{spoken_age(now - at)} ago"
    return f"{at.astimezone(zone(timezone)):%a %d %b %Y %H:%M} {timezone} ({far})"


def next_times(trigger: Trigger, timezone: str, now: datetime, count: int = 3) -> tuple[str, ...]:
    """The next times in words and local time."""
    return tuple(spoken_moment(at, timezone, now) for at in islice(upcoming(trigger, now), count))
