"""Notices that nothing happened for a while: the machine slept, the process was stopped or not running."""

from __future__ import annotations

from datetime import datetime, timedelta

TICK_S = 5.0
GAP = timedelta(seconds=60)
"""Ticks come every 5 s; when one is this much later than it should be, the machine was asleep."""


class WakeWatch:
    """Compares the wall clock between ticks. A clock set back is no sleep."""

    def __init__(self) -> None:
        self._last: datetime | None = None

    def tick(self, at: datetime) -> timedelta | None:
        """The span nothing happened in, when the tick before this one was too long ago; else None."""
        last, self._last = self._last, at
        if last is None or at - last <= GAP + timedelta(seconds=TICK_S):
            return None
        return at - last
