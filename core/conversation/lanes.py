"""Lanes: one thing at a time in a conversation, many conversations at once, no person in everybody's way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from core.errors import ReadOnly
from core.values import Incoming

RETRY_S = 5.0
"""After a full disk: what could not be written is tried again, nothing is lost meanwhile."""

Work = Callable[[Incoming, str], Awaitable[None]]


class Lanes:
    """Runs `work` for each arrival: in order within a conversation, at most `workers` at once."""

    def __init__(self, work: Work, *, workers: int, per_person: int = 2) -> None:
        self._work = work
        self._slots = asyncio.Semaphore(workers)
        self._per_person = per_person
        self._people: dict[str, asyncio.Semaphore] = {}
        self._queues: dict[str, deque[tuple[Incoming, str]]] = {}
        self._running: dict[str, tuple[Incoming, asyncio.Task[ReadOnly | None]]] = {}
        self._group: asyncio.TaskGroup | None = None

    async def run(self, take: Callable[[], Awaitable[tuple[Incoming, str]]]) -> None:
        """Work on what `take` gives, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                while True:
                    self.put(*await take())
        finally:
            self._group = None
            self._queues.clear()
            self._running.clear()

    def put(self, incoming: Incoming, placeholder: str) -> None:
        """Queue one arrival behind the others of its conversation."""
        lane = incoming.place.conversation
        queue = self._queues.setdefault(lane, deque())
        queue.append((incoming, placeholder))
        if len(queue) == 1 and self._group is not None:
            self._group.create_task(self._drain(lane, queue), name=f"lane {lane}")

    def busy_with(self, conversation: str) -> Incoming | None:
        """What is being answered in a conversation now."""
        return next((one for one, _ in self._running.values() if one.place.conversation == conversation), None)

    def running(self, incoming_id: str) -> Incoming | None:
        """The arrival with that id while it is being answered."""
        found = self._running.get(incoming_id)
        return found[0] if found else None

    def cancel(self, incoming_id: str) -> bool:
        """Stop the answer to an arrival; False when it is not being made now."""
        found = self._running.get(incoming_id)
        return found is not None and found[1].cancel()

    async def _drain(self, lane: str, queue: deque[tuple[Incoming, str]]) -> None:
        while queue:
            incoming, placeholder = queue[0]
            async with self._person(incoming), self._slots:
                await self._one(incoming, placeholder)
            queue.popleft()
        self._queues.pop(lane, None)

    def _person(self, incoming: Incoming) -> asyncio.Semaphore:
        key = f"{incoming.sender.network}:{incoming.sender.external_id}"
        if len(self._people) > 10_000:
            self._people = {name: one for name, one in self._people.items() if one.locked()}
        return self._people.setdefault(key, asyncio.Semaphore(self._per_person))

    async def _one(self, incoming: Incoming, placeholder: str) -> None:
        assert self._group is not None
        while True:
            task = self._group.create_task(_settled(self._work(incoming, placeholder)), name=f"answer {incoming.id}")
            self._running[incoming.id] = (incoming, task)
            try:
                await asyncio.wait({task})
            finally:
                self._running.pop(incoming.id, None)
            if not isinstance(task.result(), ReadOnly):
                return
            await asyncio.sleep(RETRY_S)


async def _settled(work: Awaitable[None]) -> ReadOnly | None:
    """None, or the reason nothing could be written; other errors are the work's own bugs and go up."""
    try:
        await work
    except ReadOnly as error:
        return error
    return None
