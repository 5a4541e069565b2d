"""A mix of requests at 300 a second against the real server, asked by a program of its own."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import pytest

from core.config import Settings
from gui.server import listening
from tests.gui import load_client
from tests.gui.api.house import house as open_house

RATE = 300
SECONDS = 4
P95_MS = 50
ROUNDS = 4


async def measured(host: str, seconds: float) -> list[float]:
    """The milliseconds each answer took, in order."""
    program = [load_client.__file__, host, str(RATE), str(seconds)]
    process = await asyncio.create_subprocess_exec(sys.executable, *program, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    return sorted(took * 1000 for took in json.loads(said))


@pytest.mark.slow
async def test_95_of_100_answers_come_within_50_ms_at_300_requests_a_second(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_house(tmp_path) as house, listening(Settings(home=tmp_path, port=0)) as (front, bound):
        front.open_api(house.api, house.api.gate.limit)
        async with house.running():
            host = bound.url.removeprefix("http://")
            await measured(host, 0.5)
            best, cpu_ms = float("inf"), 0.0
            for _ in range(ROUNDS):  # what else this machine does can only make it slower
                began = time.process_time()
                took = await measured(host, SECONDS)
                cpu_ms = (time.process_time() - began) * 1000 / len(took)
                p50, p95, p99 = (took[int(len(took) * part)] for part in (0.5, 0.95, 0.99))
                with capsys.disabled():
                    figures = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, {cpu_ms:.2f} ms CPU each"
                    print(f"\n{RATE} requests/s: {figures}")  # noqa: T201
                best = min(best, p95)
                if best <= P95_MS:
                    break
        assert best <= P95_MS
        assert cpu_ms < 3  # of the process: more than that, and 300 a second would need a core of their own
