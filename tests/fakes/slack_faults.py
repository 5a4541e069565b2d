"""Faults to order: failing methods, and Slack's posting limit of one message a second and channel."""

import time
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

FaultKind = Literal["429", "500", "drop_before", "drop_after", "timeout", "timeout_after", "error"]


@dataclass(slots=True, kw_only=True)
class Fault:
    """What happens to the next `times` calls of `method` (`*` is any)."""

    method: str
    times: int
    kind: FaultKind
    retry_after_s: int = 1
    error: str = "internal_error"

    @property
    def performs(self) -> bool:
        """Whether the call has its effect although the app gets no answer."""
        return self.kind in ("drop_after", "timeout_after")


class Faults:
    """Ordered faults, the oldest matching one first."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._ordered.append(fault)

    def clear(self) -> None:
        self._ordered.clear()

    def take(self, method: str) -> Fault | None:
        """The fault this call meets, counted down."""
        for fault in self._ordered:
            if fault.method in (method, "*"):
                fault.times -= 1
                if fault.times <= 0:
                    self._ordered.remove(fault)
                return fault
        return None


@dataclass(slots=True, kw_only=True)
class PostingLimit:
    """A token bucket per channel; off unless `enforced`."""

    enforced: bool = False
    per_s: float = 1.0
    burst: int = 4
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait_s(self, channel_id: str) -> int:
        """0 when a message may go now (and takes its place), else whole seconds for Retry-After."""
        if not self.enforced:
            return 0
        now = time.monotonic()
        left, at = self._buckets.get(channel_id, (float(self.burst), now))
        left = min(float(self.burst), left + (now - at) * self.per_s)
        if left < 1:
            self._buckets[channel_id] = (left, now)
            return max(1, ceil((1 - left) / self.per_s))
        self._buckets[channel_id] = (left - 1, now)
        return 0
