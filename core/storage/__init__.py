"""One SQLite file: one writer, a few readers, migrations behind a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

from core.storage.engine import (
    Connection,
    DatabaseError,
    IntegrityError,
    OperationalError,
    Row,
    connect,
    lacking,
    version,
)
from core.storage.marks import Marks
from core.storage.readers import Readers, long_read
from core.storage.snapshots import MigrationFailed, bring_up_to_date, check, locked, put_back, snapshot, steps
from core.storage.writer import Writer

__all__ = [
    "Connection",
    "DatabaseError",
    "IntegrityError",
    "Marks",
    "MigrationFailed",
    "OperationalError",
    "Row",
    "Storage",
    "bring_up_to_date",
    "check",
    "connect",
    "lacking",
    "locked",
    "long_read",
    "put_back",
    "snapshot",
    "steps",
    "version",
]

T = TypeVar("T")


class Storage:
    """The open database. `fn` below is a pure function of a connection; it may run twice."""

    def __init__(self, path: Path, *, readers: int = 3) -> None:
        self.path = path
        self.writer = Writer(path)
        self._readers = Readers(path, readers)

    def start(self) -> None:
        """Open the write connection. The file must be up to date (`bring_up_to_date`)."""
        self.writer.start()

    def read(self, fn: Callable[..., T], *args: object) -> Coroutine[object, object, T]:
        """The result of `fn(connection, *args)` on a read-only connection."""
        return self._readers.run(fn, *args)

    def write(
        self, fn: Callable[..., T], *args: object, then: Callable[[], None] | None = None
    ) -> Coroutine[object, object, T]:
        """The result of `fn(connection, *args)` once it is on the disk.

        then: called on the loop after the commit, before the result is handed over, and also when whoever
        awaits the result was cancelled meanwhile: what must follow the commit follows it.
        """
        return self.writer.run(fn, *args, then=then)

    def write_later(
        self, fn: Callable[..., T], *args: object, then: Callable[[], None] | None = None
    ) -> Coroutine[object, object, T]:
        """As `write`, behind everything people wait for. At most 5 ms of work a call."""
        return self.writer.run_background(fn, *args, then=then)

    async def close(self) -> None:
        """Commit what is queued, then close every connection."""
        await self.writer.close()
        self._readers.close()
