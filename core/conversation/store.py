"""The conversations' SQL: pure functions of a connection."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from core.storage import Connection

_COLUMNS = (
    "e.id, e.conversation, e.network, e.place_kind, e.place_name, e.person_id, e.person_name, e.asked_at, e.question, "
    "e.action, e.reply, e.found, e.outcome, e.steps, e.answered_at"
)
Row = tuple[str, str, str, str, str, str, str, str, str, str, str, int, str, str, str, str, int, int]


def record(connection: Connection, row: tuple[str | int, ...]) -> None:
    """Write an exchange, or what became of it after an edit; columns as the table has them."""
    connection.execute(
        f"INSERT INTO exchange VALUES ({', '.join('?' * len(row))}) ON CONFLICT (id) DO UPDATE SET "
        "question = excluded.question, action = excluded.action, reply = excluded.reply, found = excluded.found, "
        "outcome = excluded.outcome, steps = excluded.steps, answered_at = excluded.answered_at",
        row,
    )


def _readable(places: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    marks = tuple(places)
    inside = ", ".join("?" * len(marks)) or "''"
    own = "(e.person_id = ? AND e.person_id <> '')"
    return f"(e.place_kind = 'public' OR {own} OR (e.place_kind = 'private' AND e.place IN ({inside})))", marks


def threads(
    connection: Connection, person_id: str, places: tuple[str, ...], network: str, unanswered: bool, limit: int
) -> list[tuple[str, str, str, str, str, str, str, int, int]]:
    """Conversations a person may read, the newest first."""
    readable, marks = _readable(places)
    return connection.execute(
        # The question is the last one this person may read, not the last of the conversation.
        "SELECT conversation, network, place_kind, place_name, person_name, "
        "(SELECT question FROM exchange WHERE id = last_id), last_at, exchanges, unanswered FROM ("
        "SELECT e.conversation, e.network, e.place_kind, max(e.place_name) AS place_name, "
        "max(e.person_name) AS person_name, max(e.id) AS last_id, max(e.answered_at) AS last_at, "
        "count(*) AS exchanges, sum(e.found = 0) AS unanswered FROM exchange e "
        f"WHERE {readable} AND (? = '' OR e.network = ?) GROUP BY e.conversation, e.network, e.place_kind "
        "HAVING (? = 0 OR sum(e.found = 0) > 0)) ORDER BY last_id DESC LIMIT ?",
        (person_id, *marks, network, network, int(unanswered), limit),
    ).fetchall()


def exchanges(
    connection: Connection, conversation: str, person_id: str, places: tuple[str, ...], limit: int
) -> list[Row]:
    """A conversation's exchanges a person may read, oldest first, with the state of each answer."""
    readable, marks = _readable(places)
    return connection.execute(
        f"SELECT {_COLUMNS}, coalesce(o.state, 'sent'), "
        "(SELECT count(*) FROM rating WHERE answer_id = e.id AND good = 1), "
        "(SELECT count(*) FROM rating WHERE answer_id = e.id AND good = 0) "
        "FROM exchange e LEFT JOIN outbox o ON o.about = e.id AND o.state <> 'dropped' "
        f"WHERE e.conversation = ? AND {readable} ORDER BY e.id DESC LIMIT ?",
        (conversation, person_id, *marks, limit),
    ).fetchall()[::-1]


def exchange(connection: Connection, exchange_id: str, person_id: str, places: tuple[str, ...]) -> Row | None:
    """One exchange, when the person may read it."""
    readable, marks = _readable(places)
    row: Row | None = connection.execute(
        f"SELECT {_COLUMNS}, 'sent', 0, 0 FROM exchange e WHERE e.id = ? AND {readable}",
        (exchange_id, person_id, *marks),
    ).fetchone()
    return row


def unanswered(
    connection: Connection, since: str, person_id: str, places: tuple[str, ...], limit: int
) -> list[tuple[str, str, str, str, str, str, str]]:
    """Questions nothing answered since a moment, newest first; last their place's kind and key."""
    readable, marks = _readable(places)
    return connection.execute(
        "SELECT e.id, e.question, e.person_name, e.place_name, e.asked_at, e.place_kind, e.place FROM exchange e "
        f"WHERE e.found = 0 AND e.answered_at >= ? AND {readable} ORDER BY e.id DESC LIMIT ?",
        (since, person_id, *marks, limit),
    ).fetchall()


def figures(connection: Connection, since: str, places: tuple[str, ...] | None) -> tuple[int, int, int, int, int]:
    """(answered, with sources, unanswered, failed, median ms) of questions since a moment.

    places None counts everything: numbers tell nobody what was said.
    """
    where = ""
    marks: tuple[str, ...] = ()
    if places is not None:
        inside = ", ".join("?" * len(places)) or "''"
        where, marks = f" AND (e.place_kind = 'public' OR e.place IN ({inside}))", places
    rows = connection.execute(
        "SELECT e.found, e.outcome, e.reply LIKE '%\"sources\":[{%', "
        "CAST((julianday(e.answered_at) - julianday(e.asked_at)) * 86400000 AS INTEGER) "
        f"FROM exchange e WHERE e.action = 'conversation.ask' AND e.answered_at >= ?{where}",
        (since, *marks),
    ).fetchall()
    times = [row[3] for row in rows if row[0]]
    return (
        sum(1 for row in rows if row[0] and row[1] == "answered"),
        sum(row[2] for row in rows),
        sum(1 for row in rows if not row[0]),
        sum(1 for row in rows if row[1] == "failed"),
        int(statistics.median(times)) if times else 0,
    )


def rate(connection: Connection, answer_id: str, person_id: str, good: bool, at: str) -> None:
    """Keep one thumb a person for an answer; the newer replaces the older."""
    connection.execute(
        "INSERT INTO rating (answer_id, person_id, good, at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (answer_id, person_id) DO UPDATE SET good = excluded.good, at = excluded.at",
        (answer_id, person_id, int(good), at),
    )


def unrate(connection: Connection, answer_id: str, person_id: str) -> None:
    """Take a thumb back."""
    connection.execute("DELETE FROM rating WHERE answer_id = ? AND person_id = ?", (answer_id, person_id))


def rating(connection: Connection, answer_id: str, person_id: str) -> bool | None:
    """The thumb a person gave, or None."""
    row = connection.execute(
        "SELECT good FROM rating WHERE answer_id = ? AND person_id = ?", (answer_id, person_id)
    ).fetchone()
    return bool(row[0]) if row else None


def aliases(connection: Connection) -> list[tuple[str, str]]:
    """(name, command) of every alias."""
    return connection.execute("SELECT name, command FROM alias ORDER BY name").fetchall()


def put_alias(connection: Connection, name: str, command: str, author: str, at: str) -> None:
    """Keep an alias; a newer one of the same name replaces it."""
    connection.execute(
        "INSERT INTO alias (name, command, author, at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET command = excluded.command, author = excluded.author, at = excluded.at",
        (name, command, author, at),
    )


def drop_alias(connection: Connection, name: str) -> None:
    """Forget an alias."""
    connection.execute("DELETE FROM alias WHERE name = ?", (name,))


def took_part(connection: Connection, conversation: str) -> bool:
    """Whether the bot answered in this conversation before."""
    return bool(connection.execute("SELECT 1 FROM exchange WHERE conversation = ? LIMIT 1", (conversation,)).fetchone())
