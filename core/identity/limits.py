"""How much one person may ask for: the Limiter port, and the counting behind sign-ins and codes."""

from __future__ import annotations

import time

from limits import RateLimitItemPerMinute, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from core.config import Settings
from core.errors import Limited
from core.values import Actor, CallerKind


class PersonLimits:
    """Counts calls per person over the last minute. Signalbox's own work is not counted."""

    def __init__(self, settings: Settings) -> None:
        self._count = settings.limits.per_person_per_min
        self._item = RateLimitItemPerMinute(self._count)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, actor: Actor, action: str) -> None:
        """Count one call. Raises Limited above the person's limit."""
        if actor.kind is CallerKind.SYSTEM:
            return
        if not self._window.hit(self._item, actor.person_id):
            resets_at, _ = self._window.get_window_stats(self._item, actor.person_id)
            raise Limited(
                f"{actor.name} asked for more than {self._count} things in a minute.",
                retry_after_s=max(0.0, resets_at - time.time()),
            )


class Attempts:
    """Counts tries under several keys at once (`"10/15 minutes"`); all of them must have room."""

    def __init__(self, limit: str) -> None:
        self._item = parse(limit)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, what: str, *keys: str) -> None:
        """Count one try of `what`. Raises Limited when one of the keys has had too many."""
        full = [key for key in keys if not self._window.hit(self._item, key)]
        if full:
            resets_at = max(self._window.get_window_stats(self._item, key)[0] for key in full)
            raise Limited(f"Too many tries: {what}.", retry_after_s=max(0.0, resets_at - time.time()))

    def forget(self, *keys: str) -> None:
        """Start counting anew, after a success."""
        for key in keys:
            self._window.clear(self._item, key)
