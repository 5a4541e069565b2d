"""Keeps the bot from hammering Discord: a budget of sessions a day, and a brake on reconnecting."""

from __future__ import annotations

import asyncio
import time
from collections import deque

from core.errors import Unavailable

DAY_S = 86_400.0
IDENTIFIES_A_DAY = 500
"""Discord allows 1,000 and resets the bot's token beyond; half of it is left for other processes."""
GAP_S = 5.0
STORM, STORM_S = 10, 60.0
"""So many disconnections in so many seconds are a storm: the connection rests."""


class IdentifyBudget:
    """Counts the sessions begun (IDENTIFY) in the last day; resuming one is free."""

    def __init__(self, *, gap_s: float = GAP_S, a_day: int = IDENTIFIES_A_DAY) -> None:
        self._gap_s, self._a_day = gap_s, a_day
        self._begun: deque[float] = deque()

    @property
    def left(self) -> int:
        """How many sessions may still be begun today."""
        horizon = time.monotonic() - DAY_S
        while self._begun and self._begun[0] < horizon:
            self._begun.popleft()
        return self._a_day - len(self._begun)

    async def take(self) -> None:
        """Wait until a session may be begun. Raises Unavailable when today's are used up."""
        if self.left <= 0:
            wait_s = self._begun[0] + DAY_S - time.monotonic()
            raise Unavailable(
                f"{self._a_day} sessions were begun in 24 hours; Discord resets the token at 1,000.",
                hint="Something ends the connection again and again; mend that and restart, or wait.",
                retry_after_s=wait_s,
            )
        at = time.monotonic()
        last = self._begun[-1] if self._begun else at - self._gap_s
        wait_s = max(0.0, last + self._gap_s - at)
        self._begun.append(at + wait_s)
        await asyncio.sleep(wait_s)


class Brake:
    """Notices when a connection breaks again and again."""

    def __init__(self, *, storm: int = STORM, storm_s: float = STORM_S) -> None:
        self._storm, self._storm_s = storm, storm_s
        self._lost: deque[float] = deque(maxlen=storm)
        self.stopped = asyncio.Event()
        """Set once the brake is pulled."""

    def lost(self) -> None:
        """The connection broke."""
        self._lost.append(time.monotonic())
        if self.pulled:
            self.stopped.set()

    @property
    def pulled(self) -> bool:
        """Whether it broke too often in too short a time."""
        return len(self._lost) == self._storm and time.monotonic() - self._lost[0] < self._storm_s

    def release(self) -> None:
        """Forget what was: it rested."""
        self._lost.clear()
        self.stopped.clear()
