"""What went wrong, for reports and Home."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from core.outbox import Outbox
from core.ports import FailureCount
from core.values import Audience


class FailureLog:
    """Implements the port of the same name: deliveries that failed, told only where they were meant to go."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def since(self, since: datetime, audience: Audience) -> tuple[FailureCount, ...]:
        """Failures this audience may know of, the most frequent first."""
        failed = [one for one in await self._outbox.listed("failed", 500) if one.created_at >= since]
        counted = Counter(one.destination for one in failed if audience.may_see((one.destination,)))
        last = {one.destination: one.error for one in reversed(failed)}
        return tuple(
            FailureCount(
                what=f"messages to {destination}", times=times, last_error=last[destination], visibility=(destination,)
            )
            for destination, times in counted.most_common()
        )
