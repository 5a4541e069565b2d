"""A mix of requests at 300 a second against the real server, asked by a program of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from core.config import Settings
from gui.server import listening
from tests.gui import load_client
from tests.gui.api.house import house as open_house

RATE = 300
SECONDS = 5
P95_MS = 50


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
            took = await measured(host, SECONDS)
        p50, p95, p99 = (took[int(len(took) * part)] for part in (0.5, 0.95, 0.99))
        with capsys.disabled():
            print(f"\n{RATE} requests/s: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms")  # noqa: T201
        assert len(took) == RATE * SECONDS
        assert p95 <= P95_MS
