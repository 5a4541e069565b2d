"""A delivery as people see it."""

from __future__ import annotations

from dataclasses import dataclass
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
    private: bool = False
    """One person alone reads it; its text is then nobody else's."""
