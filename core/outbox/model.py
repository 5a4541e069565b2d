"""A delivery as people see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to be sent. state: waiting, sending, sent, failed, dropped."""

    id: str
    destination: str
    text: str
    state: str
    attempts: int
    error: str
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    body: str = field(default="", repr=False)
    """The message as it is stored."""
