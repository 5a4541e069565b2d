import stat
from pathlib import Path

import pytest

from core.cli.backup import backup, restore
from core.cli.runfile import HomeLock
from core.cli.safe import SafeMode, note, noted
from core.config import Settings
from core.errors import Conflict, InvalidInput, NotFound
from core.storage import Marks, MigrationFailed, Storage, connect
from tests.core.cli.parts import FakeWorld, Seen, given, home_at


async def write(settings: Settings, text: str) -> None:
    storage = Storage(settings.database)
    storage.start()
    await Marks(storage).set("word", text)
    await storage.close()


async def written(settings: Settings) -> str | None:
    storage = Storage(settings.database)
    storage.start()
    try:
        return await Marks(storage).get("word")
    finally:
        await storage.close()


def take(settings: Settings, file: Path) -> Seen:
    seen = Seen()
    assert backup(given(file=str(file), home=str(settings.home)), FakeWorld(), seen.terminal) == 0
    return seen


async def test_what_was_backed_up_is_there_again_after_a_restore(tmp_path: Path) -> None:
    settings = home_at(tmp_path / "home")
    await write(settings, "before")
    file = tmp_path / "copy.db"
    seen = take(settings, file)
    assert f"Wrote {file}" in seen.said
    assert "The key of the vault is not in it" in seen.told
    await write(settings, "after")
    seen = Seen()
    assert restore(given(file=str(file), home=str(settings.home), yes=True), FakeWorld(), seen.terminal) == 0
    assert await written(settings) == "before"
    aside = next((settings.home / "backups").glob("before-restore-*.db"))
    assert str(aside) in seen.told
    assert restore(given(file=str(aside), home=str(settings.home), yes=True), FakeWorld(), Seen().terminal) == 0
    assert await written(settings) == "after"


async def test_a_backup_is_made_beside_a_writer_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    settings = home_at(tmp_path / "home")
    storage = Storage(settings.database)
    storage.start()
    await Marks(storage).set("word", "while it runs")
    take(settings, tmp_path / "copy.db")
    await storage.close()
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    connection = connect(tmp_path / "copy.db", readonly=True)
    rows = connection.execute("SELECT value FROM meta WHERE name = 'mark:word'").fetchall()
    connection.close()
    assert [row[0] for row in rows] == ["while it runs"]


def test_a_backup_never_replaces_a_file(tmp_path: Path) -> None:
    settings = home_at(tmp_path / "home")
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(InvalidInput, match="is there already"):
        take(settings, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_a_home_without_a_database_has_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no database in"):
        backup(given(file=str(tmp_path / "a.db"), home=str(tmp_path / "no")), FakeWorld(), Seen().terminal)


def test_check_only_looks(tmp_path: Path) -> None:
    settings = home_at(tmp_path / "home")
    take(settings, tmp_path / "copy.db")
    before = settings.database.read_bytes()
    seen = Seen()
    assert (
        restore(given(file=str(tmp_path / "copy.db"), home=str(settings.home), check=True), FakeWorld(), seen.terminal)
        == 0
    )
    assert "is sound" in seen.said
    assert settings.database.read_bytes() == before
    assert not list((settings.home / "backups").glob("before-restore*"))


@pytest.mark.parametrize("content", [b"no database", b""])
def test_a_file_that_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    settings = home_at(tmp_path / "home")
    (tmp_path / "copy.db").write_bytes(content)
    with pytest.raises(InvalidInput, match=r"no usable backup|no database of Signalbox"):
        restore(given(file=str(tmp_path / "copy.db"), home=str(settings.home), yes=True), FakeWorld(), Seen().terminal)


def test_a_restore_is_refused_while_a_process_runs(tmp_path: Path) -> None:
    settings = home_at(tmp_path / "home")
    take(settings, tmp_path / "copy.db")
    with HomeLock(settings.home) as lock:
        assert lock.take()
        with pytest.raises(Conflict, match="Signalbox runs on"):
            restore(
                given(file=str(tmp_path / "copy.db"), home=str(settings.home), yes=True), FakeWorld(), Seen().terminal
            )


async def test_a_restore_asks_and_no_changes_nothing(tmp_path: Path) -> None:
    settings = home_at(tmp_path / "home")
    take(settings, tmp_path / "copy.db")
    await write(settings, "kept")
    words = given(file=str(tmp_path / "copy.db"), home=str(settings.home))
    seen = Seen(typed=["n"])
    assert restore(words, FakeWorld(), seen.terminal) == 1
    assert "Nothing was changed." in seen.told
    unattended = Seen()
    assert restore(words, FakeWorld(), unattended.terminal) == 1
    assert "Add --yes" in unattended.told
    assert await written(settings) == "kept"


async def test_a_damaged_database_is_kept_aside_as_it_is(tmp_path: Path) -> None:
    settings = home_at(tmp_path / "home")
    await write(settings, "sound")
    take(settings, tmp_path / "copy.db")
    settings.database.write_bytes(b"\0" * 5_000)
    assert (
        restore(given(file=str(tmp_path / "copy.db"), home=str(settings.home), yes=True), FakeWorld(), Seen().terminal)
        == 0
    )
    assert await written(settings) == "sound"
    assert next((settings.home / "backups").glob("before-restore-*.db")).read_bytes() == b"\0" * 5_000


def test_a_restore_ends_safe_mode(tmp_path: Path) -> None:
    settings = home_at(tmp_path / "home")
    take(settings, tmp_path / "copy.db")
    note(settings.home, MigrationFailed("m0002_actions", "0.0.9", ValueError("x")))
    assert isinstance(noted(settings.home), SafeMode)
    assert (
        restore(given(file=str(tmp_path / "copy.db"), home=str(settings.home), yes=True), FakeWorld(), Seen().terminal)
        == 0
    )
    assert noted(settings.home) is None
