"""200 deaths while people write: each message ends with one answer, in order, and each effect happens once.

`SIGNALBOX_FAULT_SEED=123` replays one home; the failing seed is in the message of the failure.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from pathlib import Path

import pytest

from core.storage import connect
from tests.faults.command import Command
from tests.faults.tale import STEP_S, STEPS
from tests.faults.town import Town
from tests.faults.victim import FINISH, VERDICT, Life
from tests.faults.warm import KILLED, Warm

pytestmark = [pytest.mark.fault, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
HOMES, KILLS = 12, 15
COMMAND_HOMES, COMMAND_KILLS = 4, 5
AT_ONCE = 4
"""Towns that live at the same time."""
POINTS = (
    "inbox.before_write", "inbox.after_write", "unit.before_commit", "unit.after_commit", "writer.before_commit",
    "writer.after_commit", "conversation.before_settle", "outbox.before_send", "outbox.after_send",
    "outbox.after_mark", "conversation.before_placeholder", "conversation.after_placeholder",
)  # fmt: skip
SEED = os.environ.get("SIGNALBOX_FAULT_SEED", "")
BEFORE_DEATH_S = 1.6


def test_the_points_of_death_are_in_the_code() -> None:
    named = {
        name
        for path in (ROOT / "core").rglob("*.py")
        for name in re.findall(r'reach\("([\w.]+)"\)', path.read_text("utf-8"))
    }
    assert set(POINTS) <= named


@pytest.mark.timeout(290)
async def test_every_message_has_one_answer_after_180_kills_at_points_and_times(tmp_path: Path) -> None:
    seeds = [int(SEED)] if SEED else [random.randrange(10**6) for _ in range(HOMES)]
    print(f"seeds {seeds}")  # noqa: T201
    waiting = list(seeds)

    async def work() -> None:
        async with Warm() as warm:
            while waiting:
                seed = waiting.pop()
                await killed_home(folder(tmp_path, seed), seed, warm)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(AT_ONCE, len(seeds))):
            group.create_task(work())


def folder(above: Path, seed: int) -> Path:
    made = above / f"home{seed}"
    made.mkdir()
    return made


async def killed_home(home: Path, seed: int, warm: Warm) -> None:
    """One home through its deaths to an end in peace."""
    choice = random.Random(seed)
    async with Town() as town:
        try:
            await begin(home, town, choice, warm)
            for _ in range(KILLS):
                await one_death(home, town, choice, warm)
            await peace(home, town, warm)
        except BaseException as error:
            error.add_note(f"SIGNALBOX_FAULT_SEED={seed} replays it; the log is {home}/process.log")
            raise


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", ["conversation.before_placeholder", "conversation.after_placeholder"])
async def test_a_growing_answer_of_a_dead_process_becomes_the_answer(tmp_path: Path, point: str) -> None:
    async with Town() as town, Warm() as warm:
        await begin(tmp_path, town, random.Random(0), warm)
        life = Life(home=str(tmp_path), environ=town.environ(), point=point, nth=1)
        dying = asyncio.create_task(warm.live(life, 20.0))
        await town.connected()
        for talk in town.talks:
            await town.ask(random.Random(0), talk, ("tale",))
        assert await dying == KILLED
        for _ in range(4):  # each takes up what the one before left, and dies of it
            assert await warm.live(life, 5.0) == KILLED
        await peace(tmp_path, town, warm)


@pytest.mark.timeout(290)
async def test_every_message_has_one_answer_after_20_kills_of_the_real_command(tmp_path: Path) -> None:
    seeds = [int(SEED)] if SEED else [random.randrange(10**6) for _ in range(COMMAND_HOMES)]
    print(f"seeds of the command {seeds}")  # noqa: T201
    async with asyncio.TaskGroup() as group:
        for seed in seeds:
            group.create_task(killed_command(folder(tmp_path, seed), seed))


async def killed_command(home: Path, seed: int) -> None:
    """One home of the real command through `kill -9` again and again."""
    choice = random.Random(seed)
    kinds = ("echo", "note", "ask")
    async with Town() as town, Warm() as warm:
        try:
            await begin(home, town, choice, warm)
            command = Command(home, town.environ())
            for _ in range(COMMAND_KILLS):
                await command.start()
                if choice.random() < 0.7:
                    await town.connected()
                for _ in range(choice.randint(1, 3)):
                    await asyncio.sleep(choice.uniform(0, 0.3))
                    await town.ask(choice, kinds=kinds)
                await asyncio.sleep(choice.uniform(0, 0.5))
                await command.kill()
                await town.disconnected()
            await town.ask(choice, kinds=kinds)
            await command.start()
            await town.settled(90.0)
            assert await command.end() == 0, command.log
            await peace(home, town, warm)
        except BaseException as error:
            error.add_note(f"SIGNALBOX_FAULT_SEED={seed} replays it; the log is {home}/command.log")
            raise


async def begin(home: Path, town: Town, choice: random.Random, warm: Warm) -> None:
    """A first life in which everybody was let in and answered once: from here nothing may be missed."""
    first = asyncio.create_task(warm.live(Life(home=str(home), environ=town.environ(), links=town.links)))
    await town.connected()
    for talk in town.talks:
        await town.ask(choice, talk, ("echo",))
    await town.settled()
    (home / FINISH).touch()
    assert await first == 0
    (home / FINISH).unlink()


async def one_death(home: Path, town: Town, choice: random.Random, warm: Warm) -> None:
    """A life that is ended by SIGKILL, with messages before and after."""
    at_point = choice.random() < 0.75
    life = Life(
        home=str(home), environ=town.environ(), point=choice.choice(POINTS) if at_point else "",
        nth=choice.randint(1, 8),
    )  # fmt: skip
    after_s = BEFORE_DEATH_S if at_point else choice.uniform(0.05, BEFORE_DEATH_S)
    living = asyncio.create_task(warm.live(life, after_s))
    for _ in range(choice.randint(1, 4)):
        await asyncio.wait({living}, timeout=choice.uniform(0, 0.4))
        await town.ask(choice)
    assert await living == KILLED, "it ended by itself"
    for _ in range(choice.choice((0, 0, 1, 2))):
        await town.ask(choice)


async def peace(home: Path, town: Town, warm: Warm) -> None:
    """The last life: everything is answered, then it ends in order with nothing left."""
    last = asyncio.create_task(warm.live(Life(home=str(home), environ=town.environ())))
    try:
        await town.settled()
        await asyncio.wait({last}, timeout=STEP_S * STEPS)  # a second answer would come now
        assert await town.unanswered() == ""
    finally:
        (home / FINISH).touch()
        assert await last == 0
    verdict = json.loads((home / VERDICT).read_text())
    assert verdict["audit"] == []
    assert set(verdict["deliveries"]) == {"sent"}, "nothing waits, failed or was dropped"
    assert noted(home) == sorted(town.notes), "each note is written exactly once"


def noted(home: Path) -> list[str]:
    connection = connect(home / "signalbox.db", readonly=True)
    try:
        rows = connection.execute("SELECT text FROM note WHERE text LIKE 'remember %' ORDER BY text").fetchall()
    finally:
        connection.close()
    return [str(row[0]).removeprefix("remember ") for row in rows]
