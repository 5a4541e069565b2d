"""What the scheduler deals in: schedules, their due slots, and both as people see them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from core.scheduler.triggers import Trigger, read
from core.values import Address, Json, stamp

ON_TIME = timedelta(seconds=60)
"""A slot that starts within a minute ran, one that starts after it is late."""


class Missed(StrEnum):
    """What becomes of slots that could not start when they were due."""

    DEFAULT = "default"
    """The newest runs late, once, when it is not over the limit of `schedules.late_run_min`."""
    ONCE = "once"
    """The newest runs late, once, however late."""
    ALL = "all"
    """Every one runs late, at most 100."""
    SKIP = "skip"
    """None runs."""


class Overlap(StrEnum):
    """What becomes of a slot while an earlier one still runs."""

    SKIP = "skip"
    QUEUE = "queue"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What is run, when, as whom, and where the reply goes. paused holds the reason; empty: it is on."""

    id: str
    name: str
    owner: str
    kind: str
    spec: str
    said: str
    timezone: str
    action: str
    arguments: Mapping[str, Json]
    sent_to: str
    address: Address | None
    elsewhere: bool
    missed: Missed
    overlap: Overlap
    paused: str
    created_at: datetime
    next_due: datetime | None
    last_due: datetime | None = None
    last_state: str = ""

    @property
    def trigger(self) -> Trigger:
        """When it is due."""
        return read(self.kind, self.spec, self.timezone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One due slot that is still open: state `due`, or `running` when a dead process had it in hand."""

    schedule: Schedule
    due_at: datetime
    state: str = "due"
    manual: bool = False
    catching_up: bool = False
    """It is run late on purpose: an earlier one that still runs does not skip it."""
    attempts: int = 0

    @property
    def key(self) -> str:
        """The idempotency key of the run: the same for every try of this slot."""
        return run_key(self.schedule.id, self.due_at)

    @property
    def message_id(self) -> str:
        """The id of the message this slot posts, made from its key: a UUIDv7 of the due time."""
        spread = int.from_bytes(hashlib.sha256(self.key.encode()).digest()[:10])
        value = (int(self.due_at.timestamp() * 1000) & (1 << 48) - 1) << 80 | spread
        value = value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
        return str(UUID(int=value))


def run_key(schedule_id: str, due_at: datetime) -> str:
    """`cron:<schedule>:<due, ISO 8601>`."""
    return f"cron:{schedule_id}:{stamp(due_at)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """A schedule as people see it. state: on, paused, done. next_times: in its own time zone, in words."""

    name: str
    when: str
    timezone: str
    action: str
    arguments: Mapping[str, Json]
    to: str
    missed: str
    overlap: str
    state: str
    paused_reason: str
    owner: str
    next_times: tuple[str, ...]
    next_due: datetime | None
    last_due: datetime | None
    last_state: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotView:
    """What became of one due slot: due, running, ran, late, skipped, failed; covers: slots it stands for."""

    due_at: datetime
    state: str
    reason: str
    manual: bool
    covers: int
    started_at: datetime | None
    ended_at: datetime | None
    message_id: str
