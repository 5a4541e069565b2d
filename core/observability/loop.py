"""How late the event loop is, and what blocked it.

A tick every 50 ms says how late it came. A thread looks after the ticks: when one is overdue by more
than the limit, it takes the stack of the loop's thread at that moment, while the guilty call still runs.
"""

from __future__ import annotations

import asyncio
import logging
import selectors
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

TICK_S = 0.05
BLOCK_S = 0.05
"""A tick this late means that something kept the loop from everybody else."""
WINDOW_S = 60.0
REST_S = 1.0
"""At most one stack is taken in this time, so that a slow minute does not fill the log."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One time the loop was kept busy. stack: the innermost frames last, as a traceback prints them."""

    late_ms: float
    stack: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """The lateness of the ticks of the last minute; `ticks` 0 when there were none yet."""

    p99_ms: float
    max_ms: float
    ticks: int


Blocked = Callable[[Block], None]


class LoopMonitor:
    """Measures the loop it runs in. `run` until cancelled; read `lag` at any time."""

    def __init__(self, *, tick_s: float = TICK_S, block_s: float = BLOCK_S, blocked: Blocked | None = None) -> None:
        self._tick_s, self._block_s = tick_s, block_s
        self._blocked = blocked or _log_block
        self._late: deque[tuple[float, float]] = deque(maxlen=int(WINDOW_S / tick_s))
        self._due = 0.0
        self._ended = threading.Event()
        self.blocks = 0
        """Ticks that were late by more than the limit, since the start."""

    @property
    def lag(self) -> Lag:
        """p99 and the worst of the last minute."""
        since = time.monotonic() - WINDOW_S
        late = sorted(late for at, late in self._late if at >= since)
        if not late:
            return Lag(p99_ms=0.0, max_ms=0.0, ticks=0)
        p99 = late[min(len(late) - 1, int(len(late) * 0.99))]
        return Lag(p99_ms=round(p99 * 1000, 2), max_ms=round(late[-1] * 1000, 2), ticks=len(late))

    async def run(self) -> None:
        """Tick until cancelled."""
        self._ended.clear()
        self._due = time.monotonic() + self._tick_s
        watcher = threading.Thread(target=self._watch, args=(threading.get_ident(),), name="loop watcher", daemon=True)
        watcher.start()
        try:
            while True:
                await asyncio.sleep(max(0.0, self._due - time.monotonic()))
                at = time.monotonic()
                late = max(0.0, at - self._due)
                self._late.append((at, late))
                self.blocks += late > self._block_s
                self._due = at + self._tick_s
        finally:
            self._due = 0.0
            self._ended.set()

    def _watch(self, loop_thread: int) -> None:
        """Sleep until a tick is overdue; runs in its own thread."""
        while not self._ended.wait(max(0.0, self._due + self._block_s - time.monotonic())):
            due = self._due
            late = time.monotonic() - due
            if not due or late < self._block_s:
                continue
            stack = _stack_of(loop_thread)
            if stack:
                self._blocked(Block(late_ms=round(late * 1000, 1), stack=stack))
            self._ended.wait(REST_S)


def _stack_of(thread: int) -> str:
    """The innermost frames of a thread; empty when it waits for input, held up by other programs alone."""
    frame = sys._current_frames().get(thread)
    if frame is None or frame.f_code.co_filename == selectors.__file__:
        return ""
    return "".join(traceback.format_stack(frame, limit=12))


def _log_block(block: Block) -> None:
    log.warning("the loop was kept busy for over %.0f ms by:\n%s", block.late_ms, block.stack)
