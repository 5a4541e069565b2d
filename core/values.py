"""The words the parts of Signalbox speak with each other: frozen values, no behaviour beyond reading them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

import uuid_utils
from pydantic import JsonValue

Json: TypeAlias = JsonValue
"""What round-trips through JSON: None, bool, int, float, str, lists and dicts of these."""

EVERYONE = "everyone"
"""The visibility of what the whole team may read."""


def new_id() -> str:
    """A UUIDv7 (RFC 9562, section 5.7): unique, and sorted by the time it was made."""
    return str(uuid_utils.uuid7())


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds, so that text sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    """The aware moment that `stamp` wrote."""
    return datetime.fromisoformat(text)


def spoken_age(span: timedelta) -> str:
    """A span as people say it: `40 s`, `12 min`, `3 h`, `2 days`."""
    seconds = max(0, span.total_seconds())
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{math.floor(seconds / 86400 + 0.5)} days"


class Effect(StrEnum):
    """What running an action does to the world."""

    READ = "read"
    """Changes nothing."""
    WRITE = "write"
    """Changes Signalbox's own state and can be undone; never asks."""
    OUTWARD = "outward"
    """Leaves the house; asks when a model or a plugin calls."""
    DESTROY = "destroy"
    """Cannot be undone; always asks."""


class CallerKind(StrEnum):
    """What kind of thing acts. Only a person can confirm."""

    PERSON = "person"
    SCHEDULE = "schedule"
    WORKFLOW = "workflow"
    PLUGIN = "plugin"
    MODEL = "model"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who a transport says is calling, before Signalbox looks the person up.

    network and external_id come from the transport alone ("slack", "T1/U2"; "room", a session's
    person id; "system", ""). kind other than PERSON keeps the person on whose behalf it runs.
    """

    network: str
    external_id: str
    kind: CallerKind = CallerKind.PERSON
    through: str = ""
    """The schedule, workflow, plugin or token that called, for the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, with what they are allowed right now. Made by identity alone."""

    person_id: str
    name: str
    roles: frozenset[str] = frozenset()
    kind: CallerKind = CallerKind.PERSON
    through: str = ""
    timezone: str = "UTC"


NOBODY = Actor(person_id="", name="nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is said. `thread_id` is empty outside a thread.

    kind: `direct` (one person and the bot), `private` (invited people), `public` (anyone of the
    workspace), `unknown` (treated as private). shared: people of other organisations read it too.
    """

    network: str
    channel_id: str
    workspace_id: str = ""
    thread_id: str = ""
    kind: Literal["direct", "private", "public", "unknown"] = "unknown"
    name: str = ""
    shared: bool = False

    @property
    def key(self) -> str:
        """The channel as one word: `slack:T1/C2`. Threads share their channel's readers."""
        return f"{self.network}:{self.workspace_id}/{self.channel_id}"

    @property
    def conversation(self) -> str:
        """The conversation as one word: the channel, and the thread when there is one."""
        return f"{self.key}/{self.thread_id}" if self.thread_id else self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who will read a reply: the places whose readers all see it.

    An item may be shown when it is visible to everyone or to one of these places. In a channel
    that is the channel alone; in private it is every place the person is known to read. outsiders:
    people who are not of the team read it, so that what everyone of the team sees is not for them.
    """

    places: frozenset[str] = frozenset()
    private: bool = False
    outsiders: bool = False

    def may_see(self, visibility: Sequence[str]) -> bool:
        """True when everyone in this audience may read an item of that visibility."""
        return (EVERYONE in visibility and not self.outsiders) or not self.places.isdisjoint(visibility)


NO_AUDIENCE = Audience()
"""Readers nobody knows: they see what everyone sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who wrote a message, as their network knows them.

    external_id: `T1/U2` in Slack, the user's snowflake in Discord; never a name.
    """

    network: str
    external_id: str
    name: str = ""
    email: str = ""
    kind: Literal["member", "guest", "stranger", "bot", "unknown"] = "unknown"
    roles: tuple[str, ...] = ()
    """Ids of the roles held in that workspace (Discord)."""


class IncomingKind(StrEnum):
    """What arrived."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    PRESS = "press"
    COMMAND = "command"
    FORM = "form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One thing a network handed over, already translated.

    message_id: the network's id of the message (of the edited or deleted one, of the one a button
    hangs on). event_id: unique for a delivery, may be empty for what history gave. text: plain
    Markdown without the mention. value: what a pressed button carried. respond_url: where an answer
    for this person alone can go (Slack's response_url, a Discord interaction's token).
    """

    id: str
    kind: IncomingKind
    place: Place
    sender: Sender
    message_id: str
    event_id: str = ""
    text: str = ""
    value: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    addressed: bool = True
    """False for a message that was not meant for the bot (no mention, not its thread)."""
    respond_url: str = ""
    sent_at: datetime
    received_at: datetime

    @property
    def age(self) -> timedelta:
        """How long after it was written it came in."""
        return self.received_at - self.sent_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a statement comes from, so that a reader can check it."""

    id: str
    title: str
    location: str
    """File, URL or id, as it is shown."""
    quote: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One thing a person can press. `value` is an id or a command, never a right."""

    label: str
    value: str
    style: Literal["plain", "primary", "danger"] = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under headings; every row as long as the headings."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducedBy:
    """What made an answer, said with every answer."""

    label: str
    """`quotes only, no model`, `command`, a model's name."""
    duration_ms: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is said back: data, not markup. `text` is Markdown; renderers split and style it.

    private: to be seen by the asking person only. answer_id: set when thumbs belong under it.
    """

    text: str
    sources: tuple[Source, ...] = ()
    table: Table | None = None
    buttons: tuple[Button, ...] = ()
    produced_by: ProducedBy | None = None
    private: bool = False
    answer_id: str = ""
    found: bool = True
    """False when nothing was found that answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a message goes. `person_id` narrows it to one reader (ephemeral, direct).

    message_id: the message to edit instead of posting a new one. reply_to: the message this answers,
    for networks that hang replies on messages. respond_url as in Incoming.
    """

    place: Place
    person_external_id: str = ""
    message_id: str = ""
    reply_to: str = ""
    respond_url: str = ""

    @property
    def destination(self) -> str:
        """What keeps its order and its rate: one channel of one network."""
        return self.place.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to be sent: an outbox row before it is anything else.

    id doubles as the idempotency key at the network (Slack metadata, Discord nonce).
    operation: `post` a reply, `edit` the message at address.message_id, `delete` it.
    about: the Incoming it answers, or empty.
    """

    id: str
    address: Address
    reply: Reply
    operation: Literal["post", "edit", "delete"] = "post"
    about: str = ""
    created_at: datetime


class Sink(Protocol):
    """Where an action says what happens meanwhile. Never blocks; may coalesce and drop."""

    def text(self, delta: str) -> None:
        """More of the answer's text."""
        ...

    def progress(self, done: int, total: int | None, note: str = "") -> None:
        """`done` of `total` steps; total None when it is not known."""
        ...


class SilentSink:
    """A sink nobody watches."""

    def text(self, delta: str) -> None:
        """Dropped."""

    def progress(self, done: int, total: int | None, note: str = "") -> None:
        """Dropped."""
