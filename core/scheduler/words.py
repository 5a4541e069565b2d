"""Times in plain words, read: `weekdays 09:00`, `every monday 14:30`, `in 20 minutes`.

Words become one of the three triggers, nothing of their own is stored but how they were said.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from core.errors import InvalidInput
from core.scheduler import triggers
from core.scheduler.cron import DAYS
from core.scheduler.triggers import Once, Trigger
from core.scheduler.zones import moment_of, zone

HINT = (
    "Try `weekdays 09:00`, `every monday 14:30`, `daily 8:00`, `first of the month 10:00`, "
    "`every 15 minutes`, `in 20 minutes` or `tomorrow 9:00`."
)
_UNITS = {"second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "m": 60, "hour": 3600, "h": 3600,
          "day": 86_400, "d": 86_400, "week": 604_800}  # fmt: skip
_UNIT = r"(seconds?|secs?|s|minutes?|mins?|m|hours?|h|days?|d|weeks?)"
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?")
_ORDINALS = {"first": 1, "second": 2, "third": 3, "last": 0}
_LONG_DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
_SETS = {"daily": "*", "every day": "*", "weekdays": "1-5", "every weekday": "1-5", "weekends": "0,6",
         "every weekend": "0,6"}  # fmt: skip

_Reader = Callable[[re.Match[str], str, datetime], Trigger]


def read_words(text: str, timezone: str, now: datetime) -> Trigger:
    """The trigger these words mean, said now in that time zone. Raises InvalidInput with examples."""
    said = re.sub(r"\s+", " ", text.strip().lower()).removesuffix(".")
    for pattern, reader in _PATTERNS:
        match = pattern.fullmatch(said)
        if match is not None:
            return reader(match, timezone, now)
    raise InvalidInput(f"The time {text!r} is not understood.", hint=HINT)


def read_clock(text: str) -> time:
    """A time of day: `9:00`, `09.00`, `9am`, `9:30 pm`, `noon`, `midnight`. Raises InvalidInput."""
    said = text.strip().lower().removeprefix("at ").strip()
    if said in ("noon", "midnight"):
        return time(12 if said == "noon" else 0)
    match = _CLOCK.fullmatch(said)
    if match is None or not (match[2] or match[3]):
        raise InvalidInput(f"{text.strip()!r} is no time of day.", hint="Write it like `09:00` or `9 am`.")
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if half:
        if not 1 <= hour <= 12:
            raise InvalidInput(f"{text.strip()!r} is no time of day.", hint="Write it like `9 am` or `21:00`.")
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59:
        raise InvalidInput(f"{text.strip()!r} is no time of day.", hint="From `00:00` to `23:59`.")
    return time(hour, minute)


def read_moment(text: str, timezone: str) -> datetime:
    """The moment `2026-12-24 18:00` means there; with an offset or `Z` it means itself. Raises InvalidInput."""
    try:
        found = datetime.fromisoformat(text.strip().upper())
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no date and time.", hint="Write it like `2026-12-24 18:00`.") from error
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    return _at(found, timezone)


def _at(local: datetime, timezone: str) -> datetime:
    found = moment_of(local, zone(timezone))
    if found is None:
        raise InvalidInput(f"There is no {local.date()} in {timezone}: clocks there left that day out.")
    return found


def _span_s(count: str, unit: str) -> int:
    name = unit if unit in _UNITS else unit.removesuffix("s")
    return int(count or 1) * _UNITS[name]


def _now(match: re.Match[str], timezone: str, now: datetime) -> Trigger:
    return Once(at=now)


def _in(match: re.Match[str], timezone: str, now: datetime) -> Trigger:
    wait_s = _span_s("1" if match[1] in ("a", "an") else match[1], match[2])
    return Once(at=triggers.every(wait_s, now).anchor + timedelta(seconds=wait_s))


def _every(match: re.Match[str], timezone: str, now: datetime) -> Trigger:
    if not match[1] and match[2] in ("day", "week"):
        raise InvalidInput(f"`every {match[2]}` does not say at what time.", hint=HINT)
    return triggers.every(_span_s(match[1] or "1", match[2]), now)


def _sets(match: re.Match[str], timezone: str, now: datetime) -> Trigger:
    return _cron(read_clock(match[2]), "*", _SETS[match[1]], timezone)


def _weekdays(match: re.Match[str], timezone: str, now: datetime) -> Trigger:
    days = sorted({_weekday(word) for word in re.split(r",\s*and |,\s*| and |\s+", match[1]) if word})
    return _cron(read_clock(match[2]), "*", ",".join(map(str, days)), timezone)


def _weekday(word: str) -> int:
    name = word.removesuffix("s") if word not in DAYS else word
    for names in (_LONG_DAYS, DAYS):
        if name in names:
            return names.index(name)
    raise InvalidInput(f"{word!r} is no weekday.", hint=HINT)


def _monthly(match: re.Match[str], timezone: str, now: datetime) -> Trigger:
    word = match[1]
    day = _ORDINALS[word] if word in _ORDINALS else int(re.sub(r"\D", "", word))
    if not 0 <= day <= 31 or (day == 0 and word != "last"):
        raise InvalidInput(f"No month has a day {day}.", hint=HINT)
    return _cron(read_clock(match[2]), str(day) if day else "L", "*", timezone)


def _cron(at: time, day: str, weekdays: str, timezone: str) -> Trigger:
    return triggers.cron(f"{at.minute} {at.hour} {day} * {weekdays}", timezone)


def _near_day(match: re.Match[str], timezone: str, now: datetime) -> Trigger:
    today = now.astimezone(zone(timezone)).date()
    day = today + timedelta(days=match[1] == "tomorrow")
    return _once(day, read_clock(match[2]), timezone, now)


def _date(match: re.Match[str], timezone: str, now: datetime) -> Trigger:
    try:
        day = date.fromisoformat(match[1])
    except ValueError as error:
        raise InvalidInput(f"There is no date {match[1]}.", hint="Write it like `2026-12-24 18:00`.") from error
    return _once(day, read_clock(match[2]), timezone, now)


def _once(day: date, clock: time, timezone: str, now: datetime) -> Trigger:
    at = _at(datetime.combine(day, clock), timezone)
    if at <= now:
        raise InvalidInput(f"{day} {clock:%H:%M} in {timezone} is over.", hint="Give a time that is still to come.")
    return Once(at=at)


_PATTERNS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (re.compile(r"now"), _now),
    (re.compile(rf"in (\d{{1,6}}|an?) ?{_UNIT}"), _in),
    (re.compile(rf"every (?:(\d{{1,8}}) ?)?{_UNIT}"), _every),
    (re.compile(r"(daily|weekdays|every weekday|every day|weekends|every weekend),? (.+)"), _sets),
    (re.compile(r"(?:the |every )?(first|second|third|last|\d{1,2}(?:st|nd|rd|th))(?: day)?"
                r" of (?:the|every|each) month,? (.+)"), _monthly),
    (re.compile(r"(today|tomorrow),? (.+)"), _near_day),
    (re.compile(r"(?:on )?(\d{4}-\d{2}-\d{2}),? (.+)"), _date),
    (re.compile(r"(?:every |on )?((?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*(?:, ?and | and |, ?| )?)+)"
                r"(?<=[ a-z,])((?:at )?(?:\d.*|noon|midnight))"), _weekdays),
)  # fmt: skip
