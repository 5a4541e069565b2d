"""The knowledge area on a database of its own, with a door of small fakes in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.actions import Answers, Context, Door
from core.actions import actions as own_actions
from core.bus import Bus
from core.knowledge import Indexed, Knowledge, Note
from core.knowledge import actions as knowledge_actions
from core.outbox import Outbox
from core.storage import Storage, bring_up_to_date
from core.values import EVERYONE, Actor, Audience, Caller, Place
from integrations.wordllama.connect import load
from integrations.wordllama.embedder import WordLlamaEmbedder
from integrations.wordllama.manifest import WordLlamaSettings
from tests.fakes.ports import FakeAuditor, FakeIdentity, FakeLimiter

HANDBOOK = Path(__file__).parent / "handbook"
GUIDE = Path(__file__).parents[3] / "data" / "guide"
ALL = Audience(private=True)
OPS = Place(network="slack", workspace_id="T1", channel_id="C1", kind="private", name="#ops")
OPEN = Place(network="slack", workspace_id="T1", channel_id="C2", kind="public", name="#general")
DIRECT = Place(network="slack", workspace_id="T1", channel_id="D1", kind="direct")


@cache
def embedder() -> WordLlamaEmbedder:
    return load(WordLlamaSettings())


class Readers(FakeIdentity):
    """As the fake, with the places each person reads when they ask in private."""

    reads: dict[str, frozenset[str]]

    async def audience(self, actor: Actor, place: Place | None) -> Audience:
        if place is not None and place.kind != "direct":
            return Audience(places=frozenset({place.key}))
        own = {f"person:{actor.person_id}"} | ({place.key} if place else set())
        return Audience(places=frozenset(own) | self.reads.get(actor.person_id, frozenset()), private=True)


@dataclass
class Team:
    """A small team with what it knows."""

    storage: Storage
    bus: Bus
    knowledge: Knowledge
    door: Door
    identity: Readers
    auditor: FakeAuditor

    def ctx(self, who: str = "bob", place: Place | None = None, *, confirm: str = "") -> Context:
        return Context(caller=Caller(network="slack", external_id=who), place=place, confirm=confirm)

    async def index(self, path: Path | str, visible: str = "", who: str = "bob") -> Indexed:
        arguments = {"path": str(path), **({"visible": visible} if visible else {})}
        done = (await self.door.dispatch(self.ctx(who), "knowledge.index", {**arguments})).value
        assert isinstance(done, Indexed)
        return done

    async def note(self, text: str, who: str = "ann", place: Place | None = None, **more: str | bool) -> Note:
        done = (await self.door.dispatch(self.ctx(who, place), "notes.add", {"text": text, **more})).value
        assert isinstance(done, Note)
        return done

    async def sources_of(self, query: str, audience: Audience = ALL, limit: int = 10) -> list[str]:
        found = await self.knowledge.search(query, limit=limit, audience=audience)
        return [hit.source for hit in found.hits]


@asynccontextmanager
async def team(folder: Path, *, guide: Path | None = None) -> AsyncIterator[Team]:
    """Opened on a data folder; twice on the same one is a restart."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    path = home / "signalbox.db"
    bring_up_to_date(path, home / "backups", "0")
    storage = Storage(path)
    storage.start()
    bus = Bus(storage)
    identity, auditor = Readers(), FakeAuditor()
    identity.reads = {}
    door = Door(
        storage=storage,
        outbox=Outbox(storage, bus),
        bus=bus,
        identifier=identity,
        authoriser=identity,
        auditor=auditor,
        limiter=FakeLimiter(),
    )
    knowledge = Knowledge(storage, bus, embedder, guide=guide)
    for service in (knowledge, door, storage, Answers(door, storage)):
        door.provide(service)
    door.registry.add_module(knowledge_actions)
    door.registry.add_module(own_actions)
    knowledge.names_commands(one.spoken for one in door.registry)
    try:
        yield Team(storage, bus, knowledge, door, identity, auditor)
    finally:
        await storage.close()


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


__all__ = ["ALL", "DIRECT", "EVERYONE", "GUIDE", "HANDBOOK", "OPEN", "OPS", "Team", "embedder", "team", "write"]
