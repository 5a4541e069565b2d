"""The alarm clock: the only use of APScheduler, with its memory store. What is due stands in our tables.

Its own job store on SQLite would write on the event loop for every job that fires, and a restart
forgets what was missed; so it holds one alarm, for the next moment anything is due.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.jobstores.memory import MemoryJobStore  # type: ignore[import-untyped]
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from apscheduler.triggers.date import DateTrigger  # type: ignore[import-untyped]

ALARM = "next slot"


class AlarmClock:
    """Calls `ring` at the moment it is set to, on the loop it was started on."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._clock = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            job_defaults={"misfire_grace_time": None, "coalesce": True},
            timezone=UTC,
        )
        self.at: datetime | None = None

    def start(self) -> None:
        """Begin; call on the loop."""
        self._clock.start()

    def set(self, at: datetime | None) -> None:
        """Ring at `at` (at once when it is over) instead of when it was set to before; None: not at all."""
        if at == self.at:
            return
        self.at = at
        if at is not None:
            self._clock.add_job(self._alarm, DateTrigger(at), id=ALARM, replace_existing=True)
        elif self._clock.get_job(ALARM) is not None:
            self._clock.remove_job(ALARM)

    def stop(self) -> None:
        """End."""
        self._clock.shutdown(wait=False)

    async def _alarm(self) -> None:
        self.at = None
        self._ring()
