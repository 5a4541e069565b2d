"""The schema's history: one module a step, forward only, each in a transaction of its own.

A module `mNNNN_subject.py` has `up(db)`. Numbers are unique and gapless (a test says so). SQLite's
`user_version` holds how many were applied, so that an up-to-date start imports nothing.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from core.storage.engine import Connection


def known() -> tuple[str, ...]:
    """The names of all migrations in order."""
    return tuple(sorted(name for _, name, _ in pkgutil.iter_modules(__path__) if name.startswith("m")))


def applied(connection: Connection) -> int:
    """How many migrations this database has had."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def apply(connection: Connection) -> tuple[str, ...]:
    """Apply what is pending and return its names. On an error the failing step is rolled back."""
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    steps = Migrations("signalbox")
    for number, name in enumerate(known(), start=1):
        steps(name=name)(_step(name, number))
    database = Database(connection)
    pending = tuple(step.name for step in steps.pending(database))
    steps.apply(database)
    return pending


def _step(name: str, number: int):  # type: ignore[no-untyped-def]  # sqlite-utils' own function type
    def run(database: object) -> None:
        connection: Connection = database.conn  # type: ignore[attr-defined]
        import_module(f"{__name__}.{name}").up(connection)
        connection.execute(f"PRAGMA user_version = {number:d}")

    return run
