"""The outbox's SQL: pure functions of a connection."""

from __future__ import annotations

from core.errors import Conflict
from core.storage import Connection

OPEN = ("waiting", "sending")


def insert(
    connection: Connection, message_id: str, destination: str, body: str, about: str, at: str, sent: bool
) -> None:
    """Write a message to be sent; `sent`: it is shown here, nothing has to leave."""
    connection.execute(
        "INSERT INTO outbox (id, destination, body, about, state, due_at, created_at, sent_at, message_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            message_id,
            destination,
            body,
            about,
            "sent" if sent else "waiting",
            at,
            at,
            at if sent else None,
            message_id if sent else "",
        ),
    )


def replace(connection: Connection, about: str, body: str, at: str) -> tuple[str, str] | None:
    """(row id, network's message id) of the answer to an arrival after giving it a new body to send."""
    row = connection.execute(
        "SELECT id, message_id FROM outbox WHERE about = ? AND state <> 'dropped'", (about,)
    ).fetchone()
    if row is None:
        return None
    connection.execute(
        "UPDATE outbox SET body = ?, state = 'waiting', attempts = 0, due_at = ?, error = '' WHERE id = ?",
        (body, at, row[0]),
    )
    return str(row[0]), str(row[1])


def sending(connection: Connection, row_id: str) -> None:
    """It is about to leave; a process that dies now does not know whether it did."""
    connection.execute("UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE id = ?", (row_id,))


def sent(connection: Connection, row_id: str, message_id: str, at: str) -> None:
    """It arrived."""
    connection.execute(
        "UPDATE outbox SET state = 'sent', sent_at = ?, error = '', unsure = 0, "
        "message_id = CASE WHEN ? <> '' THEN ? ELSE message_id END WHERE id = ?",
        (at, message_id, message_id, row_id),
    )


def sent_and_sending(connection: Connection, row_id: str, message_id: str, at: str, next_id: str) -> None:
    """One arrived, and the next one to that destination is about to leave."""
    sent(connection, row_id, message_id, at)
    sending(connection, next_id)


def postponed(connection: Connection, row_id: str, error: str, due_at: str, unsure: bool, counted: bool) -> None:
    """It is tried again at `due_at`; unsure: look first whether it arrived."""
    connection.execute(
        "UPDATE outbox SET state = 'waiting', error = ?, due_at = ?, unsure = max(unsure, ?), "
        "attempts = attempts - ? WHERE id = ?",
        (error, due_at, int(unsure), int(not counted), row_id),
    )


def failed(connection: Connection, row_id: str, error: str) -> None:
    """It is not tried again until somebody says so."""
    connection.execute("UPDATE outbox SET state = 'failed', error = ? WHERE id = ?", (error, row_id))


def again(connection: Connection, row_id: str, at: str) -> str:
    """Put a failed message back to be sent; its body. Raises Conflict when it is not failed."""
    row = connection.execute("SELECT body, state FROM outbox WHERE id = ?", (row_id,)).fetchone()
    if row is None or row[1] != "failed":
        raise Conflict(f"No failed delivery has the id {row_id}.", hint="`deliveries status` lists them.")
    connection.execute(
        "UPDATE outbox SET state = 'waiting', attempts = 0, due_at = ?, unsure = 1 WHERE id = ?", (at, row_id)
    )
    return str(row[0])


def drop(connection: Connection, row_id: str) -> None:
    """Give a message up for good. Raises Conflict when it is already sent."""
    cursor = connection.execute(
        "UPDATE outbox SET state = 'dropped' WHERE id = ? AND state IN ('waiting', 'failed')", (row_id,)
    )
    if cursor.rowcount == 0:
        raise Conflict(f"No waiting or failed delivery has the id {row_id}.", hint="`deliveries status` lists them.")


def open_rows(connection: Connection) -> list[tuple[str, str, str, str, int, int]]:
    """(id, destination, body, state, attempts, unsure) of all that must still leave, in order."""
    return connection.execute(
        "SELECT id, destination, body, state, attempts, unsure FROM outbox "
        "WHERE state IN ('waiting', 'sending') ORDER BY id"
    ).fetchall()


def listed(connection: Connection, state: str, limit: int) -> list[tuple[str, str, str, str, int, str, str, str, str]]:
    """Rows for people, newest first; state empty: all."""
    return connection.execute(
        "SELECT id, destination, body, state, attempts, error, created_at, due_at, sent_at FROM outbox "
        "WHERE (? = '' OR state = ?) ORDER BY id DESC LIMIT ?",
        (state, state, limit),
    ).fetchall()


def counts(connection: Connection) -> dict[str, int]:
    """How many rows are in each state."""
    return dict(connection.execute("SELECT state, count(*) FROM outbox GROUP BY state").fetchall())


def answer_of(connection: Connection, about: str) -> tuple[str, str, str, str] | None:
    """(row id, body, state, network's message id) of the answer to an arrival."""
    row: tuple[str, str, str, str] | None = connection.execute(
        "SELECT id, body, state, message_id FROM outbox WHERE about = ? AND state <> 'dropped'", (about,)
    ).fetchone()
    return row
