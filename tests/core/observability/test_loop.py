from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from core.observability import Block, LoopMonitor


@asynccontextmanager
async def running(monitor: LoopMonitor) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(monitor.run())
        await until(lambda: monitor.lag.ticks > 2)
        yield
        task.cancel()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def guilty_call() -> None:
    time.sleep(0.25)


async def test_a_block_is_reported_with_the_call_that_caused_it() -> None:
    blocks: list[Block] = []
    monitor = LoopMonitor(tick_s=0.01, block_s=0.05, blocked=blocks.append)
    async with running(monitor):
        guilty_call()
        await until(lambda: monitor.blocks)
    assert len(blocks) == 1
    assert "guilty_call" in blocks[0].stack
    assert blocks[0].late_ms >= 50


async def test_the_worst_tick_of_the_minute_is_shown() -> None:
    monitor = LoopMonitor(tick_s=0.01, blocked=lambda block: None)
    async with running(monitor):
        guilty_call()
        await until(lambda: monitor.blocks)
        assert monitor.lag.max_ms >= 200
        assert monitor.lag.p99_ms <= monitor.lag.max_ms


async def test_a_free_loop_is_not_accused() -> None:
    blocks: list[Block] = []
    monitor = LoopMonitor(tick_s=0.01, block_s=2.0, blocked=blocks.append)
    async with running(monitor):
        await until(lambda: monitor.lag.ticks > 10)
    assert blocks == []
    assert monitor.blocks == 0


def test_before_the_first_tick_there_is_no_lag() -> None:
    lag = LoopMonitor().lag
    assert (lag.p99_ms, lag.max_ms, lag.ticks) == (0.0, 0.0, 0)
