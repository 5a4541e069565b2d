"""The only importer of a SQLite module: one build with FTS5 and extension loading on every machine.

The standard library's sqlite3 lacks extension loading on many machines (macOS, pyenv), so the wheels of
sqlean.py are used; its API is sqlite3's, its exceptions are its own, therefore they are exported here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlite_vec  # type: ignore[import-untyped]

if TYPE_CHECKING:
    import sqlite3 as sqlite
else:
    from sqlean import dbapi2 as sqlite

Connection = sqlite.Connection
Row = sqlite.Row
DatabaseError = sqlite.DatabaseError
IntegrityError = sqlite.IntegrityError
OperationalError = sqlite.OperationalError

__all__ = [
    "Connection",
    "DatabaseError",
    "IntegrityError",
    "OperationalError",
    "Row",
    "connect",
    "lacking",
    "version",
]

_COMMON = ("PRAGMA foreign_keys = ON", "PRAGMA busy_timeout = 5000", "PRAGMA temp_store = MEMORY")
_WRITER = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # an acknowledged message survives a power cut; free once commits are grouped
    "PRAGMA wal_autocheckpoint = 1000",
    "PRAGMA cache_size = -4000",
)
_READER = ("PRAGMA query_only = ON", "PRAGMA cache_size = -2000")


def connect(path: Path, *, readonly: bool = False) -> Connection:
    """A connection with sqlite-vec loaded, in autocommit: transactions are begun by hand.

    May be used from one thread at a time, any thread. Raises OperationalError when the file cannot be opened.
    """
    mode = "ro" if readonly else "rwc"
    connection = sqlite.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.enable_load_extension(True)
        sqlite_vec.load(connection)
        connection.enable_load_extension(False)
        for pragma in (*_COMMON, *(_READER if readonly else _WRITER)):
            connection.execute(pragma).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def version() -> str:
    """SQLite's and sqlite-vec's versions, for `doctor`."""
    connection = sqlite.connect(":memory:")
    try:
        connection.enable_load_extension(True)
        sqlite_vec.load(connection)
        row = connection.execute("SELECT sqlite_version(), vec_version()").fetchone()
        return f"SQLite {row[0]}, sqlite-vec {row[1]}"
    finally:
        connection.close()


def lacking() -> str:
    """What the engine cannot do though Signalbox needs it; empty when nothing."""
    connection = sqlite.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'porter')")
    except sqlite.OperationalError:
        return "full-text search (FTS5)"
    finally:
        connection.close()
    return ""
