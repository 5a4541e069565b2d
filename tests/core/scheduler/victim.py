"""A scheduler that dies the nth time it reaches a named point: FOLDER POINT N, with the clock at 08:15."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from pathlib import Path

from core import points
from tests.core.scheduler.parts import BEGIN, FakeClock, opened

DIED = 9


async def main(folder: Path, point: str, turns: int) -> None:
    clock = FakeClock(BEGIN)
    clock.forward(minutes=15)
    async with opened(folder, clock=clock) as house:
        reached = itertools.count(1)
        points.watch(lambda name: os._exit(DIED) if name == point and next(reached) == turns else None)
        await house.run_due()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
