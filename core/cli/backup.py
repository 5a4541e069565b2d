"""`backup` and `restore`: one file with everything but the vault's key."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from core.cli.outside import Outside
from core.cli.runfile import HomeLock, find
from core.cli.safe import forget
from core.cli.spec import Given
from core.cli.terminal import Terminal
from core.config import Settings, load_settings
from core.errors import Conflict, InvalidInput, NotFound, StorageFailed
from core.storage import DatabaseError, check, put_back, snapshot, steps


def backup(given: Given, outside: Outside, terminal: Terminal) -> int:
    """Write a checked copy; beside a running process, too."""
    settings = load_settings(given.text("home") or None)
    target = Path(given.needed("file")).expanduser().absolute()
    if not settings.database.exists():
        raise NotFound(
            f"There is no database in {settings.home} yet.", hint="`signalbox run` makes one; --home names another."
        )
    terminal.tell(f"Copying {settings.database} ({_size(settings.database)}) …")
    snapshot(settings.database, target)
    terminal.say(f"Wrote {target} ({_size(target)}), checked.")
    terminal.tell(
        "The key of the vault is not in it. Keep a copy of it apart (`signalbox doctor` says where it is): "
        "without it the secrets of a restored vault cannot be read."
    )
    return 0


def restore(given: Given, outside: Outside, terminal: Terminal) -> int:
    """Make a backup the database, the present one kept aside; or only look whether that could be."""
    settings = load_settings(given.text("home") or None)
    source = Path(given.needed("file")).expanduser().absolute()
    if not source.exists():
        raise NotFound(f"There is no file {source}.", hint="Name a file that `signalbox backup` wrote.")
    had, known = verified(source)
    if given.flag("check"):
        terminal.say(f"{source} is sound ({had} of {known} database steps) and can be restored.")
        return 0
    with HomeLock(settings.home) as lock:
        if not lock.take():
            raise _runs(settings)
        if settings.database.exists() and not (
            given.flag("yes") or terminal.agrees(f"Replace {settings.database} by {source}? It is kept aside.")
        ):
            terminal.tell("Nothing was changed." + ("" if terminal.listens else " Add --yes to restore."))
            return 1
        aside = set_aside(settings)
        put_back(source, settings.database)
        forget(settings.home)
    terminal.say(f"Restored {source}.")
    if aside is not None:
        terminal.tell(f"The database that was there is {aside}.")
    return 0


def verified(source: Path) -> tuple[int, int]:
    """(database steps a backup has had, steps known). Raises InvalidInput for a file that is no sound backup."""
    fault = check(source)
    had, known = 0, 0
    if not fault:
        try:
            had, known = steps(source)
        except DatabaseError as error:
            fault = str(error)
    if fault:
        raise InvalidInput(f"{source} is no usable backup: {fault}.", hint="Name another file.")
    if had == 0:
        raise InvalidInput(f"{source} is no database of Signalbox.", hint="Name a file that `signalbox backup` wrote.")
    if had > known:
        raise InvalidInput(f"{source} was written by a newer Signalbox.", hint="Restore it with that version.")
    return had, known


def set_aside(settings: Settings) -> Path | None:
    """Keep the present database among the backups; where it is now. One that is damaged is kept as it is."""
    database = settings.database
    if not database.exists():
        return None
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    aside = settings.home / "backups" / f"before-restore-{moment}.db"
    try:
        return snapshot(database, aside)
    except (DatabaseError, StorageFailed):
        for suffix in ("", "-wal", "-shm"):
            part = database.with_name(database.name + suffix)
            if part.exists():
                shutil.copy2(part, aside.with_name(aside.name + suffix))
        return aside


def _runs(settings: Settings) -> Conflict:
    found = find(settings.home)
    who = f" (process {found.pid}{f' at {found.address}' if found.address else ''})" if found else ""
    return Conflict(f"Signalbox runs on {settings.home}{who}.", hint="End it first, then restore.")


def _size(path: Path) -> str:
    size = float(path.stat().st_size)
    for unit in ("bytes", "KB", "MB"):
        if size < 1_000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1_000
    return f"{size:.1f} GB"
