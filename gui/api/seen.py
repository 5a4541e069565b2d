"""The SQL of webhooks: which deliveries came in before. Pure functions of a connection."""

from __future__ import annotations

from core.bus import Bus
from core.errors import Conflict
from core.events import HookReceived
from core.storage import Connection
from core.values import stamp

KEPT_DAYS = 30


def receive(connection: Connection, bus: Bus, event: HookReceived, signature: str, before: str) -> bool:
    """Write a delivery with the event that hands it on; False when its id came before.

    Raises Conflict for an exact copy. Marks older than `before` are removed, at most 50 a call.
    """
    connection.execute(
        "DELETE FROM hook_seen WHERE (source, mark) IN (SELECT source, mark FROM hook_seen WHERE at < ? LIMIT 50)",
        (before,),
    )
    at = stamp(event.at)
    if not _mark(connection, event.source, f"signature:{signature}", at):
        raise Conflict("This delivery was received before. Nothing was done again.", hint="Sign a new one.")
    if event.delivery_id and not _mark(connection, event.source, f"id:{event.delivery_id}", at):
        return False
    bus.record(connection, event)
    return True


def _mark(connection: Connection, source: str, mark: str, at: str) -> bool:
    done = connection.execute(
        "INSERT INTO hook_seen (source, mark, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (source, mark, at)
    )
    return done.rowcount == 1
