"""What a conversation consists of, as people and pages see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.values import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step on the way of an answer. at_ms: since it came in."""

    label: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One thing said to the bot and its answer. person is a name, person_id empty for strangers."""

    id: str
    conversation: str
    network: str
    place_kind: str
    place_name: str
    person_id: str
    person: str
    asked_at: datetime
    question: str
    action: str
    reply: Reply
    found: bool
    outcome: str
    steps: tuple[Step, ...]
    answered_at: datetime
    delivery: str = "sent"
    """waiting, sending, sent, failed: where the answer is."""
    good: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One conversation in a list."""

    conversation: str
    network: str
    place_kind: str
    place_name: str
    person: str
    last_text: str
    last_at: datetime
    exchanges: int
    unanswered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A question nothing known answers."""

    id: str
    question: str
    person: str
    place_name: str
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was answered since a moment."""

    answered: int
    with_sources: int
    unanswered: int
    failed: int
    median_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The answer to something said in the control room, the terminal or over the API."""

    reply: Reply
    incoming_id: str
    conversation: str
    outcome: str = "answered"
    """As in `Turn.outcome`; anything but `answered` and `not found` means that it was not done."""
