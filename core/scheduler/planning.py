"""What becomes of slots that came due: a pure decision, the same each time it is asked."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.scheduler.model import ON_TIME, Missed, Schedule
from core.scheduler.triggers import Every, Trigger
from core.values import spoken_age

MOST_ROWS = 100
"""Slots before the newest ones share one skipped row that says how many it stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One slot. reason: why it is skipped, empty when it is to run. covers: how many slots it stands for."""

    due_at: datetime
    reason: str = ""
    covers: int = 1
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every slot from the schedule's next due moment until now, oldest first, and what is due after."""

    slots: tuple[Planned, ...]
    next_due: datetime | None


def plan(schedule: Schedule, now: datetime, late_limit: timedelta) -> Plan:
    """What to do with each slot of a schedule that is due by now."""
    count, newest, following = _due(schedule.trigger, schedule.next_due, now)
    if not newest:
        return Plan(slots=(), next_due=following)
    slots: list[Planned] = []
    older = count - len(newest)
    if older:
        first = schedule.next_due
        slots.append(
            Planned(
                due_at=newest[0],
                covers=older + 1,
                reason=f"{older + 1:,} slots since {first:%Y-%m-%d %H:%M} UTC were missed; too many to run.",
            )
        )
        newest = newest[1:]
    latest = newest[-1] if newest else None
    slots.extend(_decide(schedule.missed, due, latest, now, late_limit) for due in newest)
    return Plan(slots=tuple(slots), next_due=following)


def _due(trigger: Trigger, first: datetime | None, now: datetime) -> tuple[int, list[datetime], datetime | None]:
    """(how many slots are due, the newest of them, the next one that is not)."""
    newest: deque[datetime] = deque(maxlen=MOST_ROWS + 1)
    count, due = 0, first
    if isinstance(trigger, Every) and due is not None:  # a second's interval after a month's stop: no walk
        span = timedelta(seconds=trigger.every_s)
        count = max(0, (now - due) // span - MOST_ROWS)
        due += count * span
    while due is not None and due <= now:
        newest.append(due)
        count += 1
        due = trigger.next_after(due)
    return count, list(newest), due


def _decide(missed: Missed, due: datetime, latest: datetime | None, now: datetime, late_limit: timedelta) -> Planned:
    age = now - due
    if due == latest and age <= ON_TIME:
        return Planned(due_at=due)
    if missed is Missed.ALL:
        return Planned(due_at=due, late=True)
    if due != latest:
        return Planned(due_at=due, reason="The next slot came due before this one could start.")
    if missed is Missed.SKIP:
        return Planned(due_at=due, reason=f"Missed by {spoken_age(age)}; this schedule runs nothing late.")
    if missed is Missed.DEFAULT and age > late_limit:
        limit = spoken_age(late_limit)
        return Planned(due_at=due, reason=f"Missed by {spoken_age(age)}, which is over the limit of {limit}.")
    return Planned(due_at=due, late=True)


def stale(missed: Missed, due: datetime, now: datetime, late_limit: timedelta) -> str:
    """Why a slot that was written down but never started is skipped now; empty when it is run."""
    return _decide(missed, due, due, now, late_limit).reason
