"""Keeps long-running parts running: an error shows, and the part starts again with back-off and a brake."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.errors import AppError, StorageFailed

FIRST_S = 1.0
LONGEST_S = 60.0
CALM_S = 300.0
"""A part that ran this long without an error starts again at once next time."""

Start = Callable[[], Awaitable[None]]
Failed = Callable[[str, str, float], None]
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Part:
    """A long-running part as it is now. error is empty while it runs."""

    name: str
    error: str = ""
    restarts: int = 0
    retry_at: float = 0.0


class Supervisor:
    """Runs parts in one task group; only a failing storage ends the process."""

    def __init__(self, failed: Failed | None = None) -> None:
        self.parts: dict[str, Part] = {}
        self._failed = failed or (lambda part, error, retry_s: None)
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Supervisor:
        self._group = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        group = self._group
        assert group is not None
        for task in self._tasks.values():
            task.cancel()
        self._group = None
        # An error of the body goes on as it is; the group would wrap it. A cancellation may be the group's own
        # (a part's StorageFailed ended it), which only the group can tell.
        own = error if isinstance(error, asyncio.CancelledError) else None
        await group.__aexit__(type(own) if own else None, own, own.__traceback__ if own else None)

    def supervise(self, name: str, start: Start) -> asyncio.Task[None]:
        """Run `start()` until it returns; when it raises, again after a back-off."""
        if self._group is None:
            raise RuntimeError("The supervisor is not open.")
        self.stop(name)
        self.parts[name] = Part(name)
        task = self._tasks[name] = self._group.create_task(self._keep(self.parts[name], start), name=name)
        return task

    def stop(self, name: str) -> None:
        """End a part."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
        self.parts.pop(name, None)

    async def _keep(self, part: Part, start: Start) -> None:
        wait_s = FIRST_S
        while True:
            began = time.monotonic()
            part.error = ""
            try:
                await start()
                return
            except StorageFailed:
                raise
            except Exception as error:  # whatever a part raises must not end the others
                part.error = str(error) if isinstance(error, AppError) else f"{type(error).__name__}: {error}"
                if not isinstance(error, AppError):
                    log.exception("%s failed", part.name)
            wait_s = FIRST_S if time.monotonic() - began > CALM_S else wait_s
            part.restarts += 1
            part.retry_at = time.monotonic() + wait_s
            self._failed(part.name, part.error, wait_s)
            log.warning("%s: %s; starts again in %.0f s", part.name, part.error, wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_S, wait_s * 2)
