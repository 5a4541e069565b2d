"""What the door deals in: contexts, results, and the mark an action carries."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

from core.codec import plain
from core.errors import StorageFailed
from core.values import NO_AUDIENCE, NOBODY, Actor, Audience, Caller, Effect, Incoming, Json, Place, SilentSink, Sink

if TYPE_CHECKING:
    from core.actions.door import Door


Run = TypeVar("Run", bound=Callable[..., object])


class Redacted:
    """Marks an argument whose value is never written to the record."""


SecretText = Annotated[str, Redacted()]
"""Text that is a secret: shown nowhere, recorded as `•••`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What `@action` wrote on a function."""

    name: str
    permission: str
    effect: Effect
    aliases: tuple[str, ...] = ()
    approver: str = ""
    audited: bool = False
    job: bool = False
    asks_when: Callable[[Mapping[str, Json]], str] | None = None


def action(
    name: str,
    *,
    permission: str,
    effect: Effect,
    aliases: tuple[str, ...] = (),
    approver: str = "",
    audited: bool = False,
    job: bool = False,
    asks_when: Callable[[Mapping[str, Json]], str] | None = None,
) -> Callable[[Run], Run]:
    """Mark an async function as an action; nothing is registered until an App collects the marks.

    permission: a dotted name; empty lets every known person. approver: a role that must say yes.
    audited: write READ calls to the record too. job: takes longer than 10 s. asks_when: given the
    arguments, the reason to ask for a confirmation, or an empty text.
    """
    mark = Mark(
        name=name,
        permission=permission,
        effect=effect,
        aliases=aliases,
        approver=approver,
        audited=audited,
        job=job,
        asks_when=asks_when,
    )

    def marked(fn: Run) -> Run:
        fn.__action__ = mark  # type: ignore[attr-defined]
        return fn

    return marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who calls, from where, and how. Front ends make it; the door fills in actor, audience and id.

    key: the idempotency key, empty for none. confirm: the id of a confirmation this call answers.
    approved_by: the person who said yes to it, when that is another. must_confirm: ask although the
    effect would not (a stale command). wait: False lets a job go on in the background. glance: a page looks by
    itself, nobody asked; such reads are not counted against the person.
    """

    caller: Caller
    actor: Actor = NOBODY
    place: Place | None = None
    audience: Audience = NO_AUDIENCE
    address: str = ""
    agent: str = ""
    key: str = ""
    sink: Sink = field(default_factory=SilentSink)
    simulate: bool = False
    confirm: str = ""
    approved_by: str = ""
    must_confirm: str = ""
    wait: bool = True
    glance: bool = False
    incoming: Incoming | None = None
    parent: str = ""
    id: str = ""
    door: Door | None = field(default=None, repr=False)
    calls: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    async def call(self, name: str, arguments: Mapping[str, Json]) -> Result:
        """Run another action as the same actor, in a unit of its own, under the key `<parent>/<n>`."""
        if self.door is None:
            raise StorageFailed("A context calls only from inside an action.")
        key = f"{self.key or self.id}/{next(self.calls)}"
        nested = replace(self, key=key, parent=self.id, confirm="", calls=itertools.count(1))
        return await self.door.dispatch(nested, name, arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an action returned. `again`: it ran before under this key. `job_id`: it goes on in the background."""

    action: str
    value: object
    again: bool = False
    job_id: str = ""
    simulated: bool = False

    @property
    def json(self) -> Json:
        """The value as JSON knows it, for whoever called: what is `ShownOnce` is shown."""
        return plain(self.value, reveal=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What a call would do."""

    action: str
    summary: str
    arguments: Mapping[str, Json]
    effect: Effect
    rule: str
    asks: str
    """Why it would ask first; empty when it would not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Something that waits for a yes."""

    id: str
    actor: str
    action: str
    arguments: Mapping[str, Json]
    approver: str
    summary: str
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A long action. state: running, done, failed, cancelled."""

    id: str
    action: str
    state: str
    done: int
    total: int | None
    note: str
    error: str
    started_at: datetime
    ended_at: datetime | None


class Guard(Protocol):
    """Says whether writing is possible now."""

    def __call__(self) -> None:
        """Raises ReadOnly when nothing may be written."""
        ...
