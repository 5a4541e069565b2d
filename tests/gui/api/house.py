"""The API on real storage, bus and door, with fakes of who signs in and who answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx

from core.actions import Answers, Door
from core.bus import Bus
from core.config import Settings
from core.errors import NotSignedIn
from core.events import ActionDone
from core.observability.metrics import Metrics
from core.outbox import Outbox
from core.storage import Connection, Storage, bring_up_to_date
from core.values import Caller, Json, ProducedBy, Reply, Sink, Source, now
from gui.api.app import Api
from gui.api.guard import Guard
from gui.api.parts import Issued, Parts
from gui.front import Front
from tests.fakes.ports import FakeAuditor, FakeIdentity, FakeLimiter
from tests.gui.api import actions_under_test

ANN = {"Authorization": "Bearer ann-token"}
BOB = {"Authorization": "Bearer bob-token"}
BASE = "http://127.0.0.1:8321"


@dataclass
class FakeSignIn:
    """Ann and Bob have tokens; Ann has a session."""

    tokens: dict[str, str] = field(default_factory=lambda: {"ann-token": "ann", "bob-token": "bob"})
    sessions: dict[str, str] = field(default_factory=lambda: {"ann-session": "ann"})
    tries: int = 0

    async def bearer(self, token: str) -> Caller | None:
        return Caller(network="api", external_id=self.tokens[token]) if token in self.tokens else None

    async def session(self, token: str) -> Caller | None:
        return Caller(network="room", external_id=self.sessions[token]) if token in self.sessions else None

    async def issue(self, email: str, password: str, *, address: str, agent: str) -> Issued:
        self.tries += 1
        if (email, password) != ("ann@example.org", "right horse"):
            raise NotSignedIn("That e-mail address and password do not go together.")
        return Issued(token="ann-token", expires_at=now() + timedelta(minutes=15))


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeSaid:
    reply: Reply
    incoming_id: str
    conversation: str
    outcome: str = "answered"


class FakeTalk:
    """Answers with the text and one source, after two pieces of it."""

    async def say(
        self,
        caller: Caller,
        text: str,
        *,
        network: str,
        conversation: str = "",
        key: str = "",
        sink: Sink | None = None,
        address: str = "",
        agent: str = "",
    ) -> FakeSaid:
        if sink is not None:
            sink.text("24 ")
            sink.text("days.")
        source = Source(id="s1", title="Leave", location="wiki/leave.md")
        reply = Reply(text=f"24 days. ({text})", sources=(source,), produced_by=ProducedBy(label="quotes only"))
        return FakeSaid(reply=reply, incoming_id="i1", conversation=conversation or f"{network}-new")


@dataclass
class FakeSecrets:
    """Holds secrets by name and remembers what they were used for."""

    known: dict[str, str] = field(default_factory=dict)
    uses: list[tuple[str, str]] = field(default_factory=list)

    async def secret(self, name: str, *, purpose: str) -> str | None:
        if name in self.known:
            self.uses.append((name, purpose))
        return self.known.get(name)


@dataclass(kw_only=True)
class House:
    """What a test of the API works with."""

    storage: Storage
    bus: Bus
    door: Door
    identity: FakeIdentity
    auditor: FakeAuditor
    sign_in: FakeSignIn
    secrets: FakeSecrets
    api: Api
    front: Front
    app: Guard

    @asynccontextmanager
    async def client(self, address: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=self.app, client=(address, 5000))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            yield client

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(keep(start)) for start in self.api.parts_to_run.values()]
            await asyncio.sleep(0)
            yield
            for task in tasks:
                task.cancel()

    async def noted(self, *texts: str) -> None:
        """Wait until these notes are on the disk, and no others."""
        async with asyncio.timeout(5):
            while await self.notes() != list(texts):
                await asyncio.sleep(0.005)

    async def notes(self) -> list[str]:
        return await self.storage.read(_notes)


def _notes(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT value FROM meta WHERE name LIKE 'note-%' ORDER BY name").fetchall()
    return [str(row[0]) for row in rows]


@asynccontextmanager
async def house(path: Path, **settings: object) -> AsyncIterator[House]:
    """The API on a database in `path`; called again on the same path it is the next process."""
    database = path / "signalbox.db"
    bring_up_to_date(database, path / "backups", "0")
    storage = Storage(database)
    storage.start()
    try:
        yield _built(storage, Settings.model_validate({"home": path, **settings}))
    finally:
        await storage.close()


def _built(storage: Storage, settings: Settings) -> House:
    bus, identity, auditor = Bus(storage), FakeIdentity(), FakeAuditor()
    identity.people["github"] = identity.people["bob"]
    door = Door(
        storage=storage,
        outbox=Outbox(storage, bus),
        bus=bus,
        identifier=identity,
        authoriser=identity,
        auditor=auditor,
        limiter=FakeLimiter(),
    )
    door.registry.add_module(actions_under_test)
    sign_in, secrets, metrics = FakeSignIn(), FakeSecrets(), Metrics()
    said: dict[str, Json] = {"status": "ok"}
    api = Api(
        Parts(
            settings=settings,
            storage=storage,
            bus=bus,
            door=door,
            answers=Answers(door, storage),
            authoriser=identity,
            sign_in=sign_in,
            talk=FakeTalk(),
            secrets=secrets,
            status=lambda: said,
            figures=metrics.render,
        )
    )
    front = Front(lambda: said, trusted_proxy=settings.trusted_proxy)
    front.open_api(api, api.gate.limit)
    return House(
        storage=storage,
        bus=bus,
        door=door,
        identity=identity,
        auditor=auditor,
        sign_in=sign_in,
        secrets=secrets,
        api=api,
        front=front,
        app=Guard(front, hosts=settings.hosts, trusted_proxy=settings.trusted_proxy),
    )


async def keep(start: Callable[[], Awaitable[None]]) -> None:
    """Run a part."""
    await start()


def done(action: str = "notes.add", **changes: object) -> ActionDone:
    """An event that people who operate may see."""
    values = {"action": action, "actor": "p-x", "outcome": "ok", "duration_ms": 1.0, **changes}
    return ActionDone(**values)  # type: ignore[arg-type]
