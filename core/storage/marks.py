"""A small memory of this database: texts under names, for what would be a table of one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.storage.engine import Connection

if TYPE_CHECKING:
    from core.storage import Storage

PREFIX = "mark:"


class Marks:
    """Remembers texts under names, across restarts."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def get(self, name: str) -> str | None:
        """The text kept under a name, or None."""
        return await self._storage.read(_get, PREFIX + name)

    async def set(self, name: str, text: str) -> None:
        """Keep a text under a name."""
        await self._storage.write(_set, PREFIX + name, text)


def _get(connection: Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def _set(connection: Connection, name: str, text: str) -> None:
    connection.execute(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, text),
    )
