"""One look for several tabs: what a person's pages read at the same moment is read once.

A look is shared only until something happens: every flush of the live feed and everything this person
does themselves makes the next look a new one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui import background_tasks

KEPT_S = 1.0


@dataclass(frozen=True, slots=True)
class _Look:
    task: asyncio.Task[object]
    at: float


class Glances:
    """Looks that are going on or were just done, by who looks and at what."""

    def __init__(self) -> None:
        self._looks: dict[tuple[str, str], _Look] = {}

    def forget(self) -> None:
        """Something happened: share nothing from before."""
        self._looks.clear()

    async def once(self, person_id: str, what: str, look: Callable[[], Awaitable[object]]) -> object:
        """What `look` returns, from another tab of this person where it was just asked for."""
        key = (person_id, what)
        found = self._looks.get(key)
        if found is None or time.monotonic() - found.at > KEPT_S:
            task = background_tasks.create(look(), name="look", handle_exceptions=False)
            found = self._looks[key] = _Look(task, time.monotonic())
        return await asyncio.shield(found.task)
