from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.house import House, open_house
from tests.gui.visiting import Building, open_building


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "home") as house:
        yield house


@pytest.fixture
async def building(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Building]:
    """The control room of a whole App, without a browser."""
    monkeypatch.setenv("NICEGUI_USER_SIMULATION", "true")
    async with open_building(house) as building:
        yield building
