"""Copies, migrations behind a copy, and what happens when one fails or the database is newer."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import InvalidInput, NewerDatabase, StorageFailed
from core.storage import (
    Connection,
    MigrationFailed,
    Storage,
    bring_up_to_date,
    check,
    connect,
    migrations,
    put_back,
    snapshot,
)


def value(path: Path, name: str) -> str | None:
    connection = connect(path, readonly=True)
    try:
        row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None
    finally:
        connection.close()


def with_one_more(monkeypatch: pytest.MonkeyPatch, up: object) -> None:
    """A migration the program has and the database has not."""
    names = (*migrations.known(), "m9999_next")
    monkeypatch.setattr(migrations, "known", lambda: names)
    monkeypatch.setattr(
        migrations,
        "import_module",
        lambda name: SimpleNamespace(up=up) if name.endswith("m9999_next") else import_module(name),
    )


def test_numbers_of_migrations_are_unique_and_gapless() -> None:
    assert [name[1:5] for name in migrations.known()] == [f"{n:04d}" for n in range(1, len(migrations.known()) + 1)]


def test_every_table_of_ours_is_strict(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    bring_up_to_date(path, tmp_path, "1.0")
    connection = connect(path)
    rows = connection.execute("PRAGMA table_list").fetchall()
    virtual = [row[1] for row in rows if row[2] == "virtual"]
    loose = [
        row[1]
        for row in rows
        if row[0] == "main"
        and row[2] == "table"
        and not row[5]
        and not row[1].startswith(("sqlite_", "_sqlite_migrations", *virtual))
    ]
    connection.close()
    assert loose == []


def test_a_fresh_home_is_up_to_date_after_the_first_start(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    assert bring_up_to_date(path, tmp_path, "1.0") == migrations.known()
    assert bring_up_to_date(path, tmp_path, "1.0") == ()
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.glob("before-*")) == []


async def test_a_copy_is_taken_while_the_database_is_written(storage: Storage, tmp_path: Path) -> None:
    await storage.write(lambda c: c.execute("INSERT INTO meta VALUES ('t', 'before')") and None)
    copy = snapshot(storage.path, tmp_path / "copy.db")
    await storage.write(lambda c: c.execute("UPDATE meta SET value = 'after' WHERE name = 't'") and None)
    assert (value(copy, "t"), check(copy)) == ("before", "")
    assert copy.stat().st_mode & 0o077 == 0


async def test_restoring_a_copy_brings_back_its_state(storage: Storage, tmp_path: Path) -> None:
    await storage.write(lambda c: c.execute("INSERT INTO meta VALUES ('t', 'before')") and None)
    copy = snapshot(storage.path, tmp_path / "copy.db")
    await storage.write(lambda c: c.execute("UPDATE meta SET value = 'after' WHERE name = 't'") and None)
    await storage.close()
    put_back(copy, storage.path)
    assert value(storage.path, "t") == "before"


def test_a_copy_never_overwrites_a_file(tmp_path: Path) -> None:
    path, taken = tmp_path / "a.db", tmp_path / "taken.db"
    bring_up_to_date(path, tmp_path, "1.0")
    taken.write_text("mine")
    with pytest.raises(InvalidInput, match=r"taken\.db is there already\. Name a new file\."):
        snapshot(path, taken)


def test_a_damaged_backup_is_not_put_back(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.db", tmp_path / "copy.db"
    bring_up_to_date(path, tmp_path, "1.0")
    copy.write_bytes(b"not a database at all" * 400)
    with pytest.raises(InvalidInput, match="is no usable backup: file is not a database"):
        put_back(copy, path)
    assert check(path) == ""


def test_a_flipped_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    bring_up_to_date(path, tmp_path, "1.0")
    connection = connect(path)
    connection.execute("CREATE TABLE big (x TEXT) STRICT")
    connection.executemany("INSERT INTO big VALUES (?)", [("y" * 500,)] * 200)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    content = bytearray(path.read_bytes())
    content[-4096 * 3 : -4096 * 2] = b"\xff" * 4096
    path.write_bytes(content)
    assert check(path) != ""


def test_a_pending_migration_runs_behind_a_verified_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    bring_up_to_date(path, tmp_path / "backups", "1.0")

    def up(db: Connection) -> None:
        db.execute("CREATE TABLE fresh (x TEXT) STRICT")

    with_one_more(monkeypatch, up)
    assert bring_up_to_date(path, tmp_path / "backups", "1.1") == ("m9999_next",)
    copies = list((tmp_path / "backups").glob("before-1.1-*.db"))
    assert len(copies) == 1
    assert value(copies[0], "program_version") == "1.0"
    assert value(path, "program_version") == "1.1"


def test_a_failing_migration_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    bring_up_to_date(path, tmp_path / "backups", "1.0")

    def up(db: Connection) -> None:
        db.execute("CREATE TABLE fresh (x TEXT) STRICT")
        raise ValueError("the new column does not fit")

    with_one_more(monkeypatch, up)
    with pytest.raises(MigrationFailed, match=r"step m9999_next failed: the new column does not fit") as caught:
        bring_up_to_date(path, tmp_path / "backups", "1.1")
    assert caught.value.hint == "Return to Signalbox 1.0, or report this; nothing is lost."
    assert check(path) == ""
    assert value(path, "program_version") == "1.0"
    connection = connect(path)
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'fresh'").fetchone() == (0,)
    connection.close()


def test_an_older_program_leaves_a_newer_database_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    bring_up_to_date(path, tmp_path, "2.0")
    before = path.read_bytes()
    monkeypatch.setattr(migrations, "known", lambda: ("m0001_base",))
    with pytest.raises(NewerDatabase, match=r"written by Signalbox 2\.0, which is newer than this program"):
        bring_up_to_date(path, tmp_path, "1.0")
    with pytest.raises(NewerDatabase, match=r"Start Signalbox 2\.0 or later"):
        put_back(path, tmp_path / "other.db")
    assert path.read_bytes() == before


def test_a_copy_to_a_full_or_missing_disk_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    bring_up_to_date(path, tmp_path, "1.0")
    with pytest.raises((StorageFailed, OSError)):
        snapshot(path, Path("/proc/nowhere/copy.db"))
