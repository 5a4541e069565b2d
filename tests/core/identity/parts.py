"""Identity with the real database, record and door around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.actions import Context, Door
from core.actions import actions as door_actions
from core.actions.definition import define
from core.audit import Audit, Filter, Line
from core.bus import Bus, Listener
from core.config import Settings
from core.errors import ConfirmationNeeded
from core.events import PersonChanged, SomebodyUnknown
from core.identity import (
    Access,
    Admission,
    Admissions,
    Identity,
    People,
    Person,
    PersonLimits,
    Role,
    access_actions,
    actions,
)
from core.outbox import Outbox
from core.storage import Storage, bring_up_to_date
from core.values import Actor, Caller, CallerKind, Json, Place, Sender

KEY = b"j" * 32
OPS = Place(network="slack", workspace_id="T1", channel_id="C1", kind="public")


def caller(person: Person, kind: CallerKind = CallerKind.PERSON) -> Caller:
    return Caller(network="room", external_id=person.id, kind=kind)


def sender(external_id: str = "T1/U9", **more: object) -> Sender:
    return replace(Sender(network="slack", external_id=external_id, name="Zoe", kind="member"), **more)  # type: ignore[arg-type]


@dataclass(kw_only=True)
class House:
    storage: Storage
    audit: Audit
    door: Door
    identity: Identity
    people: People
    admissions: Admissions
    access: Access
    bus: Bus
    events: Listener
    owner: Person
    made: dict[str, Person] = field(default_factory=dict)

    async def run(self, name: str, /, by: Person | None = None, at: Place | None = None, **given: Json) -> object:
        """What a command answers; a yes is given where it asks for one."""
        return await self.call(name, given, by, at)

    async def call(
        self, name: str, given: Mapping[str, Json], by: Person | None = None, at: Place | None = None
    ) -> object:
        """As `run`, with the arguments in one."""
        ctx = Context(caller=caller(by or self.owner), place=at)
        try:
            return (await self.door.dispatch(ctx, name, given)).value
        except ConfirmationNeeded as asked:
            return (await self.door.dispatch(replace(ctx, confirm=asked.confirmation_id), name, given)).value

    async def person(self, name: str, role: Role, email: str = "") -> Person:
        found = await self.run("people.add", name=name, email=email, role=str(role))
        assert isinstance(found, Person)
        return found

    async def actor(self, person: Person) -> Actor:
        return await self.identity.identify(caller(person))

    async def admit(self, who: Sender, place: Place = OPS) -> Admission:
        unit = self.door.open_unit()
        admission = await self.admissions.admit(unit, who, place)
        await unit.commit()
        return admission

    async def record(self, action: str) -> tuple[Line, ...]:
        return await self.audit.lines(Filter(action=action), 100)


@asynccontextmanager
async def house(folder: Path, **settings: object) -> AsyncIterator[House]:
    bring_up_to_date(folder / "signalbox.db", folder / "backups", "0")
    storage = Storage(folder / "signalbox.db")
    storage.start()
    tree = Settings.model_validate({"home": folder, **settings})
    bus = Bus(storage)
    audit = Audit(storage, b"a" * 32)
    identity = Identity(storage, bus, tree)
    access = Access(identity, storage, audit, KEY)
    try:
        people, admissions = People(identity), Admissions(identity, storage)
        door = Door(
            storage=storage, outbox=Outbox(storage, bus), bus=bus, identifier=identity, authoriser=identity,
            auditor=audit, limiter=PersonLimits(tree),
        )  # fmt: skip
        for service in (storage, door, identity, people, admissions, access):
            door.provide(service)
        for module in (actions, access_actions):
            door.registry.add_module(module)
        for one in (door_actions.undo, door_actions.echo):
            door.registry.add(define(one, frozenset({Door, Storage})))
        events = bus.subscribe("test", PersonChanged, SomebodyUnknown)
        owner = await identity.ensure_owner()
        yield House(
            storage=storage, audit=audit, door=door, identity=identity, people=people, admissions=admissions,
            access=access, bus=bus, events=events, owner=owner,
        )  # fmt: skip
    finally:
        access.close()
        await storage.close()
