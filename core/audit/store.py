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
    connection.execute("INSERT INTO audit_segment (segment, first, start) VALUES (?, ?, ?)", (segment, first, start))


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
    terms = _terms(wanted)
    where = " AND ".join(term for term, _ in terms) or "1"
    values = [value for _, given in terms for value in given]
    return connection.execute(
        f"SELECT number, segment, body, mac FROM audit_line WHERE {where} ORDER BY number DESC LIMIT ?",
        (*values, limit),
    ).fetchall()


def _terms(wanted: Filter) -> list[tuple[str, tuple[object, ...]]]:
    """A condition and its values for each part of the filter that is set."""
    whole_area = wanted.action.endswith(".*")
    every: tuple[tuple[object, str, tuple[object, ...]], ...] = (
        (
            wanted.person,
            "(person = ? OR body ->> '$.name' LIKE ? ESCAPE '!')",
            (wanted.person, _like(wanted.person)),
        ),
        (whole_area, "action LIKE ? ESCAPE '!'", (_escaped(wanted.action[:-1]) + "%",)),
        (wanted.action and not whole_area, "action = ?", (wanted.action,)),
        (wanted.outcome, "outcome = ?", (wanted.outcome,)),
        (wanted.network, "network = ?", (wanted.network,)),
        (wanted.text, "body LIKE ? ESCAPE '!'", (_like(wanted.text),)),
        (wanted.since, "at >= ?", (wanted.since and stamp(wanted.since),)),
        (wanted.until, "at < ?", (wanted.until and stamp(wanted.until),)),
        (wanted.below, "number < ?", (wanted.below,)),
    )
    return [(term, values) for given, term, values in every if given]


def _like(text: str) -> str:
    return f"%{_escaped(text)}%"


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
