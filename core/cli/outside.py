"""What the commands need from outside core; `core.__main__` alone brings it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from core.app import App, Ports
    from core.config import Settings
    from core.ports import KeyStore


class Screen(Protocol):
    """Turns answers into lines for this terminal."""

    def answer(self, answer: Mapping[str, object], *, said: str) -> Sequence[str]:
        """The lines of an answer; `said` was shown while it came in."""
        ...

    def result(self, value: object) -> Sequence[str]:
        """The lines of a command's result."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a network said of its tokens. faults, warnings: what is wrong, each with what mends it.

    clock_off_s: how far this machine's clock is from the network's; None when it did not say.
    """

    workspace: str = ""
    team_id: str = ""
    faults: tuple[tuple[str, str], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    clock_off_s: float | None = None


class Web(Protocol):
    """What listens. `/status` answers already."""

    @property
    def url(self) -> str:
        """The address people type."""
        ...

    async def attach(self, app: App, token: str) -> None:
        """Open the API and the control room; until cancelled. token: the local owner's."""
        ...

    def down(self, reason: str, remedy: str) -> None:
        """Say on every page and in `/status` that the process is in safe mode, why, and what to do."""
        ...


class Outside(Protocol):
    """Chat networks, screens and services, each imported when it is asked for."""

    @property
    def screen(self) -> Screen:
        """The terminal's."""
        ...

    def ports(self, settings: Settings, *, chats: bool) -> Ports:
        """What the App gets from outside; without chats for a process that only answers here."""
        ...

    def key_store(self, settings: Settings) -> KeyStore:
        """Where this home's master key is, or would be."""
        ...

    def web(self, settings: Settings) -> AbstractAsyncContextManager[Web]:
        """Bound and answering `/status`. Raises BadSettings, Unavailable for a port in use."""
        ...

    async def check(self, network: str, tokens: Mapping[str, str], settings: Settings) -> Checked:
        """What Slack or Discord says of these tokens (by the vendors' names). Raises Unavailable."""
        ...

    def manifest(self) -> str:
        """The app to make at Slack, as the text Slack takes."""
        ...
