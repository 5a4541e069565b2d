"""Entries and a fresh database for the record's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.audit import Audit
from core.ports import AuditEntry
from core.storage import Connection, Storage, bring_up_to_date, connect
from core.values import Actor, new_id

KEY = bytes(range(32))
ANN = Actor(person_id="p-ann", name="Ann", roles=frozenset({"owner"}))
BEGIN = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def entry(number: int = 0, *, action: str = "notes.add", outcome: str = "ok", actor: Actor = ANN) -> AuditEntry:
    """One deed, six hours after the one before."""
    return AuditEntry(
        id=new_id(), at=BEGIN + timedelta(hours=6 * number), actor=actor, network="slack", address="slack:T1/C1",
        agent="", action=action, arguments={"text": f"note {number}", "n": number}, decision="allowed",
        rule="role owner has *", outcome=outcome, result="…",
    )  # fmt: skip


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Storage, Audit]]:
    bring_up_to_date(folder / "signalbox.db", folder / "backups", "0")
    storage = Storage(folder / "signalbox.db")
    storage.start()
    try:
        yield storage, Audit(storage, KEY)
    finally:
        await storage.close()


async def fill(storage: Storage, audit: Audit, count: int) -> None:
    for number in range(count):
        await storage.write(audit.record, entry(number))


def damage(folder: Path, *statements: str) -> None:
    """Change the file behind the program's back."""
    connection: Connection = connect(folder / "signalbox.db")
    try:
        for statement in statements:
            connection.execute(statement)
    finally:
        connection.close()


def later(one: AuditEntry, hours: float) -> AuditEntry:
    return replace(one, at=one.at + timedelta(hours=hours))
