"""How fast one destination is written to."""

from __future__ import annotations

import time

from core.ports import Rate


class Pace:
    """A token bucket: `burst` at once, then `per_s`."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._at = time.monotonic()
        self._closed_until = 0.0

    def take(self) -> float:
        """Take one token; the seconds to wait before it may be used."""
        at = time.monotonic()
        self._tokens = min(self._rate.burst, self._tokens + (at - self._at) * self._rate.per_s)
        self._at = at
        self._tokens -= 1
        missing = -self._tokens / self._rate.per_s if self._tokens < 0 else 0.0
        return max(missing, self._closed_until - at, 0.0)

    @property
    def free(self) -> bool:
        """Whether the next token may be used at once."""
        at = time.monotonic()
        return self._tokens + (at - self._at) * self._rate.per_s >= 1 and self._closed_until <= at

    def close_for(self, seconds: float) -> None:
        """The other side asked for silence."""
        self._closed_until = max(self._closed_until, time.monotonic() + seconds)
