"""The record's SQL: pure functions of a connection."""

from __future__ import annotations

from core.audit.model import Filter
from core.storage import Connection, long_read
from core.values import stamp

START = bytes(32)
"""What the first line of all is chained to."""

Chained = tuple[int, str, str, bytes]
"""(number, segment, body, mac) of a line."""


def head(connection: Connection) -> tuple[int, str, bytes]:
    """(number, segment, mac) of the last line; (0, "", START) when there is none."""
    row: tuple[int, str, bytes] | None = connection.execute(
        "SELECT number, segment, mac FROM audit_line ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return row or (0, "", START)


def append(connection: Connection, number: int, segment: str, body: str, mac: bytes) -> None:
    """Write one line."""
    connection.execute(
        "INSERT INTO audit_line (number, segment, body, mac) VALUES (?, ?, ?, ?)",
        (number, segment, body, mac),
    )


def begin_segment(connection: Connection, segment: str, first: int, start: bytes) -> None:
    """Write where a month begins and what it is chained to."""
    connection.execute(
        "INSERT INTO audit_segment (segment, first, start) VALUES (?, ?, ?)", (segment, first, start)
    )


def segments(connection: Connection) -> dict[str, tuple[int, bytes]]:
    """Month → (number of its first line, what that is chained to)."""
    rows = connection.execute("SELECT segment, first, start FROM audit_segment").fetchall()
    return {segment: (first, start) for segment, first, start in rows}


def chained(connection: Connection, after: int, limit: int) -> list[Chained]:
    """Lines in order, beginning behind a number."""
    return connection.execute(
        "SELECT number, segment, body, mac FROM audit_line WHERE number > ? ORDER BY number LIMIT ?",
        (after, limit),
    ).fetchall()


@long_read
def find(connection: Connection, wanted: Filter, limit: int) -> list[tuple[int, str, str, bytes]]:
    """Lines that fit, newest first."""
    terms: list[tuple[str, tuple[object, ...]]] = []
    if wanted.person:
        name = _like(wanted.person)
        terms.append(("(person = ? OR body ->> '$.name' LIKE ? ESCAPE '!')", (wanted.person, name)))
    if wanted.action.endswith(".*"):
        terms.append(("action LIKE ? ESCAPE '!'", (_escaped(wanted.action[:-1]) + "%",)))
    elif wanted.action:
        terms.append(("action = ?", (wanted.action,)))
    if wanted.outcome:
        terms.append(("outcome = ?", (wanted.outcome,)))
    if wanted.network:
        terms.append(("network = ?", (wanted.network,)))
    if wanted.text:
        terms.append(("body LIKE ? ESCAPE '!'", (_like(wanted.text),)))
    if wanted.since is not None:
        terms.append(("at >= ?", (stamp(wanted.since),)))
    if wanted.until is not None:
        terms.append(("at < ?", (stamp(wanted.until),)))
    if wanted.below:
        terms.append(("number < ?", (wanted.below,)))
    where = " AND ".join(term for term, _ in terms) or "1"
    values = [value for _, given in terms for value in given]
    return connection.execute(
        f"SELECT number, segment, body, mac FROM audit_line WHERE {where} ORDER BY number DESC LIMIT ?",
        (*values, limit),
    ).fetchall()


def _like(text: str) -> str:
    return f"%{_escaped(text)}%"


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
