"""What a page may use: the door, in the name of whoever is signed in on this page. Nothing else.

No permission is checked here and nothing is recorded or counted: the door does all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast

from nicegui import Client

from core.actions import Context, Definition, Result
from core.app import App
from core.codec import canonical
from core.errors import NotSignedIn
from core.values import Audience, Caller, Json, SilentSink, Sink
from gui.live import Gaze, Live
from gui.sessions import NETWORK, Sessions

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who is signed in on a page. audience: whose events this reader may see."""

    token: str
    person_id: str
    name: str
    roles: frozenset[str]
    timezone: str
    audience: Audience
    operates: bool
    address: str = ""
    agent: str = ""


@dataclass(slots=True)
class Room:
    """The control room as one open page sees it."""

    app: App
    live: Live
    visitor: Visitor
    client: Client
    sessions: Sessions
    usable: Mapping[str, Definition] = field(default_factory=dict)
    """What this person may run at all, as of when the page was opened."""
    gaze: Gaze = field(default_factory=Gaze)
    """Whether the page is looked at or lies behind others."""

    @property
    def caller(self) -> Caller:
        """Who the transport says is calling: the session's person."""
        return Caller(network=NETWORK, external_id=self.visitor.person_id)

    def may(self, name: str) -> bool:
        """Whether to offer an action. The door decides again when it is run."""
        return name in self.usable

    async def read(self, kind: type[T], action: str, /, **arguments: Json) -> T:
        """The value of a READ action, for the page itself; `kind` is what it returns."""
        await self.still_signed_in()
        what = f"{action} {canonical(arguments)}"
        return cast(
            "T", await self.live.glances.once(self.visitor.person_id, what, lambda: self._look(action, arguments))
        )

    async def _look(self, action: str, arguments: Mapping[str, Json]) -> object:
        ctx = replace(await self.context(), glance=True)
        return (await self.app.door.dispatch(ctx, action, arguments)).value

    async def dispatch(
        self,
        name: str,
        arguments: Mapping[str, Json],
        *,
        key: str = "",
        confirm: str = "",
        simulate: bool = False,
        sink: Sink | None = None,
    ) -> Result:
        """Run an action as this person. Raises AppError; NotSignedIn once the session has ended."""
        ctx = await self.context(key=key, confirm=confirm, simulate=simulate, sink=sink)
        try:
            return await self.app.door.dispatch(ctx, name, arguments)
        finally:
            self.live.glances.forget()

    async def context(
        self, *, key: str = "", confirm: str = "", simulate: bool = False, sink: Sink | None = None
    ) -> Context:
        """The context of a call, after looking that the session is still there."""
        await self.still_signed_in()
        return Context(
            caller=self.caller,
            address=self.visitor.address,
            agent=self.visitor.agent,
            key=key,
            confirm=confirm,
            simulate=simulate,
            sink=sink or SilentSink(),
        )

    async def still_signed_in(self) -> None:
        """Return while the session is there. Raises NotSignedIn."""
        if await self.sessions.person(self.visitor.token) != self.visitor.person_id:
            raise NotSignedIn("Your sign-in has ended.", hint="Sign in again.")


class PageSink:
    """Keeps what a running action says, for the page to show ten times a second."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._changed = False
        self.done = 0
        self.total: int | None = None
        self.note = ""

    def text(self, delta: str) -> None:
        """More of the answer's text."""
        self._parts.append(delta)
        self._changed = True

    def progress(self, done: int, total: int | None, note: str = "") -> None:
        """How far it is."""
        self.done, self.total, self.note = done, total, note
        self._changed = True

    @property
    def so_far(self) -> str:
        """The text until now."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    def take_change(self) -> bool:
        """Whether there is something new since the last time this was asked."""
        changed, self._changed = self._changed, False
        return changed
