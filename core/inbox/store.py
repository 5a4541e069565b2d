"""The inbox's SQL: pure functions of a connection."""

from __future__ import annotations

from core.storage import Connection
from core.values import Incoming, IncomingKind, stamp


def keys_of(incoming: Incoming) -> tuple[str, ...]:
    """What makes two arrivals the same: the delivery's id, and for a message the message itself.

    History knows no delivery ids, so a message seen there and in an event meets in the second key.
    """
    place = incoming.place
    keys = [f"{place.network}:event:{incoming.event_id}"] if incoming.event_id else []
    if incoming.kind is IncomingKind.MESSAGE:
        keys.append(f"{place.key}:message:{incoming.message_id}")
    elif incoming.kind is IncomingKind.DELETE:
        keys.append(f"{place.key}:delete:{incoming.message_id}")
    elif incoming.kind is IncomingKind.EDIT:
        keys.append(f"{place.key}:edit:{incoming.message_id}:{stamp(incoming.sent_at)}")
    return tuple(keys)


def insert(connection: Connection, incoming: Incoming, body: str) -> bool:
    """Write an arrival; False when one of its keys is there already."""
    for key in keys_of(incoming):
        if connection.execute("SELECT 1 FROM inbox_key WHERE key = ?", (key,)).fetchone():
            return False
    place = incoming.place
    connection.execute(
        "INSERT INTO inbox (id, network, place, conversation, message_id, kind, body, sent_at, received_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            incoming.id,
            place.network,
            place.key,
            place.conversation,
            incoming.message_id,
            incoming.kind.value,
            body,
            stamp(incoming.sent_at),
            stamp(incoming.received_at),
        ),
    )
    connection.executemany(
        "INSERT INTO inbox_key (key, inbox_id) VALUES (?, ?)",
        [(key, incoming.id) for key in keys_of(incoming)],
    )
    return True


def mark_done(connection: Connection, incoming_id: str, outcome: str, at: str) -> None:
    """Take an arrival off the list: answered, ignored with a reason, withdrawn."""
    connection.execute(
        "UPDATE inbox SET state = CASE WHEN ?1 LIKE 'ignored%' THEN 'ignored' WHEN ?1 = 'asked' THEN 'asked' "
        "ELSE 'done' END, outcome = ?1, done_at = ?2 WHERE id = ?3",
        (outcome, at, incoming_id),
    )


def set_placeholder(connection: Connection, incoming_id: str, message_id: str) -> None:
    """Remember the message that will become the answer, so that a restart edits it."""
    connection.execute("UPDATE inbox SET placeholder = ? WHERE id = ?", (message_id, incoming_id))


def hide(connection: Connection, incoming_id: str, body: str) -> None:
    """Write an arrival anew without the secret that was typed in it."""
    connection.execute("UPDATE inbox SET body = ? WHERE id = ?", (body, incoming_id))


def list_asked(connection: Connection, incoming_ids: list[str]) -> None:
    """Remember that these old arrivals were listed to their people."""
    connection.executemany("UPDATE inbox SET outcome = 'listed' WHERE id = ?", [(one,) for one in incoming_ids])


def wake(connection: Connection, incoming_id: str, body: str, sent_at: str) -> None:
    """Put a listed arrival back to be answered, as if it was sent now."""
    connection.execute(
        "UPDATE inbox SET state = 'waiting', outcome = '', done_at = NULL, body = ?, sent_at = ? "
        "WHERE id = ? AND state = 'asked'",
        (body, sent_at, incoming_id),
    )


def drop_asked(connection: Connection, incoming_ids: list[str], at: str) -> None:
    """Leave listed arrivals unanswered, because somebody said so."""
    connection.executemany(
        "UPDATE inbox SET state = 'ignored', outcome = 'ignored: dropped', done_at = ? "
        "WHERE id = ? AND state = 'asked'",
        [(at, one) for one in incoming_ids],
    )


def asked(connection: Connection, outcome: str, place: str) -> list[tuple[str, str]]:
    """(id, body) of old arrivals that wait for a person's choice.

    outcome: asked (not listed yet) or listed; place empty: all.
    """
    return connection.execute(
        "SELECT id, body FROM inbox WHERE state = 'asked' AND outcome = ? AND (? = '' OR place = ?) ORDER BY id",
        (outcome, place, place),
    ).fetchall()


def waiting(connection: Connection) -> list[tuple[str, str]]:
    """(body, placeholder) of everything that waits, oldest first."""
    return connection.execute("SELECT body, placeholder FROM inbox WHERE state = 'waiting' ORDER BY id").fetchall()


def body_of(connection: Connection, incoming_id: str) -> tuple[str, str, str] | None:
    """(body, state, placeholder) of one arrival."""
    row: tuple[str, str, str] | None = connection.execute(
        "SELECT body, state, placeholder FROM inbox WHERE id = ?", (incoming_id,)
    ).fetchone()
    return row


def by_message(connection: Connection, network: str, place: str, message_id: str) -> tuple[str, str] | None:
    """(id, state) of the message with the network's id."""
    row: tuple[str, str] | None = connection.execute(
        "SELECT id, state FROM inbox WHERE network = ? AND place = ? AND message_id = ? AND kind = 'message'",
        (network, place, message_id),
    ).fetchone()
    return row


def newest_by_place(connection: Connection, network: str) -> list[tuple[str, str, str]]:
    """(place, message id, sent at) of the last message known in each place: where history is read from."""
    return connection.execute(
        "SELECT place, message_id, max(sent_at) FROM inbox WHERE network = ? AND kind = 'message' GROUP BY place",
        (network,),
    ).fetchall()


def oldest_waiting(connection: Connection) -> str | None:
    """When the oldest waiting arrival came in."""
    row = connection.execute("SELECT min(received_at) FROM inbox WHERE state = 'waiting'").fetchone()
    return str(row[0]) if row[0] else None
