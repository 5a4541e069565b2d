"""How many requests one address may make without a sign-in."""

from __future__ import annotations

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from core.errors import Limited


class AddressLimit:
    """A moving window of one minute for each canonical address (`gui.api.address`)."""

    def __init__(self, per_min: int) -> None:
        self._item = RateLimitItemPerMinute(per_min)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, address: str) -> None:
        """Count one request. Raises Limited with the time to wait."""
        if self._limiter.hit(self._item, address):
            return
        wait_s = max(1.0, self._limiter.get_window_stats(self._item, address).reset_time - time.time())
        raise Limited(
            f"{self._item.amount} requests a minute are taken from {address} without a sign-in.",
            retry_after_s=wait_s,
        )
