"""What happens, on screen: one listener on the bus for all pages, four flushes a second.

A page says which kinds of events concern it and gets batches of those its reader may see, the newest
of each key. It reads again through the door; an event is a hint, never the data.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from nicegui import background_tasks, ui

from core.bus import Bus, Policy
from core.events import ActionDone, Event
from core.values import Audience
from gui.glances import Glances

FLUSH_S = 0.25
LEAST_S = 2.0
"""A page reads again at most this often."""

Changed = Callable[[Sequence[Event]], Awaitable[None] | None]
log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Gaze:
    """Whether an open page is looked at; a tab behind others is not, and nothing is pushed to it."""

    open: bool = True


@dataclass(slots=True, eq=False)
class Watcher:
    """One part of one page that wants to hear of changes.

    hint: it is told that something of these kinds happened and gets no event at all; what it reads then
    comes through the door, which knows public places too. While nobody looks it is told nothing, and once
    afterwards when it missed something.
    """

    kinds: tuple[type[Event], ...]
    audience: Audience
    operates: bool
    changed: Changed
    hint: bool = False
    gaze: Gaze = field(default_factory=Gaze)
    missed: bool = False

    def heard(self, wanted: Sequence[Event]) -> tuple[bool, tuple[Event, ...]]:
        """(whether to tell it, the events it may see) of those of its kinds."""
        if self.hint:
            return bool(wanted), ()
        seen = tuple(event for event in wanted if self._may_see(event))
        return bool(seen), seen

    def _may_see(self, event: Event) -> bool:
        return self.audience.may_see(event.places) if event.places else self.operates


class Live:
    """Feeds watchers from the bus. `run` does the work; without it nothing moves."""

    def __init__(self, bus: Bus, *, changes: Callable[[str], bool] = lambda action: True) -> None:
        self._bus = bus
        self._changes = changes  # whether an action changes anything: what pages read must not make them read again
        self._watchers: set[Watcher] = set()
        self._fresh: dict[str, Event] = {}
        self.glances = Glances()

    @property
    def watchers(self) -> int:
        """How many parts of pages are listening."""
        return len(self._watchers)

    def add(self, watcher: Watcher) -> None:
        """Begin to tell a watcher."""
        self._watchers.add(watcher)

    def remove(self, watcher: Watcher) -> None:
        """Stop telling a watcher."""
        self._watchers.discard(watcher)

    async def run(self) -> None:
        """Hear and flush until cancelled."""
        listener = self._bus.subscribe("control room", policy=Policy.DROP_OLDEST, bound=5_000)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._bus.serve(listener, self._hear))
                group.create_task(self._flush_often())
        finally:
            self._bus.unsubscribe(listener)

    async def _hear(self, events: Sequence[Event]) -> None:
        if self._watchers:
            for event in events:
                if not isinstance(event, ActionDone) or self._changes(event.action):
                    self._fresh[event.key] = event

    async def _flush_often(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            if self._fresh:
                self.flush()

    def flush(self) -> None:
        """Hand what is new to whoever may see it."""
        fresh, self._fresh = self._fresh, {}
        self.glances.forget()
        of_kinds: dict[tuple[type[Event], ...], tuple[Event, ...]] = {}
        for watcher in tuple(self._watchers):
            kinds = watcher.kinds
            if kinds not in of_kinds:
                of_kinds[kinds] = tuple(one for one in fresh.values() if not kinds or isinstance(one, kinds))
            told, seen = watcher.heard(of_kinds[kinds])
            if told and watcher.hint and not watcher.gaze.open:
                watcher.missed = True
            elif told:
                _tell(watcher, seen)

    def looked_at(self, gaze: Gaze) -> None:
        """Somebody looks at that page again: tell its parts that missed something."""
        for watcher in tuple(self._watchers):
            if watcher.gaze is gaze and watcher.missed:
                watcher.missed = False
                _tell(watcher, ())


def _tell(watcher: Watcher, seen: Sequence[Event]) -> None:
    try:
        result = watcher.changed(seen)
    except Exception:  # one page's fault is not the others'
        log.exception("A page could not follow what changed")
        return
    if isinstance(result, Awaitable):
        background_tasks.create(_awaited(result), name="live page")


async def _awaited(result: Awaitable[None]) -> None:
    await result


class Scope(ui.element):
    """An invisible element that ends a watcher when its part of the page goes away.

    NiceGUI undoes subscriptions only when a whole client dies, not when a sub page is left.
    """

    def __init__(self, live: Live, watcher: Watcher) -> None:
        super().__init__("span")
        self.props["hidden"] = True
        self._live, self._watcher = live, watcher
        live.add(watcher)

    def _handle_delete(self) -> None:
        self._live.remove(self._watcher)
        super()._handle_delete()


class Often:
    """Runs `again` for a burst of changes: at once, then at most every `LEAST_S`."""

    def __init__(self, again: Callable[[], Awaitable[None]]) -> None:
        self._again = again
        self._busy = False
        self._more = False

    def __call__(self, events: Sequence[Event] = ()) -> Awaitable[None] | None:
        """Something changed. What to await, unless that is going on and will look once more."""
        if self._busy:
            self._more = True
            return None
        self._busy = True
        return self._run()

    async def _run(self) -> None:
        try:
            while True:
                self._more = False
                await self._again()
                await asyncio.sleep(LEAST_S)
                if not self._more:
                    return
        finally:
            self._busy = False
