"""The door's SQL: keys, confirmations, undo, jobs; pure functions of a connection."""

from __future__ import annotations

from core.errors import Conflict
from core.storage import Connection, IntegrityError


class DoneBefore(Exception):
    """The key was used by a twin that committed first; the unit is undone and its result taken."""


def find_done(connection: Connection, actor: str, action: str, key: str) -> tuple[str, str] | None:
    """(hash of the arguments, result) of an earlier call with this key."""
    row: tuple[str, str] | None = connection.execute(
        "SELECT arguments, result FROM dedupe WHERE actor = ? AND action = ? AND key = ?",
        (actor, action, key),
    ).fetchone()
    return row


def remember_done(
    connection: Connection, actor: str, action: str, key: str, arguments: str, result: str, at: str
) -> None:
    """Write a key with its result, first in the unit. Raises DoneBefore when it is there."""
    try:
        connection.execute(
            "INSERT INTO dedupe (actor, action, key, arguments, result, at) VALUES (?, ?, ?, ?, ?, ?)",
            (actor, action, key, arguments, result, at),
        )
    except IntegrityError as error:
        raise DoneBefore from error


def forget_done(connection: Connection, before: str) -> int:
    """Remove at most 500 keys older than `before`; how many went."""
    return connection.execute(
        "DELETE FROM dedupe WHERE (actor, action, key) IN "
        "(SELECT actor, action, key FROM dedupe WHERE at < ? LIMIT 500)",
        (before,),
    ).rowcount


def ask(connection: Connection, row: tuple[str, ...]) -> None:
    """Write a confirmation: id, actor, action, arguments, hash, approver, summary, context, asked, expires."""
    connection.execute(
        "INSERT INTO confirmation (id, actor, action, arguments, hash, approver, summary, context, asked_at, "
        "expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )


def confirmation(connection: Connection, confirmation_id: str) -> tuple[str, ...] | None:
    """(id, actor, action, arguments, hash, approver, summary, context, asked, expires, state) of one."""
    row: tuple[str, ...] | None = connection.execute(
        "SELECT id, actor, action, arguments, hash, approver, summary, context, asked_at, expires_at, state "
        "FROM confirmation WHERE id = ?",
        (confirmation_id,),
    ).fetchone()
    return row


def open_confirmations(connection: Connection, now: str) -> list[tuple[str, ...]]:
    """All that wait for a yes and have not expired, oldest first; columns as `confirmation`."""
    return connection.execute(
        "SELECT id, actor, action, arguments, hash, approver, summary, context, asked_at, expires_at, state "
        "FROM confirmation WHERE state = 'open' AND expires_at > ? ORDER BY id",
        (now,),
    ).fetchall()


def use(connection: Connection, confirmation_id: str, state: str, by: str, at: str) -> None:
    """Answer a confirmation, once, before it expires. Raises Conflict otherwise."""
    changed = connection.execute(
        "UPDATE confirmation SET state = ?, answered_by = ?, answered_at = ? "
        "WHERE id = ? AND state = 'open' AND expires_at > ?",
        (state, by, at, confirmation_id, at),
    ).rowcount
    if changed == 0:
        raise Conflict("This was answered before, or too late. Nothing was run.", hint="Ask for it again.")


def approved_before(connection: Connection, action: str, arguments_hash: str) -> bool:
    """Whether a person ever said yes to this action with these arguments."""
    return bool(
        connection.execute(
            "SELECT 1 FROM confirmation WHERE action = ? AND hash = ? AND state = 'used' LIMIT 1",
            (action, arguments_hash),
        ).fetchone()
    )


def last_inverse(connection: Connection, actor: str) -> tuple[str, str, str, str, str] | None:
    """(id, done, action, arguments, at) of what a person can undo next."""
    row: tuple[str, str, str, str, str] | None = connection.execute(
        "SELECT id, done, action, arguments, at FROM undo WHERE actor = ? AND used_at IS NULL ORDER BY id DESC LIMIT 1",
        (actor,),
    ).fetchone()
    return row


def use_inverse(connection: Connection, undo_id: str, at: str) -> None:
    """An undo is used once. Raises Conflict when it was."""
    if connection.execute("UPDATE undo SET used_at = ? WHERE id = ? AND used_at IS NULL", (at, undo_id)).rowcount == 0:
        raise Conflict("That was undone before.")


def start_job(connection: Connection, job_id: str, actor: str, action: str, arguments: str, at: str) -> None:
    """Write a running job."""
    connection.execute(
        "INSERT INTO job (id, actor, action, arguments, state, started_at) VALUES (?, ?, ?, ?, 'running', ?)",
        (job_id, actor, action, arguments, at),
    )


def job_progress(connection: Connection, job_id: str, done: int, total: int | None, note: str) -> None:
    """How far a job is."""
    connection.execute("UPDATE job SET done = ?, total = ?, note = ? WHERE id = ?", (done, total, note, job_id))


def end_job(connection: Connection, job_id: str, state: str, result: str, error: str, at: str) -> None:
    """How a job ended."""
    connection.execute(
        "UPDATE job SET state = ?, result = ?, error = ?, ended_at = ? WHERE id = ?",
        (state, result, error, at, job_id),
    )


def jobs(
    connection: Connection, actor: str, limit: int
) -> list[tuple[str, str, str, int, int | None, str, str, str, str | None]]:
    """Jobs, newest first; actor empty: everybody's."""
    return connection.execute(
        "SELECT id, action, state, done, total, note, error, started_at, ended_at FROM job "
        "WHERE (? = '' OR actor = ?) ORDER BY id DESC LIMIT ?",
        (actor, actor, limit),
    ).fetchall()


def interrupt_jobs(connection: Connection, at: str) -> int:
    """Close what a dead process left running; how many."""
    return connection.execute(
        "UPDATE job SET state = 'failed', error = 'Signalbox was stopped meanwhile. Run it again.', ended_at = ? "
        "WHERE state = 'running'",
        (at,),
    ).rowcount
