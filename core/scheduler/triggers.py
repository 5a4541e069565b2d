"""When a schedule is due: three kinds of trigger, each one value that is stored as a short text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from core.errors import InvalidInput
from core.scheduler.cron import read_cron
from core.scheduler.zones import zone
from core.values import moment, stamp

LONGEST_S = 366 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """Times of a wall clock in one time zone."""

    text: str
    timezone: str

    def next_after(self, after: datetime) -> datetime | None:
        """The first due moment later than `after`."""
        return read_cron(self.text).next_after(after, zone(self.timezone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """A fixed span, counted from an anchor: a restart or a late run moves nothing."""

    every_s: int
    anchor: datetime

    def next_after(self, after: datetime) -> datetime | None:
        """The first due moment later than `after`."""
        span = timedelta(seconds=self.every_s)
        turns = max(1, (after - self.anchor) // span + 1)
        try:
            return self.anchor + turns * span
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One moment."""

    at: datetime

    def next_after(self, after: datetime) -> datetime | None:
        """The moment, when it is later than `after`."""
        return self.at if self.at > after else None


Trigger: TypeAlias = Cron | Every | Once


def cron(text: str, timezone: str) -> Cron:
    """A checked cron trigger. Raises InvalidInput."""
    zone(timezone)
    read_cron(text)
    return Cron(text=" ".join(text.split()), timezone=timezone)


def every(every_s: int, anchor: datetime) -> Every:
    """A checked interval from `anchor` on, whole seconds. Raises InvalidInput."""
    if not 1 <= every_s <= LONGEST_S:
        raise InvalidInput(f"Every {every_s} s is not possible.", hint="From 1 s to 366 days.")
    return Every(every_s=every_s, anchor=anchor.astimezone(UTC).replace(microsecond=0))


def write(trigger: Trigger) -> tuple[str, str]:
    """(kind, spec) as stored; `read` gives the same trigger back."""
    if isinstance(trigger, Cron):
        return "cron", trigger.text
    if isinstance(trigger, Every):
        return "interval", f"{trigger.every_s} {stamp(trigger.anchor)}"
    return "once", stamp(trigger.at)


def read(kind: str, spec: str, timezone: str) -> Trigger:
    """The trigger `write` wrote."""
    if kind == "cron":
        return Cron(text=spec, timezone=timezone)
    if kind == "interval":
        every_s, _, anchor = spec.partition(" ")
        return Every(every_s=int(every_s), anchor=moment(anchor))
    return Once(at=moment(spec))


def upcoming(trigger: Trigger, after: datetime) -> Iterator[datetime]:
    """Due moments later than `after`, in order; endless for most triggers."""
    due = trigger.next_after(after)
    while due is not None:
        yield due
        due = trigger.next_after(due)
