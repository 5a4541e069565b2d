"""The bus: typed events, four weighted priorities, a bounded queue and a policy for each listener.

Publishing never runs a listener: it appends to queues. A listener takes batches in its own task.
Critical events reach a durable listener at least once: its rows are written in the publisher's own
unit and removed when it has heard them; what a dead process had not heard comes again at the start,
so listeners are idempotent by event id.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

from core import events as all_events
from core.bus import store
from core.bus.model import Policy
from core.codec import decode, encode
from core.events import Event, Priority
from core.storage import Connection, Storage
from core.values import stamp

WEIGHTS = (8, 4, 2, 1)
"""How many of each priority a listener takes in one turn, so that low ones do not starve."""
SEEN = 50_000
"""Ids of events remembered to drop a second copy."""

Hear = Callable[[Sequence[Event]], Awaitable[None]]

_KINDS: dict[str, type[Event]] = {
    kind.name: kind for kind in vars(all_events).values() if isinstance(kind, type) and issubclass(kind, Event)
}


def event_named(name: str, body: str) -> Event | None:
    """The event a row holds; None when this program no longer has that kind."""
    kind = _KINDS.get(name)
    return decode(kind, body) if kind is not None else None


class Listener:
    """One subscriber's queue. `take` waits for events; several may wait in a batch."""

    __slots__ = (
        "_by_key",
        "_count",
        "_lanes",
        "_room",
        "_waiting",
        "bound",
        "dropped",
        "durable",
        "kinds",
        "name",
        "policy",
        "slowest_ms",
    )

    def __init__(self, name: str, kinds: tuple[type[Event], ...], policy: Policy, bound: int, durable: bool) -> None:
        self.name = name
        self.kinds = kinds
        self.policy = policy
        self.bound = bound
        self.durable = durable
        self.dropped = 0
        self.slowest_ms = 0.0
        self._lanes: tuple[deque[Event], ...] = (deque(), deque(), deque(), deque())
        self._by_key: dict[str, Event] = {}
        self._count = 0
        self._waiting: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return self._count

    def put(self, event: Event) -> None:
        """Queue one event under this listener's policy."""
        if self.policy is not Policy.BLOCK:
            if self.policy is Policy.COALESCE and self._replaced(event):
                return
            if self._count >= self.bound:
                self._drop_one()
        self._lanes[event.priority].append(event)
        self._count += 1
        waiting = self._waiting
        if waiting is not None:
            self._waiting = None
            if not waiting.done():
                waiting.set_result(None)

    async def wait_for_room(self) -> None:
        """Return once the queue is under its bound."""
        while self._count >= self.bound:
            if self._room is None or self._room.done():
                self._room = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._room)

    async def take(self, most: int = 64) -> list[Event]:
        """At least one event, at most `most`, the important first but none starved."""
        while not self._count:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        batch = self._next(most)
        self._count -= len(batch)
        if self._by_key:
            for event in batch:
                self._by_key.pop(event.key, None)
        if self._room is not None and not self._room.done() and self._count < self.bound:
            self._room.set_result(None)
        return batch

    def _next(self, most: int) -> list[Event]:
        batch: list[Event] = []
        left = min(most, self._count)
        while left:
            for lane, weight in zip(self._lanes, WEIGHTS, strict=True):
                if not lane:
                    continue
                if len(lane) == self._count - len(batch):  # the others are empty: no turns to take
                    weight = left
                turn = min(weight, len(lane), left)
                batch += [lane.popleft() for _ in range(turn)]
                left -= turn
        return batch

    def _replaced(self, event: Event) -> bool:
        waiting = self._by_key.get(event.key)
        self._by_key[event.key] = event
        if waiting is None or waiting.priority is not event.priority:
            return False
        lane = self._lanes[event.priority]
        for position in range(len(lane) - 1, -1, -1):  # the newest are likeliest
            if lane[position] is waiting:
                lane[position] = event
                return True
        return False

    def _drop_one(self) -> None:
        for lane in reversed(self._lanes):
            if lane:
                gone = lane.popleft()
                self._by_key.pop(gone.key, None)
                self._count -= 1
                self.dropped += 1
                return


class Bus:
    """Fans events out to listeners."""

    def __init__(self, storage: Storage | None = None) -> None:
        self._storage = storage
        self._listeners: list[Listener] = []
        self._by_kind: dict[type[Event], tuple[Listener, ...]] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()

    def subscribe(
        self,
        name: str,
        *kinds: type[Event],
        policy: Policy = Policy.DROP_OLDEST,
        bound: int = 1_000,
        durable: bool = False,
    ) -> Listener:
        """A new listener; no kinds means all. durable: critical events are kept until it heard them."""
        listener = Listener(name, kinds, policy, bound, durable)
        self._listeners.append(listener)
        self._by_kind.clear()
        return listener

    def unsubscribe(self, listener: Listener) -> None:
        """Stop feeding a listener."""
        if listener in self._listeners:
            self._listeners.remove(listener)
            self._by_kind.clear()

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Who listens now."""
        return tuple(self._listeners)

    def record(self, connection: Connection, event: Event) -> None:
        """Write a critical event in its publisher's unit; call `publish` after the commit."""
        names = [listener.name for listener in self._for(type(event)) if listener.durable]
        store.record(connection, event.id, event.name, stamp(event.at), encode(event), names)

    def publish(self, event: Event) -> None:
        """Queue an event for everyone who listens; a second copy (same id) is dropped."""
        seen = self._seen
        if event.id in seen:
            return
        seen[event.id] = None
        if len(seen) > SEEN:
            seen.popitem(last=False)
        for listener in self._by_kind.get(type(event)) or self._for(type(event)):
            listener.put(event)

    async def publish_wait(self, event: Event) -> None:
        """As `publish`, after every blocking listener has room."""
        for listener in self._by_kind.get(type(event)) or self._for(type(event)):
            if listener._count >= listener.bound and listener.policy is Policy.BLOCK:
                await listener.wait_for_room()
        self.publish(event)

    async def critical_since(self, event_id: str, limit: int = 1_000) -> list[Event]:
        """Stored critical events with a later id, oldest first, at most `limit`; for those who resume."""
        if self._storage is None:
            return []
        rows = await self._storage.read(store.since, event_id, limit)
        found = (event_named(name, body) for name, body in rows)
        return [event for event in found if event is not None]

    async def serve(self, listener: Listener, hear: Hear, *, batch: int = 64) -> None:
        """Feed `hear` until cancelled. For a durable listener first what it has not heard yet.

        An error in `hear` goes up (the supervisor starts this again); nothing unheard is lost.
        """
        if listener.durable and self._storage is not None:
            await self._redeliver(listener, hear)
        while True:
            taken = await listener.take(batch)
            started = time.perf_counter()
            await hear(taken)
            listener.slowest_ms = max(listener.slowest_ms, (time.perf_counter() - started) * 1000)
            await self._heard(listener, taken)

    async def _redeliver(self, listener: Listener, hear: Hear) -> None:
        storage = self._storage
        assert storage is not None
        await storage.write(store.tried, listener.name)
        waiting = {event.id for lane in listener._lanes for event in lane}
        for name, body, _ in await storage.read(store.unheard, listener.name):
            event = event_named(name, body)
            if event is not None and event.id not in waiting:
                await hear([event])
                await self._heard(listener, [event])

    async def _heard(self, listener: Listener, taken: Iterable[Event]) -> None:
        if not listener.durable or self._storage is None:
            return
        done = [(event.id, listener.name) for event in taken if event.priority is Priority.CRITICAL]
        if done:
            await self._storage.write(store.heard, done)

    def _for(self, kind: type[Event]) -> tuple[Listener, ...]:
        found = self._by_kind.get(kind)
        if found is None:
            found = tuple(one for one in self._listeners if not one.kinds or issubclass(kind, one.kinds))
            self._by_kind[kind] = found
        return found
