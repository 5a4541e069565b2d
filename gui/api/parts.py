"""What the API needs of the App, as small protocols; `gui.server` fills them in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.actions import Answers, Door
from core.bus import Bus
from core.config import Settings
from core.ports import Authoriser, Secrets
from core.storage import Storage
from core.values import Caller, Json, Reply, Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token of its own for the API, and until when it is good."""

    token: str
    expires_at: datetime


class SignIn(Protocol):
    """Turns credentials into callers. None: not valid, expired, or ended."""

    async def bearer(self, token: str) -> Caller | None:
        """The caller of an API token, a JWT or this start's local owner token."""
        ...

    async def session(self, token: str) -> Caller | None:
        """The caller of a control-room session."""
        ...

    async def issue(self, email: str, password: str, *, address: str, agent: str) -> Issued:
        """A JWT of 15 minutes. Raises NotSignedIn when they do not fit, Limited after too many tries."""
        ...


class Said(Protocol):
    """What came of something that was said."""

    @property
    def reply(self) -> Reply:
        """The answer."""
        ...

    @property
    def incoming_id(self) -> str:
        """The id it was stored under."""
        ...

    @property
    def conversation(self) -> str:
        """Where it belongs."""
        ...

    @property
    def outcome(self) -> str:
        """answered, not found, refused, failed, asked, "asked first" or stopped."""
        ...


class Talk(Protocol):
    """Where every text a person types enters."""

    async def say(
        self,
        caller: Caller,
        text: str,
        *,
        network: str,
        conversation: str = ...,
        key: str = ...,
        sink: Sink | None = ...,
        address: str = ...,
        agent: str = ...,
    ) -> Said:
        """Store it, answer it, and return the answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The App as the API sees it."""

    settings: Settings
    storage: Storage
    bus: Bus
    door: Door
    answers: Answers
    authoriser: Authoriser
    sign_in: SignIn
    talk: Talk
    secrets: Secrets
    status: Callable[[], dict[str, Json]]
    figures: Callable[[], bytes]
    """The figures in Prometheus' text form."""
