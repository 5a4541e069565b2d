"""Every port: what a part needs from a neighbour, from above or from outside. `core/app.py` fills them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from core.events import Event
from core.values import Actor, Address, Audience, Caller, Incoming, Json, Message, Place, Reply

if TYPE_CHECKING:
    import sqlite3

    import numpy as np
    import numpy.typing as npt


# ── What the door needs: the links of its chain ─────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """May somebody do something, and which rule says so."""

    allowed: bool
    rule: str
    """In words: `role member has knowledge.read`, `rule 4: deny deploy in #general`."""


class Identifier(Protocol):
    """Turns what a transport says into who acts, with the rights of this moment."""

    async def identify(self, caller: Caller) -> Actor:
        """The actor. Somebody unknown comes back with no person_id and no roles."""
        ...

    async def audience(self, actor: Actor, place: Place | None) -> Audience:
        """Who reads a reply in that place: the channel alone, or in private every place the actor reads."""
        ...


class Authoriser(Protocol):
    """Decides from roles and rules. Deny by default."""

    async def decide(
        self,
        actor: Actor,
        permission: str,
        *,
        action: str,
        arguments: Mapping[str, Json] | None,
        place: Place | None,
    ) -> Decision:
        """Whether the actor may; arguments None asks whether there are any with which it could."""
        ...

    def permissions(self, actor: Actor) -> frozenset[str]:
        """The permissions the actor's roles give, before argument rules; may hold `area.*` and `*`."""
        ...

    async def alone(self, actor: Actor) -> bool:
        """True when nobody else could approve in the actor's place (a team of one)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the record of what was done. Arguments are redacted already."""

    id: str
    at: datetime
    actor: Actor
    network: str
    address: str
    agent: str
    action: str
    arguments: Json
    before: Json = None
    after: Json = None
    decision: str = ""
    rule: str = ""
    outcome: str
    """ok, denied, invalid, limited, failed, asked, cancelled."""
    result: str = ""
    duration_ms: int = 0
    parent: str = ""


class Auditor(Protocol):
    """Keeps the record, each line chained to the one before."""

    def record(self, connection: sqlite3.Connection, entry: AuditEntry) -> None:
        """Append one line; called inside the writer, so that the chain's head is the true one."""
        ...


class Limiter(Protocol):
    """Counts what a person asks for."""

    def hit(self, actor: Actor, action: str) -> None:
        """Count one call. Raises Limited above the person's limit."""
        ...


class Publisher(Protocol):
    """Takes events for everyone who listens."""

    def publish(self, event: Event) -> None:
        """Queue an event; never blocks."""
        ...


# ── Chat networks ───────────────────────────────────────────────────────────────────────────


class Intake(Protocol):
    """Where a network puts what arrives."""

    async def accept(self, incoming: Incoming) -> bool:
        """Store it durably; acknowledge to the network after this returned. False: it was here before."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message the network took. message_id is empty where a network gives none (response_url)."""

    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How fast one destination takes messages: `per_s` sustained, `burst` at once."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a connection honestly knows of itself."""

    state: Literal["off", "starting", "ok", "degraded", "failed"]
    detail: str = ""
    last_received_at: datetime | None = None
    """When the other side last really said something (an event, a pong), not a flag."""
    workspace: str = ""
    """The workspace's or server's name, for people."""


class Chat(Protocol):
    """A chat network the bot reads from and writes to."""

    network: str
    rate: Rate

    def health(self) -> Health:
        """The connection as it is now."""
        ...

    async def run(self, intake: Intake) -> None:
        """Connect, hand over what arrives, fetch what was missed; until cancelled. Reconnects by itself."""
        ...

    async def send(self, message: Message) -> Sent:
        """Post, edit or delete, once. Raises Unavailable(sent=None) when the answer was lost,
        Limited with the time to wait, Rejected when trying again cannot help.
        """
        ...

    async def find(self, message: Message) -> Sent | None:
        """The same message if an earlier try of it did arrive, else None."""
        ...

    async def working(self, incoming: Incoming) -> None:
        """Show that the bot is busy with it (typing, status). Best effort; never raises an AppError."""
        ...

    async def open_reply(self, incoming: Incoming, text: str) -> str:
        """Post the beginning of a long answer with a Stop button; its message id."""
        ...

    async def grow_reply(self, incoming: Incoming, message_id: str, text: str) -> None:
        """Show the whole text so far in that message. Best effort."""
        ...

    async def direct_place(self, external_id: str) -> Place:
        """Where this person is written to privately. Raises Rejected when that cannot be."""
        ...

    async def find_place(self, name: str) -> Place:
        """The channel with that name (`#ops`, `guild/#ops`) or id. Raises NotFound, or InvalidInput when
        several have it.
        """
        ...


# ── Knowledge, models, secrets ──────────────────────────────────────────────────────────────


class Embedder(Protocol):
    """Turns texts into vectors."""

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One L2-normalised row a text; may be called from any thread."""
        ...


class Secrets(Protocol):
    """Reads the vault; every use is recorded."""

    async def secret(self, name: str, *, purpose: str) -> str | None:
        """The secret's value from the vault, else from the environment, else None."""
        ...


class KeyStore(Protocol):
    """Keeps the vault's master key outside the database and outside backups."""

    method: str
    """How it is kept, for people: `keyring`, `key file`."""

    def load(self) -> bytes | None:
        """The 32 bytes, or None when there is none yet."""
        ...

    def save(self, key: bytes) -> None:
        """Keep the 32 bytes."""
        ...


# ── Schedules and reports ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotOrder:
    """One due slot of a schedule, to be run as the person who owns it.

    caller: that person, kind SCHEDULE. key: the same for every try of this slot. address: where the
    reply will go, None for nowhere. elsewhere: that is another place than the owner set it up in.
    """

    caller: Caller
    action: str
    arguments: Mapping[str, Json]
    key: str
    address: Address | None
    elsewhere: bool = False


class RunSlot(Protocol):
    """Runs what a schedule is for."""

    async def __call__(self, order: SlotOrder) -> Reply:
        """What is to be said; no text and no table means nothing. Raises Denied or NotSignedIn when the
        owner may not any more.
        """
        ...


class AddressBook(Protocol):
    """Turns `slack:#ops`, `discord:guild/#ops`, `person:NAME`, `email:…` into where a message goes."""

    async def find(self, text: str, *, actor: Actor, place: Place | None) -> Address:
        """The address; a bare `#ops` is of the network of `place`. Raises NotFound or InvalidInput."""
        ...


class Admins(Protocol):
    """Whom to tell what somebody should look at."""

    async def addresses(self) -> tuple[Address, ...]:
        """Where the admins are told, one address each."""
        ...


class Say(Protocol):
    """Turns what an action returned into what is said."""

    def __call__(self, value: object) -> Reply:
        """The reply; a Reply comes back as it is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A question nobody could answer. visibility as in `Audience.may_see`."""

    question: str
    times: int
    visibility: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSummary:
    """How questions went. unanswered: the most asked first."""

    asked: int
    answered: int
    unanswered: tuple[Unanswered, ...] = ()


class AnswerLog(Protocol):
    """What was asked and answered."""

    async def summary(self, since: datetime, audience: Audience) -> AnswerSummary:
        """Questions since then that this audience may know of."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """A document or note that came or changed."""

    title: str
    location: str
    changed_at: datetime
    visibility: tuple[str, ...]


class KnowledgeNews(Protocol):
    """What is new in what the team knows."""

    async def since(self, since: datetime, audience: Audience) -> tuple[NewItem, ...]:
        """New and changed items this audience may see, newest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCount:
    """Something that went wrong, and how often. what: in people's words (`schedule team-report`)."""

    what: str
    times: int
    last_error: str
    visibility: tuple[str, ...]


class FailureLog(Protocol):
    """What went wrong."""

    async def since(self, since: datetime, audience: Audience) -> tuple[FailureCount, ...]:
        """Failures this audience may know of, the most frequent first."""
        ...
