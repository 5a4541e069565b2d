"""Every event: what happened, past tense. Subscribers may do with it what they like, the publisher does not wait.

A critical event is stored with its unit and delivered at least once; the others live in memory.
`places` says who may see an event on a screen (see `Audience`); empty means people who operate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import ClassVar

from core.values import new_id, now


class Priority(IntEnum):
    """Which events go first; weights 8:4:2:1, so that none starves."""

    CRITICAL = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. `key` lets a listener keep only the newest of a kind."""

    name: ClassVar[str] = "event"
    priority: ClassVar[Priority] = Priority.NORMAL

    id: str = field(default_factory=new_id)
    at: datetime = field(default_factory=now)
    places: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What this event is about; newer ones replace older ones where a listener coalesces."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDone(Event):
    """An action ended, well or not. outcome: ok, denied, invalid, limited, failed, asked, simulated, cancelled."""

    name: ClassVar[str] = "action.done"
    action: str
    actor: str
    outcome: str
    duration_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(Event):
    """A message was stored and will be answered."""

    name: ClassVar[str] = "message.received"
    priority: ClassVar[Priority] = Priority.HIGH
    incoming_id: str
    conversation: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAnswered(Event):
    """An answer was written down to be sent."""

    name: ClassVar[str] = "message.answered"
    priority: ClassVar[Priority] = Priority.CRITICAL
    incoming_id: str
    conversation: str
    found: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGrew(Event):
    """More of an answer's text while it is being made."""

    name: ClassVar[str] = "answer.grew"
    incoming_id: str
    conversation: str
    text: str

    @property
    def key(self) -> str:
        """One per answer."""
        return f"{self.name}:{self.incoming_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryChanged(Event):
    """A message to be sent is waiting, sending, sent or failed."""

    name: ClassVar[str] = "delivery.changed"
    message_id: str
    state: str
    error: str = ""

    @property
    def key(self) -> str:
        """One per message."""
        return f"{self.name}:{self.message_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged(Event):
    """A connection's state: off, starting, ok, degraded, failed."""

    name: ClassVar[str] = "connection.changed"
    priority: ClassVar[Priority] = Priority.HIGH
    network: str
    state: str
    detail: str = ""

    @property
    def key(self) -> str:
        """One per network."""
        return f"{self.name}:{self.network}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeChanged(Event):
    """A source was indexed, or something in it changed."""

    name: ClassVar[str] = "knowledge.changed"
    source: str
    documents: int
    note: str = ""

    @property
    def key(self) -> str:
        """One per source."""
        return f"{self.name}:{self.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSlotEnded(Event):
    """A due slot ended as ran, late, skipped or failed."""

    name: ClassVar[str] = "schedule.slot"
    priority: ClassVar[Priority] = Priority.HIGH
    schedule: str
    due_at: datetime
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleChanged(Event):
    """A schedule was added, paused, resumed, removed, or is to run now."""

    name: ClassVar[str] = "schedule.changed"
    priority: ClassVar[Priority] = Priority.HIGH
    schedule: str

    @property
    def key(self) -> str:
        """One per schedule."""
        return f"{self.name}:{self.schedule}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePaused(Event):
    """A schedule was paused by itself: its owner left or may not run it any more."""

    name: ClassVar[str] = "schedule.paused"
    priority: ClassVar[Priority] = Priority.CRITICAL
    schedule: str
    owner: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineWoke(Event):
    """The machine slept, or the process was stopped: nothing happened in this span."""

    name: ClassVar[str] = "machine.woke"
    priority: ClassVar[Priority] = Priority.HIGH
    slept_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFailed(Event):
    """A long-running part ended with an error and is started again after `retry_s`."""

    name: ClassVar[str] = "part.failed"
    priority: ClassVar[Priority] = Priority.HIGH
    part: str
    error: str
    retry_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChanged(Event):
    """A long action made progress or ended."""

    name: ClassVar[str] = "job.changed"
    job_id: str
    action: str
    state: str
    done: int = 0
    total: int | None = None
    note: str = ""

    @property
    def key(self) -> str:
        """One per job."""
        return f"{self.name}:{self.job_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretChanged(Event):
    """A secret was saved, replaced or deleted: connections that use it start again."""

    name: ClassVar[str] = "secret.changed"
    priority: ClassVar[Priority] = Priority.HIGH
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChanged(Event):
    """A person's roles or links changed; sessions and schedules look again."""

    name: ClassVar[str] = "person.changed"
    priority: ClassVar[Priority] = Priority.CRITICAL
    person_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SomebodyUnknown(Event):
    """Somebody nobody knows wrote to the bot and was given a link code."""

    name: ClassVar[str] = "somebody.unknown"
    priority: ClassVar[Priority] = Priority.CRITICAL
    network: str
    external_id: str
    display_name: str
    code: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookReceived(Event):
    """A signed delivery arrived at `/hooks/SOURCE`. id: the same for every copy of it. body: JSON as text."""

    name: ClassVar[str] = "hook.received"
    priority: ClassVar[Priority] = Priority.CRITICAL
    source: str
    delivery_id: str
    body: str
