"""`/api/v1/events`: what happens, as it happens, to those who may see it; readers resume where they were.

A ring keeps the last 1,000 events; critical ones are also in the database for seven days. What lies
between is a hole, and the reader is told so by `event: gap`. A reader that cannot keep up is told so, too,
and its stream ends: it comes back and resumes after the last event that reached it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request

from core.actions import Context, Door
from core.bus import Bus, Policy
from core.codec import plain
from core.errors import InvalidInput
from core.events import (
    AnswerGrew,
    Event,
    HookReceived,
    MessageAnswered,
    MessageReceived,
    PersonChanged,
    SomebodyUnknown,
)
from core.ports import Authoriser
from core.values import Actor, Audience, Json, now
from gui.api.auth import Gate
from gui.api.parts import Parts
from gui.api.stream import EventStream, Outlet, frame

RING = 1_000
KEPT = timedelta(days=7)
LOOK_AGAIN_S = 30.0
"""Rights are looked up again this often while a stream is open, and whenever the person changes."""
OPERATES = "activity.read"
BATCH = 500

_HIDDEN: dict[type[Event], frozenset[str]] = {
    SomebodyUnknown: frozenset({"code"}),  # whoever has it could let somebody in
    HookReceived: frozenset({"body"}),
}
_TALK = (MessageReceived, MessageAnswered, AnswerGrew)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """What one reader may see."""

    actor: Actor
    audience: Audience
    operates: bool

    def sees(self, event: Event) -> bool:
        """Places decide; without any, people who operate do. Talk without a place is private."""
        if event.places:
            return self.audience.may_see(event.places)
        if isinstance(event, _TALK):
            return False
        mine = self.actor.person_id and self.actor.person_id in (
            getattr(event, "actor", ""),
            getattr(event, "person_id", ""),
        )
        return self.operates or bool(mine)


class Feed:
    """Hears every event once and hands it to all open streams. `run` until cancelled."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._ring: deque[Event] = deque(maxlen=RING)
        self._watchers: set[Watcher] = set()

    async def run(self) -> None:
        """Listen."""
        listener = self._bus.subscribe("event streams", policy=Policy.DROP_OLDEST, bound=10_000)
        try:
            await self._bus.serve(listener, self.hear)
        finally:
            self._bus.unsubscribe(listener)

    async def hear(self, events: Sequence[Event]) -> None:
        """Keep events and hand them on."""
        self._ring.extend(events)
        for watcher in self._watchers:
            watcher.put(events)

    def close(self) -> None:
        """End every open stream: the process stops."""
        for watcher in self._watchers:
            watcher.end()

    def watch(self, watcher: Watcher) -> tuple[Event, ...]:
        """The ring as it is; from here on the watcher gets what follows."""
        self._watchers.add(watcher)
        return tuple(self._ring)

    def leave(self, watcher: Watcher) -> None:
        """No more events for a stream that ended."""
        self._watchers.discard(watcher)

    async def stored(self, after: str) -> Iterable[Event]:
        """Critical events since an id, at most seven days back, oldest first."""
        after = max(after, _oldest_id())
        found: list[Event] = []
        while batch := await self._bus.critical_since(after, BATCH):
            found += batch
            after = batch[-1].id
        return found


class Watcher:
    """One open stream's events, before it is known who may see them."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._ready = asyncio.Event()
        self.gap = False
        self.ended = False

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = True
        self._ready.set()

    def put(self, events: Sequence[Event]) -> None:
        """More events; once it lags a whole ring behind, none any more."""
        if len(self._events) + len(events) > RING:
            self.gap = True
        if self.gap:
            self._events.clear()
        else:
            self._events.extend(events)
        self._ready.set()

    async def take(self, within_s: float) -> list[Event]:
        """What came; empty when nothing did in that time."""
        try:
            async with asyncio.timeout(within_s):
                await self._ready.wait()
        except TimeoutError:
            return []
        self._ready.clear()
        taken = list(self._events)
        self._events.clear()
        return taken


class Events:
    """Serves the streams."""

    def __init__(self, parts: Parts, gate: Gate, feed: Feed) -> None:
        self._parts, self._gate, self._feed = parts, gate, feed

    async def stream(self, request: Request) -> EventStream:
        """GET /api/v1/events: a stream that ends when the caller's sign-in does."""
        ctx = self._gate.context(request, await self._gate.caller(request))
        last_id = _last_id(request)
        viewer = await view(self._parts.door, self._parts.authoriser, ctx)

        async def produce(outlet: Outlet) -> None:
            watcher = Watcher()
            kept = self._feed.watch(watcher)
            try:
                if last_id:
                    await self._resume(outlet, viewer, kept, last_id)
                await self._follow(outlet, viewer, watcher, request, ctx)
            finally:
                self._feed.leave(watcher)

        return EventStream(produce)

    async def _resume(self, outlet: Outlet, viewer: Viewer, kept: Sequence[Event], last_id: str) -> None:
        ids = [event.id for event in kept]
        if last_id in ids:
            _put(outlet, viewer, kept[ids.index(last_id) + 1 :])
            return
        outlet.put(frame("gap", {"kept": "critical"}))
        in_ring = set(ids)
        older = [event for event in await self._feed.stored(last_id) if event.id not in in_ring]
        _put(outlet, viewer, older)
        _put(outlet, viewer, (event for event in kept if event.id > last_id))

    async def _follow(self, outlet: Outlet, viewer: Viewer, watcher: Watcher, request: Request, ctx: Context) -> None:
        looked = time.monotonic()
        while not (outlet.closed or watcher.ended):
            events = await watcher.take(LOOK_AGAIN_S)
            changed = any(isinstance(e, PersonChanged) and e.person_id == viewer.actor.person_id for e in events)
            if changed or time.monotonic() - looked >= LOOK_AGAIN_S:
                looked = time.monotonic()
                if await self._gate.known(request) is None:
                    return
                viewer = await view(self._parts.door, self._parts.authoriser, ctx)
            if watcher.gap or outlet.waiting + len(events) > RING:
                outlet.drop()  # the reader resumes after the last event that did reach it
                outlet.put(frame("gap", {"kept": "critical"}))
                return
            _put(outlet, viewer, events)


async def view(door: Door, authoriser: Authoriser, ctx: Context) -> Viewer:
    """What the caller may see at this moment."""
    known = await door.identify(ctx)
    held = authoriser.permissions(known.actor)
    area = OPERATES.partition(".")[0]
    return Viewer(
        actor=known.actor, audience=known.audience, operates=not held.isdisjoint({"*", f"{area}.*", OPERATES})
    )


def _put(outlet: Outlet, viewer: Viewer, events: Iterable[Event]) -> None:
    for event in events:
        if viewer.sees(event):
            outlet.put(frame(event.name, shown(event), event.id))


def shown(event: Event) -> Json:
    """An event as it goes out: without what would let its reader do more than see."""
    hidden = _HIDDEN.get(type(event), frozenset())
    value = plain(event)
    assert isinstance(value, dict)
    return {name: field for name, field in value.items() if name not in hidden}


def _last_id(request: Request) -> str:
    given = request.headers.get("last-event-id", "").strip()
    if len(given) > 64 or not all(char in "0123456789abcdef-" for char in given):
        raise InvalidInput(f"Last-Event-ID is {given[:64]!r}, not an id that was sent.", hint="Leave it out.")
    return given


def _oldest_id() -> str:
    """The smallest UUIDv7 of seven days ago."""
    digits = f"{int((now() - KEPT).timestamp() * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"
