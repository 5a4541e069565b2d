"""Where the answer to a slash command, a button or a form goes while its token lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from core.values import now

EPOCH_MS = 1_420_070_400_000
"""2015-01-01, where Discord's ids begin to count."""
LIFE = timedelta(minutes=14, seconds=30)
"""Discord's 15 minutes, less what a call may take."""

Mode = Literal["shown", "quiet", "pressed"]
"""How it was acknowledged: thinking for all to see, for one person to see, or not seen at all (a button)."""
MODES: tuple[Mode, ...] = ("shown", "quiet", "pressed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerable:
    """An interaction that was acknowledged; `Incoming.respond_url` carries it as one word."""

    application_id: str
    mode: Mode
    id: str
    token: str

    def __str__(self) -> str:
        return f"{self.application_id}/{self.mode}/{self.id}/{self.token}"

    @property
    def alive(self) -> bool:
        """Whether Discord still takes answers to it."""
        return now() - time_of(self.id) < LIFE


def answerable(respond_url: str) -> Answerable | None:
    """The interaction a respond_url names while it can be answered, else None."""
    application_id, _, rest = respond_url.partition("/")
    mode, _, rest = rest.partition("/")
    interaction_id, _, token = rest.partition("/")
    for known in MODES:
        if known == mode and token and interaction_id.isdigit():
            found = Answerable(application_id=application_id, mode=known, id=interaction_id, token=token)
            return found if found.alive else None
    return None


def time_of(snowflake: str | int) -> datetime:
    """The moment an id was made, to the millisecond."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + EPOCH_MS) / 1000, UTC)


def first_id_at(moment: datetime) -> int:
    """An id below every one made from that moment on."""
    return max(0, int(moment.timestamp() * 1000) - EPOCH_MS) << 22
