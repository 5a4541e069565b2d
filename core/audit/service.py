"""The record of what was done: chained, checked, searched, exported."""

from __future__ import annotations

import asyncio
import csv
import hmac
import io
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypedDict, cast

from core.audit import store
from core.audit.checkpoints import Checkpoint, Checkpoints
from core.audit.model import Export, Filter, Line, Verification
from core.audit.verify import check
from core.codec import canonical, indented, parse
from core.errors import InvalidInput
from core.ports import AuditEntry
from core.storage import Connection, Storage
from core.values import Json, moment, now, stamp

CHECKPOINT_LINES = 1_000
CHECKPOINT_S = 600.0
"""A checkpoint is written after so many lines or so many seconds, and when the process ends."""
EXPORT_LINES = 20_000
"""More lines than this do not go into one export."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Body(TypedDict):
    id: str
    at: str
    actor: str
    name: str
    kind: str
    through: str
    roles: list[str]
    network: str
    address: str
    agent: str
    action: str
    arguments: Json
    before: Json
    after: Json
    decision: str
    rule: str
    outcome: str
    result: str
    duration_ms: int
    parent: str


class Audit:
    """Implements the Auditor port. `key` chains the lines (32 bytes); whoever lacks it cannot mend a chain."""

    def __init__(self, storage: Storage, key: bytes, folder: Path | None = None) -> None:
        if len(key) < 32:
            raise InvalidInput(f"The record's key has {len(key)} bytes; it needs 32.")
        self._storage = storage
        self._key = key
        self._checkpoints = Checkpoints(folder or storage.path.parent / "audit-checkpoints", key)
        self._checkpointed = 0
        self._lines_since = 0  # an estimate: what is rolled back is counted too

    # ── Writing ──

    def record(self, connection: Connection, entry: AuditEntry) -> None:
        """Append one line inside the writer; the head is read there, so a rollback cannot falsify it."""
        number, segment, head = store.head(connection)
        month = stamp(entry.at)[:7]
        if month > segment:  # a clock that goes back stays in the newer month
            segment = month
            store.begin_segment(connection, segment, number + 1, head)
        body = canonical(_body(entry))
        mac = hmac.digest(self._key, head + body.encode(), sha256)
        store.append(connection, number + 1, segment, body, mac)
        self._lines_since += 1

    async def checkpoint(self) -> bool:
        """Remember outside the database how far the record is; False when nothing came since the last one."""
        number, segment, head = await self._storage.read(store.head)
        self._lines_since = 0
        if number in (0, self._checkpointed):
            return False
        line = Checkpoint(at=stamp(now()), number=number, segment=segment, head=head.hex())
        await asyncio.to_thread(self._checkpoints.append, line)
        self._checkpointed = number
        return True

    async def run(self, *, look_s: float = 5.0) -> None:
        """Write checkpoints until cancelled."""
        waited = 0.0
        while True:
            await asyncio.sleep(look_s)
            waited += look_s
            if waited >= CHECKPOINT_S or self._lines_since >= CHECKPOINT_LINES:
                waited = 0.0
                await self.checkpoint()

    # ── Reading ──

    async def lines(self, wanted: Filter, limit: int) -> tuple[Line, ...]:
        """Lines that fit, newest first."""
        rows = await self._storage.read(store.find, wanted, limit)
        return tuple(_line(number, segment, body) for number, segment, body, _ in rows)

    async def verify(self) -> Verification:
        """Check every line, month and checkpoint; about 1 s for 100,000 lines, read in pages."""
        checkpoints, faults = await asyncio.to_thread(self._checkpoints.read)
        return await check(self._storage, self._key, checkpoints, faults)

    async def export(self, wanted: Filter, form: Literal["csv", "json"]) -> Export:
        """Lines that fit as CSV, or as JSON with what a later check needs (segment, body, mac), newest first."""
        rows = await self._storage.read(store.find, wanted, EXPORT_LINES + 1)
        complete = len(rows) <= EXPORT_LINES
        rows = rows[:EXPORT_LINES]
        text = await asyncio.to_thread(_as_csv if form == "csv" else _as_json, rows)
        name = f"signalbox-activity-{now():%Y%m%d-%H%M%S}.{form}"
        return Export(filename=name, format=form, lines=len(rows), complete=complete, text=text)


def _body(entry: AuditEntry) -> _Body:
    actor = entry.actor
    return {
        "id": entry.id, "at": stamp(entry.at), "actor": actor.person_id, "name": actor.name,
        "kind": actor.kind.value, "through": actor.through, "roles": sorted(actor.roles),
        "network": entry.network, "address": entry.address, "agent": entry.agent, "action": entry.action,
        "arguments": entry.arguments, "before": entry.before, "after": entry.after,
        "decision": entry.decision, "rule": entry.rule, "outcome": entry.outcome, "result": entry.result,
        "duration_ms": entry.duration_ms, "parent": entry.parent,
    }  # fmt: skip


def _line(number: int, segment: str, body: str) -> Line:
    said = cast("_Body", parse(body))
    return Line(
        number=number, segment=segment, id=said["id"], at=moment(said["at"]), person_id=said["actor"],
        person=said["name"], kind=said["kind"], through=said["through"], network=said["network"],
        address=said["address"], agent=said["agent"], action=said["action"], arguments=said["arguments"],
        before=said["before"], after=said["after"], decision=said["decision"], rule=said["rule"],
        outcome=said["outcome"], result=said["result"], duration_ms=said["duration_ms"],
        parent=said["parent"],
    )  # fmt: skip


def _as_json(rows: list[store.Chained]) -> str:
    lines = [
        {"number": number, "segment": segment, "mac": mac.hex(), "body": parse(body)}
        for number, segment, body, mac in rows
    ]
    return indented(lines)


def _as_csv(rows: list[store.Chained]) -> str:
    names = tuple(_Body.__annotations__)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("number", "segment", *names, "mac"))
    for number, segment, body, mac in rows:
        said = cast("dict[str, Json]", parse(body))
        writer.writerow((number, segment, *(_cell(said[name]) for name in names), mac.hex()))
    return text.getvalue()


def _cell(value: Json) -> str:
    """A value as spreadsheet programs show it, never run it."""
    text = value if isinstance(value, str) else "" if value is None else canonical(value)
    return "'" + text if text.startswith(_FORMULA) else text
