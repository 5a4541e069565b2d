"""Cron expressions of five fields, read for one time zone.

minute hour day-of-month month day-of-week, with `*`, lists, ranges, steps and English names; day 0 and 7
are Sunday; `L` is the last day of a month. As in cron, a day fits when either of day-of-month and
day-of-week does, if both are given. With every hour (`*`) the clock's jumps do not matter: the hour that
comes twice is served twice. Otherwise a time of day comes exactly once on each day (see `zones`).
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.errors import InvalidInput
from core.scheduler.zones import moment_of

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
LAST_DAY = 32
"""Stands for `L` among the days of a month."""
SEARCH_DAYS = 366 * 13
"""29 February on a given weekday may be 12 years away (28 around 2100: then it has no next time)."""
HINT = "Five fields: minute hour day month weekday, as in `0 9 * * 1-5`."


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, ("", *MONTHS)),
    _Field("weekday", 0, 7, tuple(DAYS)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CronTimes:
    """A cron expression, read. days_any, weekdays_any: that field was `*`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    days_any: bool
    weekdays_any: bool

    def on(self, day: date) -> bool:
        """Whether the expression has times on that date."""
        if day.month not in self.months:
            return False
        in_month = day.day in self.days or (
            LAST_DAY in self.days and day.day == calendar.monthrange(day.year, day.month)[1]
        )
        in_week = day.isoweekday() % 7 in self.weekdays
        if self.days_any or self.weekdays_any:
            return in_month and in_week
        return in_month or in_week

    def next_after(self, after: datetime, where: ZoneInfo) -> datetime | None:
        """The first moment (UTC) later than `after`; None when there is none within 13 years."""
        return self._by_minutes(after, where) if len(self.hours) == 24 else self._by_days(after, where)

    def _by_days(self, after: datetime, where: ZoneInfo) -> datetime | None:
        shown = after.astimezone(where).replace(tzinfo=None)
        day = shown.date()
        for _ in range(SEARCH_DAYS):
            found = self._first_on(day, shown, after, where) if self.on(day) else None
            if found is not None:
                return found
            day += timedelta(days=1)
        return None

    def _first_on(self, day: date, shown: datetime, after: datetime, where: ZoneInfo) -> datetime | None:
        for hour in self.hours:
            for minute in self.minutes:
                local = datetime.combine(day, time(hour, minute))
                if local <= shown:
                    continue
                found = moment_of(local, where)
                if found is not None and found > after:
                    return found
        return None

    def _by_minutes(self, after: datetime, where: ZoneInfo) -> datetime | None:
        """Every hour is served: walk along real time, and over days that do not fit."""
        at = after.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = after + timedelta(days=SEARCH_DAYS)
        while at < end:
            local = at.astimezone(where)
            if not self.on(local.date()):
                midnight = moment_of(datetime.combine(local.date() + timedelta(days=1), time()), where)
                at = max(at + timedelta(minutes=1), midnight or at + timedelta(hours=12))
            elif local.minute in self.minutes:
                return at
            else:
                at += timedelta(minutes=1)
        return None


@lru_cache(maxsize=4096)
def read_cron(text: str) -> CronTimes:
    """The times of an expression. Raises InvalidInput naming the field that does not fit."""
    parts = text.lower().split()
    if len(parts) != 5:
        raise InvalidInput(f"The cron expression {text!r} has {len(parts)} fields, not five.", hint=HINT)
    minutes, hours, days, months, weekdays = (
        _values(part, field, text) for part, field in zip(parts, _FIELDS, strict=True)
    )
    times = CronTimes(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        days_any=parts[2].startswith("*"),
        weekdays_any=parts[4].startswith("*"),
    )
    if not any(times.on(date(2024, 1, 1) + timedelta(days=n)) for n in range(SEARCH_DAYS)):
        raise InvalidInput(f"The cron expression {text!r} never comes due: there is no such date.", hint=HINT)
    return times


def _values(part: str, field: _Field, text: str) -> frozenset[int]:
    found: set[int] = set()
    for piece in part.split(","):
        if piece == "l" and field.name == "day of the month":
            found.add(LAST_DAY)
            continue
        span, slash, step = piece.partition("/")
        if slash and not (step.isascii() and step.isdigit() and int(step) > 0):
            raise _unfit(piece, field, text)
        low, high = _span(span, field, text, stepped=bool(slash))
        if low > high:
            raise _unfit(piece, field, text)
        found.update(range(low, high + 1, int(step) if slash else 1))
    return frozenset(found)


def _span(span: str, field: _Field, text: str, *, stepped: bool) -> tuple[int, int]:
    if span == "*":
        return field.least, field.most - (field.name == "weekday")
    first, dash, last = span.partition("-")
    low = _number(first, field, text)
    if dash:
        return low, _number(last, field, text)
    return low, field.most if stepped else low


def _number(word: str, field: _Field, text: str) -> int:
    if word in field.names and word:
        return field.names.index(word)
    if word.isascii() and word.isdigit() and field.least <= int(word) <= field.most:
        return int(word)
    raise _unfit(word, field, text)


def _unfit(piece: str, field: _Field, text: str) -> InvalidInput:
    return InvalidInput(
        f"{piece!r} is no {field.name} in the cron expression {text!r}: {field.least} to {field.most}.", hint=HINT
    )
