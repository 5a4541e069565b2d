"""A vault with the real database, record and door around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from core.actions import Context, Door
from core.actions import actions as door_actions
from core.actions.definition import define
from core.audit import Audit, Filter, Line
from core.bus import Bus, Listener
from core.events import SecretChanged
from core.outbox import Outbox
from core.ports import Decision, KeyStore
from core.storage import Storage, bring_up_to_date
from core.values import Actor, Audience, Caller, Json, Place
from core.vault import Vault, actions

ANN = Actor(person_id="p-ann", name="Ann", roles=frozenset({"owner"}))
CTX = Context(caller=Caller(network="room", external_id="p-ann"))


class MemoryKeys:
    """A key store in memory; `broken` makes saving fail."""

    method = "keyring"

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key
        self.broken: Exception | None = None

    def load(self) -> bytes | None:
        return self.key

    def save(self, key: bytes) -> None:
        if self.broken is not None:
            raise self.broken
        self.key = key


class AnnAlone:
    """Everybody is Ann, and Ann may do everything."""

    async def identify(self, caller: Caller) -> Actor:
        return ANN

    async def audience(self, actor: Actor, place: Place | None) -> Audience:
        return Audience(private=True)

    async def decide(
        self, actor: Actor, permission: str, *, action: str, arguments: Mapping[str, Json] | None,
        place: Place | None,
    ) -> Decision:  # fmt: skip
        return Decision(allowed=True, rule="role owner has *")

    def permissions(self, actor: Actor) -> frozenset[str]:
        return frozenset({"*"})

    async def alone(self, actor: Actor) -> bool:
        return True

    def hit(self, actor: Actor, action: str) -> None:
        pass


@dataclass(kw_only=True)
class House:
    storage: Storage
    vault: Vault
    audit: Audit
    door: Door
    changes: Listener

    async def run(self, name: str, /, **arguments: Json) -> object:
        return (await self.door.dispatch(CTX, name, arguments)).value

    async def record(self, action: str) -> tuple[Line, ...]:
        return await self.audit.lines(Filter(action=action), 100)


@asynccontextmanager
async def house(folder: Path, keys: KeyStore, fallback: Mapping[str, str] | None = None) -> AsyncIterator[House]:
    bring_up_to_date(folder / "signalbox.db", folder / "backups", "0")
    storage = Storage(folder / "signalbox.db")
    storage.start()
    try:
        vault = Vault(storage, keys, {name: SecretStr(value) for name, value in (fallback or {}).items()})
        await vault.open()
        audit = Audit(storage, vault.derive("audit"))
        vault.record_uses_with(audit)
        bus = Bus(storage)
        changes = bus.subscribe("test", SecretChanged)
        everyone = AnnAlone()
        door = Door(
            storage=storage, outbox=Outbox(storage, bus), bus=bus, identifier=everyone, authoriser=everyone,
            auditor=audit, limiter=everyone,
        )  # fmt: skip
        for service in (vault, storage, door):
            door.provide(service)
        door.registry.add_module(actions)
        door.registry.add(define(door_actions.undo, frozenset({Door, Storage})))
        yield House(storage=storage, vault=vault, audit=audit, door=door, changes=changes)
    finally:
        await storage.close()
