"""The unit of work: all an action writes, sends and says happened, committed as one or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from core.bus import Bus
from core.codec import canonical
from core.events import Event, Priority
from core.outbox import Outbox
from core.points import reach
from core.storage import Connection, Storage
from core.values import Actor, Json, Message, new_id, now, stamp

Write = Callable[..., object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """The call that takes a change back."""

    action: str
    arguments: Mapping[str, Json]


@dataclass(slots=True)
class _Content:
    writes: list[tuple[Write, tuple[object, ...]]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    after: list[tuple[Write, tuple[object, ...]]] = field(default_factory=list)


class Unit:
    """What one action changes. Nothing is written until the door commits it."""

    def __init__(self, storage: Storage, outbox: Outbox, bus: Bus) -> None:
        self._storage, self._outbox, self._bus = storage, outbox, bus
        self._content = _Content()
        self._flushes = False
        self.inverse: Inverse | None = None
        self.before: Json = None
        self.after: Json = None

    def do(self, fn: Write, *args: object) -> None:
        """Write by `fn(connection, *args)`: pure, it may run twice; an AppError it raises undoes the unit."""
        self._content.writes.append((fn, args))

    def send(self, message: Message) -> None:
        """Send a message once the unit is committed."""
        self._content.messages.append(message)

    def emit(self, event: Event) -> None:
        """Publish an event once the unit is committed."""
        self._content.events.append(event)

    def then(self, fn: Write, *args: object) -> None:
        """Call `fn(*args)` right after the commit: for what lives in memory only and can be rebuilt."""
        self._content.after.append((fn, args))

    def undo(self, action: str, arguments: Mapping[str, Json]) -> None:
        """Say which call takes this one back; `undo` runs it."""
        self.inverse = Inverse(action=action, arguments=arguments)

    def changed(self, before: Json, after: Json) -> None:
        """Say for the record what was there and what is there now."""
        self.before, self.after = before, after

    async def flush(self) -> None:
        """Commit what there is so far; only jobs do this, a unit for each batch of theirs."""
        if not self._flushes:
            raise TypeError("Only a job commits its work in batches.")
        await self.commit(background=True)

    @property
    def empty(self) -> bool:
        """Nothing was written, sent or said."""
        return not (self._content.writes or self._content.messages or self._content.events)

    def allow_flushes(self) -> None:
        """Let a job commit in batches."""
        self._flushes = True

    def first(self, fn: Write, *args: object) -> None:
        """Write before everything else of this unit (the idempotency key)."""
        self._content.writes.insert(0, (fn, args))

    async def commit(self, *, background: bool = False) -> None:
        """Write all of it in one transaction, then hand messages and events on."""
        content, self._content = self._content, _Content()
        write = self._storage.write_later if background else self._storage.write
        reach("unit.before_commit")
        await write(self._apply, content, then=partial(self._hand_on, content))

    def _hand_on(self, content: _Content) -> None:
        """What follows the commit; the writer calls it, so that a caller who gave up takes nothing away."""
        reach("unit.after_commit")
        for fn, args in content.after:
            fn(*args)
        for message in content.messages:
            self._outbox.hand_over(message)
        for event in content.events:
            self._bus.publish(event)

    def _apply(self, connection: Connection, content: _Content) -> None:
        for event in content.events:
            if event.priority is Priority.CRITICAL:
                self._bus.record(connection, event)
        for message in content.messages:
            self._outbox.insert(connection, message)
        for fn, args in content.writes:
            fn(connection, *args)


def remember_inverse(connection: Connection, actor: Actor, done: str, inverse: Inverse) -> None:
    """Write how a call is taken back."""
    connection.execute(
        "INSERT INTO undo (id, actor, done, action, arguments, at) VALUES (?, ?, ?, ?, ?, ?)",
        (new_id(), actor.person_id, done, inverse.action, canonical(inverse.arguments), stamp(now())),
    )
