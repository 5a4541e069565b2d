"""What the tests of core share: a database of their own, and the parts below the door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.storage import Storage, bring_up_to_date


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    path = tmp_path / "signalbox.db"
    bring_up_to_date(path, tmp_path / "backups", "0.1.0")
    one = Storage(path)
    one.start()
    yield one
    await one.close()
