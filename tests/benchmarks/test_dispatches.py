"""Dispatches through the whole chain: a note, a message, an arrival's mark, a key and the record in one unit.

The floor is the same five writes by hand, each set in a transaction of its own: no chain, no rights, no loop.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.actions import Context, Door, Unit, action
from core.actions import store as keys
from core.actions.definition import define
from core.audit import Audit
from core.bus import Bus
from core.config import load_settings
from core.identity import Identity
from core.inbox import mark_done
from core.outbox import Outbox
from core.ports import AuditEntry
from core.storage import Connection, Storage, connect
from core.values import Actor, Address, Caller, Effect, Message, Place, Reply, new_id, now, stamp
from tests.benchmarks.measure import in_turns, per_second, ratios
from tests.benchmarks.table import Row, Table
from tests.fakes.ports import FakeLimiter

pytestmark = pytest.mark.bench

PLACE = Place(network="room", channel_id="C1", kind="direct")
TEXT = "The door code changes on Monday. " * 3
FLOORS = {1: 0.2, 32: 1.5, 1_000: 1.5}
TOTALS = {1: 150, 32: 1_600, 1_000: 3_000}


def insert(connection: Connection, note_id: str, text: str) -> None:
    connection.execute("INSERT INTO written (id, body) VALUES (?, ?)", (note_id, text))


def message(about: str) -> Message:
    return Message(id=new_id(), address=Address(place=PLACE), reply=Reply(text=TEXT), about=about, created_at=now())


@action("bench.note", permission="knowledge.write", effect=Effect.WRITE)
async def add_note(unit: Unit, text: str, arrival: str) -> str:
    """Write a note and answer the arrival it came in.

    text: what to remember.
    arrival: the arrival's id.
    """
    note_id = new_id()
    unit.do(insert, note_id, text)
    unit.send(message(arrival))
    unit.do(mark_done, arrival, "answered", stamp(now()))
    return note_id


@pytest.fixture
async def door(storage: Storage, tmp_path: Path) -> tuple[Door, Caller, Audit, Outbox]:
    await storage.write(
        lambda db: db.execute("CREATE TABLE written (id TEXT PRIMARY KEY, body TEXT) STRICT, WITHOUT ROWID") and None
    )
    bus = Bus(storage)
    outbox, identity = Outbox(storage, bus), Identity(storage, bus, load_settings(str(tmp_path / "home")))
    owner, audit = await identity.ensure_owner(), Audit(storage, b"k" * 32, tmp_path / "checkpoints")
    one = Door(
        storage=storage, outbox=outbox, bus=bus, identifier=identity, authoriser=identity, auditor=audit,
        limiter=FakeLimiter(10**9),
    )  # fmt: skip
    one.registry.add(define(add_note, frozenset()))
    return one, Caller(network="room", external_id=owner.id), audit, outbox


async def test_a_dispatch_costs_little_more_than_its_writes(
    storage: Storage, door: tuple[Door, Caller, Audit, Outbox], table: Table
) -> None:
    one, caller, audit, outbox = door
    actor = Actor(person_id=caller.external_id, name="You", roles=frozenset({"owner"}))

    async def dispatch(_: int) -> None:
        arrival = new_id()
        await one.dispatch(
            Context(caller=caller, place=PLACE, key=arrival), "bench.note", {"text": TEXT, "arrival": arrival}
        )

    async def by_hand() -> float:
        connection = connect(storage.path)
        started = time.perf_counter()
        for _ in range(150):
            arrival, at = new_id(), stamp(now())
            entry = AuditEntry(
                id=new_id(), at=now(), actor=actor, network="room", address="", agent="", action="bench.note",
                arguments={"text": TEXT, "arrival": arrival}, outcome="ok",
            )  # fmt: skip
            connection.execute("BEGIN IMMEDIATE")
            keys.remember_done(connection, actor.person_id, "bench.note", arrival, "h" * 64, '"x"', at)
            outbox.insert(connection, message(arrival))
            insert(connection, new_id(), TEXT)
            mark_done(connection, arrival, "answered", at)
            audit.record(connection, entry)
            connection.execute("COMMIT")
        took_s = time.perf_counter() - started
        connection.close()
        return 150 / took_s

    figures = await in_turns(
        5,
        by_hand=by_hand,
        one=lambda: per_second(1, TOTALS[1], dispatch),
        some=lambda: per_second(32, TOTALS[32], dispatch),
        many=lambda: per_second(1_000, TOTALS[1_000], dispatch),
    )
    times = ratios(figures, "by_hand")
    for name, producers in (("one", 1), ("some", 32), ("many", 1_000)):
        table.add(
            Row(
                what=f"dispatches/s, {producers:,} caller{'s' if producers > 1 else ''}",
                figure=f"{figures[name]:,.0f}/s",
                peer=f"the same five writes by hand, one transaction a set: {figures['by_hand']:,.0f}/s",
                ratio=times[name],
                aim="",
                met=None,
            )
        )
    for name, producers in (("one", 1), ("some", 32), ("many", 1_000)):
        assert times[name] >= FLOORS[producers], figures
