"""Checks of the database: sound, free, up to date, its log short, its last backup fresh."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from core.cli.doctor.model import Finding, Situation, fault, ok, skipped, warning
from core.cli.safe import noted
from core.storage import DatabaseError, check, locked, steps

LONG_WAL_BYTES = 64_000_000
OLD_BACKUP_DAYS = 7
DAY_S = 86_400.0


def soundness(situation: Situation) -> Iterator[Finding]:
    """The file opens and passes SQLite's integrity check."""
    database = situation.settings.database
    if not database.exists():
        yield skipped("There is no database yet; the first start makes it")
        return
    found = check(database)
    if "locked" in found:
        yield skipped("The database is locked, so it was not read")
    elif found:
        yield fault(
            f"{database} is damaged: {found}.",
            f"End Signalbox, then: signalbox restore {_newest(situation) or 'BACKUP.db'}",
        )
    else:
        yield ok(f"The database is sound ({database.stat().st_size / 1e6:.1f} MB)")


def lock(situation: Situation) -> Iterator[Finding]:
    """Nobody but Signalbox writes to it."""
    database = situation.settings.database
    if not database.exists():
        return
    if locked(database):
        who = f" (process {situation.running.pid} is Signalbox's own)" if situation.running else ""
        yield fault(
            f"Another program keeps the database locked{who}.",
            f"Find it and end it: lsof {database} (or: fuser {database})",
        )
    else:
        yield ok("The database is not locked")


def migrations(situation: Situation) -> Iterator[Finding]:
    """The database and the program fit together."""
    mode = noted(situation.home)
    if mode is not None:
        yield fault(
            f"Safe mode since {mode.at[:16].replace('T', ' ')} UTC: {mode.reason}",
            f"{mode.remedy} Or: signalbox run --retry-upgrade",
        )
    database = situation.settings.database
    if not database.exists():
        return
    try:
        had, known = steps(database)
    except DatabaseError:
        return
    if had > known:
        yield fault(
            f"The database is newer than this program ({had} steps, {known} known).",
            "Install the version that wrote it, or: signalbox restore OLDER-BACKUP.db",
        )
    elif had < known:
        yield warning(f"{known - had} database steps are due; the next start does them.", "signalbox run")
    else:
        yield ok(f"The database is up to date ({known} steps)")


def wal(situation: Situation) -> Iterator[Finding]:
    """The write-ahead log is taken over now and then."""
    log = situation.settings.database.with_name(situation.settings.database.name + "-wal")
    if not log.exists():
        return
    size = log.stat().st_size
    if size > LONG_WAL_BYTES:
        yield warning(
            f"{log.name} has grown to {size / 1e6:.0f} MB: something reads the database for a long time.",
            "Start Signalbox again; if it grows once more: lsof " + str(log),
        )
    else:
        yield ok(f"The write-ahead log is short ({size / 1e6:.1f} MB)")


def backups(situation: Situation) -> Iterator[Finding]:
    """A copy of a week at most."""
    if not situation.settings.database.exists():
        return
    newest = _newest(situation)
    remedy = "signalbox backup ~/signalbox-$(date +%F).db"
    if newest is None:
        yield warning(f"No backup is in {situation.home / 'backups'}.", remedy)
        return
    days = (time.time() - newest.stat().st_mtime) / DAY_S
    if days > OLD_BACKUP_DAYS:
        yield warning(f"The newest backup, {newest.name}, is {days:.0f} days old.", remedy)
    else:
        yield ok(f"The newest backup is {newest.name}, {max(0.0, days):.1f} days old")


def _newest(situation: Situation) -> Path | None:
    """The newest backup in the data folder."""
    files = list((situation.home / "backups").glob("*.db"))
    return max(files, key=lambda one: one.stat().st_mtime) if files else None
