"""Copies of the database that are known to open: before a migration, by `backup`, put back by `restore`."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from core.errors import InvalidInput, NewerDatabase, StorageFailed
from core.storage import migrations
from core.storage.engine import Connection, DatabaseError, OperationalError, connect


class MigrationFailed(StorageFailed):
    """A migration failed and the snapshot was put back: `version` is the program to return to."""

    def __init__(self, name: str, version: str, error: Exception) -> None:
        super().__init__(
            f"The database step {name} failed: {error}. The database is as it was before.",
            hint=f"Return to Signalbox {version}, or report this; nothing is lost.",
        )
        self.step = name


def snapshot(database: Path, target: Path) -> Path:
    """Write a verified copy of a database in use to `target`, which must not exist.

    `VACUUM INTO` reads in one transaction, so the copy is one moment's state beside a running writer.
    Raises StorageFailed when the copy does not pass SQLite's integrity check; it is then removed.
    """
    if target.exists():
        raise InvalidInput(f"{target} is there already.", hint="Name a new file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    connection = connect(database)
    try:
        connection.execute("VACUUM INTO ?", (str(partial),))
    except DatabaseError as error:
        partial.unlink(missing_ok=True)
        raise StorageFailed(f"The copy to {target} failed: {error}.", hint="Is there room on that disk?") from error
    finally:
        connection.close()
    fault = check(partial)
    if fault:
        partial.unlink(missing_ok=True)
        raise StorageFailed(f"The copy to {target} is damaged: {fault}.", hint="Run `signalbox doctor`.")
    os.chmod(partial, 0o600)
    partial.rename(target)
    return target


def check(database: Path) -> str:
    """What is wrong with a database file; empty when it opens and passes the integrity check."""
    try:
        connection = connect(database, readonly=True)
    except DatabaseError as error:
        return str(error)
    try:
        rows = connection.execute("PRAGMA integrity_check(3)").fetchall()
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    except DatabaseError as error:
        return str(error)
    finally:
        connection.close()
    faults = [str(row[0]) for row in rows if row[0] != "ok"] + [f"dangling row in {row[0]}" for row in broken[:3]]
    return "; ".join(faults)


def put_back(copy: Path, database: Path) -> None:
    """Make `copy` the database: checked first, swapped in by one rename, the old log files removed."""
    fault = check(copy)
    if fault:
        raise InvalidInput(f"{copy} is no usable backup: {fault}.", hint="Name another backup file.")
    _refuse_newer(copy)
    database.parent.mkdir(parents=True, exist_ok=True)
    fresh = database.with_name(database.name + ".restoring")
    shutil.copyfile(copy, fresh)
    os.chmod(fresh, 0o600)
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    fresh.replace(database)


def locked(database: Path, *, wait_ms: int = 1_500) -> bool:
    """Whether another program keeps anybody from writing for that long. Signalbox's own writes take milliseconds."""
    try:
        connection = connect(database)
    except OperationalError as error:
        return "locked" in str(error)
    try:
        connection.execute(f"PRAGMA busy_timeout = {wait_ms:d}")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except OperationalError as error:
        return "locked" in str(error)
    finally:
        connection.close()
    return False


def steps(database: Path) -> tuple[int, int]:
    """(how many steps of the schema this database has had, how many this program knows). Raises DatabaseError."""
    connection = connect(database, readonly=True)
    try:
        return migrations.applied(connection), len(migrations.known())
    finally:
        connection.close()


def bring_up_to_date(database: Path, backups: Path, program_version: str) -> tuple[str, ...]:
    """Apply pending migrations behind a verified snapshot and return their names.

    Raises NewerDatabase, or MigrationFailed after the snapshot was put back.
    """
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = connect(database)
    os.chmod(database, 0o600)
    try:
        _refuse_newer(database)
        count = migrations.applied(connection)
        if count == len(migrations.known()):
            return ()
        if count == 0:
            names = migrations.apply(connection)
            _remember(connection, program_version)
            return names
        writer = _last_writer(connection)
    finally:
        connection.close()
    return _migrate_behind_snapshot(database, backups, writer, program_version)


def _migrate_behind_snapshot(database: Path, backups: Path, writer: str, program_version: str) -> tuple[str, ...]:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    copy = snapshot(database, backups / f"before-{program_version}-{moment}.db")
    connection = connect(database)
    try:
        names = migrations.apply(connection)
        _remember(connection, program_version)
        return names
    except Exception as error:
        failed = migrations.known()[migrations.applied(connection)]
        connection.close()
        put_back(copy, database)
        raise MigrationFailed(failed, writer, error) from error
    finally:
        connection.close()


def _refuse_newer(database: Path) -> None:
    connection = connect(database, readonly=True)
    try:
        count = migrations.applied(connection)
        if count > len(migrations.known()):
            version = _last_writer(connection)
            raise NewerDatabase(
                f"{database} was written by Signalbox {version}, which is newer than this program.",
                hint=f"Start Signalbox {version} or later, or restore an older backup. Nothing was changed.",
            )
    finally:
        connection.close()


def _remember(connection: Connection, program_version: str) -> None:
    connection.execute(
        "INSERT INTO meta (name, value) VALUES ('program_version', ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (program_version,),
    )


def _last_writer(connection: Connection) -> str:
    try:
        row = connection.execute("SELECT value FROM meta WHERE name = 'program_version'").fetchone()
    except DatabaseError:
        return "an unknown version"
    return str(row[0]) if row else "an unknown version"
