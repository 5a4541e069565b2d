"""Late is said, stale is asked: what the age of a message means for its answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from core.config.settings import ConversationSettings
from core.values import Incoming, IncomingKind, Reply, spoken_age


class Freshness(StrEnum):
    """How old a message is when its turn comes."""

    FRESH = "fresh"
    LATE = "late"
    STALE = "stale"


def freshness(incoming: Incoming, at: datetime, settings: ConversationSettings) -> Freshness:
    """What an arrival's age means: answered as usual, answered with an apology, or listed and asked about."""
    if incoming.kind not in (IncomingKind.MESSAGE, IncomingKind.COMMAND):
        return Freshness.FRESH
    age = at - incoming.sent_at
    if age <= timedelta(minutes=settings.fresh_min):
        return Freshness.FRESH
    return Freshness.LATE if age <= timedelta(minutes=settings.late_min) else Freshness.STALE


def must_confirm(incoming: Incoming, at: datetime, settings: ConversationSettings) -> str:
    """The reason a command that changes something asks first because of its age; empty when it is young."""
    age = at - incoming.sent_at
    if age <= timedelta(minutes=settings.command_fresh_min):
        return ""
    return f"was asked {spoken_age(age)} ago"


def with_apology(reply: Reply, incoming: Incoming, at: datetime) -> Reply:
    """The reply with the delay said first."""
    return replace(reply, text=f"*Asked {spoken_age(at - incoming.sent_at)} ago; I was offline.*\n\n{reply.text}")
