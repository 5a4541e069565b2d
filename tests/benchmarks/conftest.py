"""What the benchmarks share: a database of their own, and the table they fill."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.storage import Storage, bring_up_to_date
from tests.benchmarks.table import Table

_TABLE = Table()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--table", default="", metavar="FILE", help="write the figures to this page")


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = session.config.getoption("table", default="")
    if target and _TABLE.rows:
        _TABLE.write(Path(target))


@pytest.fixture
def table() -> Table:
    return _TABLE


@pytest.fixture(autouse=True)
def _own_collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    path = tmp_path / "signalbox.db"
    bring_up_to_date(path, tmp_path / "backups", "0.1.0")
    one = Storage(path)
    one.start()
    yield one
    await one.close()
