"""One process a home; a database that cannot be used brings up no bot, says why, and never loops."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from core.errors import StorageFailed
from core.storage import Connection, bring_up_to_date, connect
from tests.faults.command import Command
from tests.faults.town import Town

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(120)]


def newer(home: Path) -> None:
    """A database of a later program."""
    bring_up_to_date(home / "signalbox.db", home / "backups", "0")
    changed(home, "PRAGMA user_version = 999", "UPDATE meta SET value = '9.9.9' WHERE name = 'program_version'")


def broken(home: Path) -> None:
    """A database whose last step is to be done again and must fail: what it makes is there."""
    bring_up_to_date(home / "signalbox.db", home / "backups", "0")
    changed(
        home,
        "UPDATE meta SET value = '0.0.9' WHERE name = 'program_version'",
        "DELETE FROM _sqlite_migrations WHERE name = (SELECT max(name) FROM _sqlite_migrations)",
    )
    connection = connect(home / "signalbox.db")
    steps = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.execute(f"PRAGMA user_version = {steps - 1:d}")
    connection.close()


def changed(home: Path, *statements: str) -> None:
    connection: Connection = connect(home / "signalbox.db")
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(("damage", "version"), [(newer, "9.9.9"), (broken, "0.0.9")])
async def test_a_database_that_cannot_be_used_brings_up_no_bot(tmp_path: Path, damage: object, version: str) -> None:
    assert callable(damage)
    damage(tmp_path)
    with pytest.raises(StorageFailed, match=version):
        bring_up_to_date(tmp_path / "signalbox.db", tmp_path / "backups", "0")
    async with Town() as town, aiohttp.ClientSession() as http:
        command = Command(tmp_path, town.environ())
        await command.start()
        address = await command.address()
        async with http.get(f"{address}/") as answer:
            page = await answer.text()
            assert answer.status == 503
        assert version in page
        async with http.get(f"{address}/status") as answer:
            assert (await answer.json())["status"] == "down"
        assert (await town.slack.status())["connects"] == 0
        assert await town.discord.see("calls") == []
        assert await command.end() == 1
    copies = list((tmp_path / "backups").glob("before-*.db"))
    assert len(copies) <= 2, "a step that failed is not tried again and again"


async def test_a_second_process_is_refused_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    async with Town() as town:
        first, second = Command(tmp_path, town.environ()), Command(tmp_path, town.environ())
        await first.start()
        address = await first.address()
        await town.connected()
        await second.start()
        assert await second.end_by_itself() == 1
        assert f"at {address}" in second.log
        assert "runs on" in second.log
        await first.kill()
        await town.disconnected()
        await second.start()
        await second.address()
        await town.connected()
        assert await second.end() == 0
