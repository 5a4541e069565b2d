"""A scheduler with real storage, bus, outbox and door, and a clock that tests move."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.actions import Context, Door, Unit, action
from core.bus import Bus, Listener, Policy
from core.errors import InvalidInput
from core.events import Event
from core.outbox import Outbox
from core.scheduler import DoorRun, Scheduler, actions, store
from core.scheduler.model import Missed, Overlap, Schedule, SlotView
from core.scheduler.triggers import Cron, Every, Trigger, write
from core.storage import Connection, Storage, bring_up_to_date
from core.values import Actor, Address, Caller, Effect, Message, Place, Reply, Table, new_id
from tests.core.scheduler.people import FakeAuditor, FakeAuthoriser, FakeIdentifier, FakeLimiter

BEGIN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
OPS = Place(network="slack", channel_id="C1", workspace_id="T1", kind="public", name="ops")
ADMINS = Place(network="slack", channel_id="D9", workspace_id="T1", kind="direct")
DIRECT = Place(network="slack", channel_id="D1", workspace_id="T1", kind="direct", name="ann")
ANN = Actor(person_id="p-ann", name="Ann", roles=frozenset({"operator"}), timezone="Europe/Berlin")
MIA = Actor(person_id="p-mia", name="Mia", roles=frozenset({"member"}))


class FakeClock:
    """Time that stands still until it is moved."""

    def __init__(self, at: datetime = BEGIN) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


class FakeAddressBook:
    """Knows #ops and that is it."""

    async def find(self, text: str, *, actor: Actor, place: Place | None) -> Address:
        if text.endswith("#ops"):
            return Address(place=OPS)
        raise InvalidInput(f"No channel is called {text!r}.")


class FakeAdmins:
    """One admin, written to directly."""

    async def addresses(self) -> tuple[Address, ...]:
        return (Address(place=ADMINS),)


def say(value: object) -> Reply:
    """What an action returned, as the simplest reply."""
    return value if isinstance(value, Reply) else Reply(text=str(value))


class Bell:
    """Counts, waits and fails as told: what the test actions use."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.gate: asyncio.Event | None = None
        self.errors: list[Exception] = []
        self.reply = Reply(text="ding")


@action("bell.ring", permission="reports.read", effect=Effect.READ)
async def ring(bell: Bell, ctx: Context, *, tone: str = "low") -> Reply:
    """Ring the bell.

    tone: low or high.
    """
    bell.rung.append(f"{tone} for {ctx.actor.name} in {ctx.place.key if ctx.place else 'nowhere'}")
    if bell.gate is not None:
        await bell.gate.wait()
    if bell.errors:
        raise bell.errors.pop(0)
    return bell.reply


@action("bell.hang", permission="schedules.write", effect=Effect.WRITE)
async def hang(bell: Bell, ctx: Context, unit: Unit) -> Reply:
    """Hang the bell up."""
    bell.rung.append(ctx.key)
    unit.do(_nothing)
    return Reply(text="", table=Table(headings=("bell",), rows=(("hung",),)))


@action("bell.melt", permission="schedules.write", effect=Effect.DESTROY)
async def melt(bell: Bell) -> str:
    """Melt the bell."""
    return "gone"


def _nothing(connection: Connection) -> None:
    return None


@dataclass(slots=True)
class House:
    """Everything a test of the scheduler touches."""

    storage: Storage
    bus: Bus
    outbox: Outbox
    door: Door
    scheduler: Scheduler
    identifier: FakeIdentifier
    limiter: FakeLimiter
    clock: FakeClock
    bell: Bell
    events: Listener
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def ctx(self, actor: Actor = ANN, place: Place | None = OPS, *, key: str = "", simulate: bool = False) -> Context:
        return Context(
            caller=Caller(network="slack", external_id=actor.person_id), place=place, key=key, simulate=simulate
        )

    async def do(self, name: str, actor: Actor = ANN, place: Place | None = OPS, /, **arguments: object) -> object:
        return (await self.door.dispatch(self.ctx(actor, place), name, arguments)).value  # type: ignore[arg-type]

    async def put(self, trigger: Trigger | None = None, **changes: object) -> Schedule:
        """A schedule written straight to the table; by default every 15 minutes from BEGIN."""
        schedule = made(trigger, **changes)
        await self.storage.write(store.insert, schedule)
        return schedule

    async def start(self) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self.scheduler.run())
        self.tasks.append(task)
        return task

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self.tasks.clear()

    async def run_due(self) -> None:
        """Run what is due at the clock's time to its end, in a process that lives just as long."""
        await self.start()
        await asyncio.wait_for(self.scheduler.ready.wait(), 10)
        await self.scheduler.idle()
        await self.stop()

    async def history(self, name: str = "bell") -> list[SlotView]:
        one = await self.storage.read(store.by_name, name)
        assert one is not None
        return list(reversed(await self.storage.read(store.history, one.id, 500)))

    async def states(self, name: str = "bell") -> list[str]:
        return [slot.state for slot in await self.history(name)]

    async def posted(self) -> list[Message]:
        from core.codec import decode

        rows = await self.storage.read(_bodies)
        return [decode(Message, body) for body in rows]

    def heard(self, kind: type[Event]) -> list[Event]:
        waiting = [event for lane in self.events._lanes for event in lane]
        return [event for event in waiting if isinstance(event, kind)]


def _bodies(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT body FROM outbox ORDER BY created_at, id").fetchall()]


def made(trigger: Trigger | None = None, **changes: object) -> Schedule:
    trigger = trigger or Every(every_s=900, anchor=BEGIN)
    kind, spec = write(trigger)
    if "next_due" not in changes:
        changes["next_due"] = trigger.next_after(BEGIN)
    timezone = trigger.timezone if isinstance(trigger, Cron) else "UTC"
    values: dict[str, object] = {
        "id": new_id(), "name": "bell", "owner": "p-ann", "kind": kind, "spec": spec, "said": "", "timezone": timezone,
        "action": "bell.ring", "arguments": {}, "sent_to": "slack:#ops", "address": Address(place=OPS),
        "elsewhere": False, "missed": Missed.DEFAULT, "overlap": Overlap.SKIP, "paused": "", "created_at": BEGIN,
    }  # fmt: skip
    return Schedule(**{**values, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def opened(
    folder: Path, *, clock: Callable[[], datetime] | None = None, run: object = None
) -> AsyncIterator[House]:
    """A house on `folder`; opened twice it is the same database."""
    database = folder / "signalbox.db"
    bring_up_to_date(database, folder / "backups", "0")
    storage = Storage(database)
    storage.start()
    bus = Bus(storage)
    outbox = Outbox(storage, bus)
    identifier, limiter, bell = FakeIdentifier(ANN, MIA), FakeLimiter(), Bell()
    door = Door(
        storage=storage, outbox=outbox, bus=bus, identifier=identifier, authoriser=FakeAuthoriser(),
        auditor=FakeAuditor(), limiter=limiter,
    )  # fmt: skip
    fake_clock = clock if isinstance(clock, FakeClock) else FakeClock()
    scheduler = Scheduler(
        storage=storage, outbox=outbox, bus=bus, run=run or DoorRun(door, say), addresses=FakeAddressBook(),  # type: ignore[arg-type]
        admins=FakeAdmins(), say=say, clock=clock or fake_clock,
    )  # fmt: skip
    for service in (scheduler, door, bell):
        door.provide(service)
    door.registry.add_module(actions)
    door.registry.add_module(sys.modules[__name__])
    house = House(
        storage=storage, bus=bus, outbox=outbox, door=door, scheduler=scheduler, identifier=identifier,
        limiter=limiter, clock=fake_clock, bell=bell,
        events=bus.subscribe("test", policy=Policy.DROP_OLDEST, bound=5_000),
    )  # fmt: skip
    try:
        yield house
    finally:
        await house.stop()
        await storage.close()
