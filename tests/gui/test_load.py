"""A mix of requests at 300 a second against the real server, asked by a program of its own; none is refused.

How long they take is measured by `make bench`.
"""

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


@pytest.mark.slow
async def test_every_request_of_300_in_a_second_is_answered(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house, listening(Settings(home=tmp_path, port=0)) as (front, bound):
        front.open_api(house.api, house.api.gate.limit)
        async with house.running():
            program = [load_client.__file__, bound.url.removeprefix("http://"), str(RATE), "1", "ann-token"]
            process = await asyncio.create_subprocess_exec(sys.executable, *program, stdout=asyncio.subprocess.PIPE)
            said, _ = await process.communicate()
    assert process.returncode == 0, "an answer was not 200"
    assert len(json.loads(said)) == RATE
