"""What open pages cost: 50 of them on Home while ten things a second change, and while nothing does.

The pages are raw sockets of a program of their own; a figure is CPU time of this process alone, as a
share of one core. What the changes cost without any page open is measured in the same run and taken off.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nicegui.testing.general import nicegui_reset_globals

from core.config import load_settings
from core.observability.memory import give_back
from gui.server import attach, listening
from gui.sessions import SESSION_COOKIE
from tests.benchmarks.table import Row, Table
from tests.fakes.chat import incoming
from tests.fakes.house import House, open_house
from tests.gui import push_client
from tests.gui.visiting import Building

pytestmark = pytest.mark.bench

PAGES = 50
PEOPLE = 5
CHANGES_A_SECOND = 10
QUESTIONS_EVERY = 5
"""Each fifth change is a message from chat and its answer; the others are notes."""
SECONDS = 8.0
AIM_PERCENT = 6.0
UNLIMITED = {"SIGNALBOX_LIMITS__PER_PERSON_PER_MIN": "100000"}


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[tuple[House, str]]:
    async with open_house(home, environ=UNLIMITED) as house:
        with nicegui_reset_globals():
            async with listening(load_settings(str(home), environ={}, port=0)) as (front, bound):
                task = asyncio.get_running_loop().create_task(attach(front, house.app))
                try:
                    yield house, bound.url
                finally:
                    task.cancel()
                    await asyncio.wait([task])


@asynccontextmanager
async def pages(house: House, url: str, count: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program with that many open pages of several people."""
    tokens = []
    for number in range(PEOPLE):
        await house.run("people.add", name=f"Reader {number}", role="operator")
        person = await house.app.identity.person(f"Reader {number}")
        tokens.append(await Building(house, None).token(person.id))  # type: ignore[arg-type]
    cookies = [f"{SESSION_COOKIE}={token}" for token in tokens]
    program = [push_client.__file__, url, str(count), *cookies]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *program, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert (await process.stdout.readline()).strip() == b"ready"
        yield process
    finally:
        process.stdin.close()
        await process.wait()


async def taken(process: asyncio.subprocess.Process) -> tuple[int, int, int]:
    """(messages, bytes, pages still joined) until now."""
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdin.write(b"\n")
    messages, size_bytes, alive = json.loads(await process.stdout.readline())
    return messages, size_bytes, alive


async def change(house: House, seconds: float) -> None:
    """Ten changes a second."""
    began = time.perf_counter()
    for number in range(int(seconds * CHANGES_A_SECOND)):
        if number % QUESTIONS_EVERY:
            await house.run("notes.add", text=f"note {number} of {began}")
        else:
            await house.hear(incoming(f"echo change {number}"))
        await asyncio.sleep(max(0.0, began + (number + 1) / CHANGES_A_SECOND - time.perf_counter()))


async def percent(house: House, *, changing: bool, seconds: float = SECONDS) -> float:
    """The share of one core this process takes."""
    began, cpu = time.perf_counter(), time.process_time()
    await (change(house, seconds) if changing else asyncio.sleep(seconds))
    return (time.process_time() - cpu) / (time.perf_counter() - began) * 100


async def test_fifty_pages_that_follow_ten_changes_a_second_cost_little(tmp_path: Path, table: Table) -> None:
    async with served(tmp_path / "home") as (house, url):
        await percent(house, changing=True, seconds=2)
        give_back()
        alone, still = await percent(house, changing=True), await percent(house, changing=False)
        async with pages(house, url, PAGES) as process:
            await asyncio.sleep(4)
            idle = await percent(house, changing=False)
            quiet = await taken(process)
            busy = await percent(house, changing=True)
            after = await taken(process)
    push, rest = busy - alone, idle - still
    rate = (after[1] - quiet[1]) / SECONDS / PAGES / 1024
    figures = {"alone": alone, "still": still, "idle": idle, "busy": busy, "KB/s each": rate}
    assert after[2] == PAGES
    assert after[0] - quiet[0] > PAGES, "nothing was pushed"
    table.add(
        Row(
            what=f"{PAGES} pages on Home, {CHANGES_A_SECOND} changes a second",
            figure=f"{push:.1f} % of a core, {rate:.1f} KB/s each",
            peer=f"the same changes, no page open: {alone:.1f} %; nothing happens: {rest:.1f} %",
            ratio=alone / push,
            aim=f"≤ {AIM_PERCENT:.0f} % of a core",
            met=push <= AIM_PERCENT,
        )
    )
    assert push <= AIM_PERCENT, figures
