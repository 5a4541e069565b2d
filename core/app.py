"""Builds the areas and keeps their long-running parts running: one attribute per area."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import ModuleType

from core import __version__
from core.actions import Answers, Door, forget_done
from core.actions import actions as own_actions
from core.audit import Audit
from core.audit import actions as audit_actions
from core.bus import Bus, Policy, forget_events
from core.config import Settings
from core.conversation import AnswerLog, Asking, Conversations, Doorstep, reply_of
from core.conversation import actions as conversation_actions
from core.errors import ReadOnly
from core.events import ConnectionChanged, Event, PartFailed, SecretChanged, SomebodyUnknown
from core.identity import Access, Admissions, Identity, People, PersonLimits, access_actions
from core.identity import actions as identity_actions
from core.inbox import Inbox
from core.knowledge import Knowledge
from core.knowledge import actions as knowledge_actions
from core.notifications import Addresses, FailureLog, Notifications
from core.notifications import actions as notification_actions
from core.observability import Retention, Rule, Supervisor
from core.outbox import Outbox
from core.ports import Chat, Embedder, Health, KeyStore
from core.reports import Reports
from core.reports import actions as report_actions
from core.scheduler import DoorRun, Scheduler, forget_slots
from core.scheduler import actions as schedule_actions
from core.storage import Storage, bring_up_to_date
from core.vault import Vault
from core.vault import actions as vault_actions

ACTIONS: tuple[ModuleType, ...] = (
    own_actions,
    audit_actions,
    vault_actions,
    identity_actions,
    access_actions,
    knowledge_actions,
    conversation_actions,
    notification_actions,
    schedule_actions,
    report_actions,
)
KEYS_KEPT = timedelta(days=30)
EVENTS_KEPT = timedelta(days=7)
SLOTS_KEPT = timedelta(days=90)
HEALTH_S = 2.0
"""How often a connection's own word on its state is compared with what was last said."""

log = logging.getLogger(__name__)
MakeChat = Callable[["App"], Chat]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What comes from outside core. key_store: keeps the vault's master key. guide: the shipped pages."""

    embedder: Callable[[], Embedder]
    key_store: KeyStore
    chats: Sequence[MakeChat] = ()
    guide: Path | None = None


@dataclass(slots=True, kw_only=True)
class App:
    """Signalbox, built. `run` keeps it going."""

    settings: Settings
    storage: Storage
    bus: Bus
    inbox: Inbox
    outbox: Outbox
    vault: Vault
    audit: Audit
    identity: Identity
    access: Access
    people: People
    admissions: Admissions
    door: Door
    answers: Answers
    knowledge: Knowledge
    conversations: Conversations
    addresses: Addresses
    notifications: Notifications
    scheduler: Scheduler
    reports: Reports
    supervisor: Supervisor
    ports: Ports
    chats: dict[str, Chat] = field(default_factory=dict)

    def health(self) -> dict[str, Health]:
        """Every network's own word on its connection."""
        return {network: chat.health() for network, chat in self.chats.items()}

    def start(self) -> None:
        """Start every long-running part but the networks; the supervisor must be open."""
        keep = self.supervisor.supervise
        keep("storage", self._watch_storage)
        keep("conversations", self.conversations.run)
        keep("old messages", self.conversations.missed.run)
        keep("deliveries", self.outbox.run)
        keep("background commands", self.door.jobs.run)
        keep("schedules", self.scheduler.run)
        keep("activity", self.audit.run)
        keep("retention", self._retention().run)
        told = self.bus.subscribe("notifications", SomebodyUnknown, policy=Policy.BLOCK, durable=True)
        keep("notifications", lambda: self.bus.serve(told, self.notifications.hear))

    def _retention(self) -> Retention:
        later = self.storage.write_later
        return Retention(
            (
                Rule(name="keys", keep=KEYS_KEPT, forget=lambda before: later(forget_done, before)),
                Rule(name="events", keep=EVENTS_KEPT, forget=lambda before: later(forget_events, before)),
                Rule(name="slots", keep=SLOTS_KEPT, forget=lambda before: later(forget_slots, before)),
            )
        )

    def connect(self) -> None:
        """Start the networks, and start them again whenever one of their secrets changes."""
        for make in self.ports.chats:
            chat = make(self)
            self.chats[chat.network] = chat
            self.outbox.register(chat)
            self._start_chat(chat)
        secrets = self.bus.subscribe("connections", SecretChanged, policy=Policy.COALESCE)
        self.supervisor.supervise("secrets", lambda: self.bus.serve(secrets, self._secrets_changed))
        self.supervisor.supervise("connection states", self._watch_health)

    def _start_chat(self, chat: Chat) -> None:
        self.supervisor.supervise(chat.network, lambda: chat.run(self.conversations))

    async def _secrets_changed(self, events: Sequence[Event]) -> None:
        changed = {event.secret for event in events if isinstance(event, SecretChanged)}
        for chat in self.chats.values():
            if any(name.startswith(f"{chat.network.upper()}_") for name in changed):
                self._start_chat(chat)

    async def _watch_storage(self) -> None:
        """Fail, for all to see, while the disk takes nothing. Raises ReadOnly."""
        while True:
            if reason := self.storage.writer.refusal:
                raise ReadOnly(reason)
            await asyncio.sleep(HEALTH_S)

    async def _watch_health(self) -> None:
        """Say it when a connection's state changes."""
        said: dict[str, tuple[str, str]] = {}
        while True:
            for network, health in self.health().items():
                if said.get(network) != (health.state, health.detail):
                    if health.state == "ok":
                        self.outbox.connected(network)
                    said[network] = (health.state, health.detail)
                    self.bus.publish(ConnectionChanged(network=network, state=health.state, detail=health.detail))
            await asyncio.sleep(HEALTH_S)


@asynccontextmanager
async def open_app(settings: Settings, ports: Ports) -> AsyncIterator[App]:
    """The App of a home, its database brought up to date; closed in order when the context ends.

    Raises StorageFailed (NewerDatabase, MigrationFailed) when the database cannot be used. Nothing runs
    until `start`; a front end that only dispatches needs no more than this.
    """
    await asyncio.to_thread(bring_up_to_date, settings.database, settings.home / "backups", __version__)
    storage = Storage(settings.database, readers=settings.storage.readers)
    storage.start()
    try:
        app = await _build(settings, ports, storage)
        async with app.supervisor:
            yield app
        app.access.close()
        await app.audit.checkpoint()
    finally:
        await storage.close()


async def _build(settings: Settings, ports: Ports, storage: Storage) -> App:
    bus = Bus(storage)
    inbox, outbox = Inbox(storage), Outbox(storage, bus)
    vault = Vault(storage, ports.key_store, settings.secrets)
    await vault.open()
    audit = Audit(storage, vault.derive("audit"), settings.home / "audit-checkpoints")
    vault.record_uses_with(audit)
    identity = Identity(storage, bus, settings)
    access, people = Access(identity, storage, audit, vault.derive("jwt")), People(identity)
    admissions = Admissions(identity, storage)
    await access.adopt_admin_token(await identity.ensure_owner())
    door = Door(
        storage=storage,
        outbox=outbox,
        bus=bus,
        identifier=identity,
        authoriser=identity,
        auditor=audit,
        limiter=PersonLimits(settings),
    )
    answers = Answers(door, storage)
    knowledge = Knowledge(storage, bus, ports.embedder, guide=ports.guide)
    conversations = Conversations(
        storage=storage,
        inbox=inbox,
        outbox=outbox,
        bus=bus,
        door=door,
        answers=answers,
        doorstep=Doorstep(door, identity, admissions, people, settings.conversation),
        settings=settings.conversation,
    )
    addresses, notifications = Addresses(outbox, identity), Notifications(door, outbox, identity)
    app = App(
        settings=settings,
        storage=storage,
        bus=bus,
        inbox=inbox,
        outbox=outbox,
        vault=vault,
        audit=audit,
        identity=identity,
        access=access,
        people=people,
        admissions=admissions,
        door=door,
        answers=answers,
        knowledge=knowledge,
        conversations=conversations,
        addresses=addresses,
        notifications=notifications,
        scheduler=_scheduler(settings, storage, outbox, bus, door, addresses, notifications),
        reports=Reports(answers=AnswerLog(storage), news=knowledge, failures=FailureLog(outbox)),
        supervisor=Supervisor(lambda part, error, s: bus.publish(PartFailed(part=part, error=error, retry_s=s))),
        ports=ports,
    )
    _open_the_door(app, Asking(knowledge, identity))
    knowledge.names_commands(one.spoken for one in door.registry)
    return app


def _scheduler(
    settings: Settings,
    storage: Storage,
    outbox: Outbox,
    bus: Bus,
    door: Door,
    addresses: Addresses,
    admins: Notifications,
) -> Scheduler:
    return Scheduler(
        storage=storage,
        outbox=outbox,
        bus=bus,
        run=DoorRun(door, reply_of),
        addresses=addresses,
        admins=admins,
        say=reply_of,
        timezone=settings.schedules.timezone,
        late_run_min=settings.schedules.late_run_min,
    )


def _open_the_door(app: App, asking: Asking) -> None:
    """Give the door what it fills in, then collect every area's marked functions."""
    services = (
        app.door,
        app.answers,
        app.storage,
        app.outbox,
        app.audit,
        app.vault,
        app.identity,
        app.access,
        app.people,
        app.admissions,
        app.knowledge,
        asking,
        app.conversations,
        app.addresses,
        app.notifications,
        app.scheduler,
        app.reports,
    )
    for service in services:
        app.door.provide(service)
    for module in ACTIONS:
        app.door.registry.add_module(module)
