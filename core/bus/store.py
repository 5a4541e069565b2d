"""Critical events and who still has to hear them: pure functions of a connection."""

from __future__ import annotations

from collections.abc import Iterable

from core.storage import Connection


def record(connection: Connection, event_id: str, name: str, at: str, body: str, listeners: Iterable[str]) -> None:
    """Write an event and one row for each listener that must hear it."""
    connection.execute("INSERT INTO event_log (id, name, at, body) VALUES (?, ?, ?, ?)", (event_id, name, at, body))
    connection.executemany(
        "INSERT INTO delivery (event_id, listener) VALUES (?, ?)",
        [(event_id, listener) for listener in listeners],
    )


def heard(connection: Connection, done: Iterable[tuple[str, str]]) -> None:
    """Remove what was heard, as (event id, listener) pairs."""
    connection.executemany("DELETE FROM delivery WHERE event_id = ? AND listener = ?", done)


def unheard(connection: Connection, listener: str) -> list[tuple[str, str, int]]:
    """(name, body, attempts) of what a listener has not heard, oldest first."""
    return connection.execute(
        "SELECT name, body, attempts FROM delivery JOIN event_log ON event_log.id = event_id "
        "WHERE listener = ? ORDER BY event_id",
        (listener,),
    ).fetchall()


def tried(connection: Connection, listener: str) -> None:
    """Count one more attempt for everything a listener has not heard."""
    connection.execute("UPDATE delivery SET attempts = attempts + 1 WHERE listener = ?", (listener,))


def since(connection: Connection, event_id: str, limit: int) -> list[tuple[str, str]]:
    """(name, body) of critical events after that id, oldest first; for those who resume."""
    return connection.execute(
        "SELECT name, body FROM event_log WHERE id > ? ORDER BY id LIMIT ?", (event_id, limit)
    ).fetchall()


def forget(connection: Connection, before: str, limit: int = 500) -> int:
    """Remove at most `limit` events older than `before` that everybody heard; how many went."""
    cursor = connection.execute(
        "DELETE FROM event_log WHERE id IN (SELECT id FROM event_log WHERE at < ? AND NOT EXISTS "
        "(SELECT 1 FROM delivery WHERE event_id = event_log.id) LIMIT ?)",
        (before, limit),
    )
    return cursor.rowcount
