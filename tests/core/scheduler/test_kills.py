from __future__ import annotations

import asyncio
import random
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from core.scheduler.model import Missed
from core.scheduler.triggers import Every
from tests.core.scheduler.parts import BEGIN, OPS, opened
from tests.core.scheduler.victim import DIED

ROOT = Path(__file__).parents[3]
POINTS = (
    "slot.planned", "slot.claimed", "slot.started", "slot.ran", "unit.before_commit", "writer.before_commit",
    "writer.after_commit", "unit.after_commit", "slot.ended",
)  # fmt: skip


async def die(folder: Path, point: str, turns: int = 1) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.core.scheduler.victim", str(folder), point, str(turns), cwd=ROOT
    )
    return await process.wait()


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.parametrize("action", ["bell.ring", "bell.hang"])
async def test_a_slot_ends_and_is_posted_once_wherever_the_process_died(tmp_path: Path, action: str) -> None:
    for point in POINTS:
        folder = tmp_path / point
        async with opened(folder) as house:
            await house.put(Every(every_s=900, anchor=BEGIN), action=action)
        assert await die(folder, point) == DIED
        async with opened(folder) as house:
            house.clock.forward(minutes=15, seconds=30)
            await house.run_due()
            await house.run_due()
            slots, posted = await house.history(), await house.posted()
            assert [slot.state for slot in slots] == ["ran"], point
            assert [message.id for message in posted] == [slots[0].message_id], point
            assert posted[0].address.place == OPS


@pytest.mark.fault
@pytest.mark.slow
async def test_many_schedules_killed_again_and_again_lose_and_double_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    choice = random.Random(seed)
    async with opened(tmp_path) as house:
        for number in range(40):
            await house.put(Every(every_s=900, anchor=BEGIN), name=f"bell{number}", missed=Missed.ONCE)
    for _ in range(2):  # a third death in the same slot would fail it
        assert await die(tmp_path, choice.choice(POINTS), choice.randint(1, 12)) in (0, DIED)
    async with opened(tmp_path) as house:
        house.clock.forward(minutes=15)
        house.clock.at += timedelta(seconds=5)
        await house.run_due()
        for number in range(40):
            assert await house.states(f"bell{number}") == ["ran"]
        ids = [message.id for message in await house.posted()]
        assert (len(ids), len(set(ids))) == (40, 40)
