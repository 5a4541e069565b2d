"""How things are measured here: in turns, by medians, on a machine that others use too."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Mapping
from statistics import median

from core.observability.memory import give_back

Measured = Callable[[], Awaitable[float]]


async def in_turns(rounds: int, **things: Measured) -> dict[str, float]:
    """The median of each thing's figures, taken A B A B …, after one round that is not counted."""
    figures: dict[str, list[float]] = {name: [] for name in things}
    give_back()  # as the real process does once it has started
    for number in range(rounds + 1):
        for name, measure in things.items():
            figure = await measure()
            if number:
                figures[name].append(figure)
        gc.collect()  # between the rounds, so that none pays for another
    return {name: median(values) for name, values in figures.items()}


def ratios(figures: Mapping[str, float], peer: str) -> dict[str, float]:
    """Each figure over the peer's."""
    return {name: value / figures[peer] for name, value in figures.items()}


async def per_second(producers: int, total: int, one: Callable[[int], Awaitable[object]]) -> float:
    """How many calls of `one` a second `producers` tasks get done, each waiting for its own before the next."""
    numbers = iter(range(total))

    async def produce() -> None:
        for number in numbers:
            await one(number)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(producers):
            group.create_task(produce())
    return total / (time.perf_counter() - started)


def percentile(values: list[float], share: float) -> float:
    """The value below which that share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
