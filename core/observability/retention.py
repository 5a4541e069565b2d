"""Forgetting in small slices what is kept for a time only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EVERY_S = 3_600.0
PAUSE_S = 0.05
"""Between two slices, so that people's writes go before."""

Forget = Callable[[str], Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`forget(before)` removes a slice of what is older than that ISO time and says how many went."""

    name: str
    keep: timedelta
    forget: Forget


class Retention:
    """Applies the rules every hour."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple(rules)

    async def run(self) -> None:
        """Forget until cancelled."""
        while True:
            for rule in self._rules:
                await self.apply(rule)
            await asyncio.sleep(EVERY_S)

    async def apply(self, rule: Rule) -> int:
        """Forget everything a rule no longer keeps; how many went."""
        before = (datetime.now(UTC) - rule.keep).isoformat(timespec="microseconds")
        gone = 0
        while count := await rule.forget(before):
            gone += count
            await asyncio.sleep(PAUSE_S)
        return gone
