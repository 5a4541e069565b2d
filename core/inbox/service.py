"""The durable inbox: accepted means written, and a second copy is no second message."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta

from core.codec import decode, encode
from core.inbox import store
from core.points import reach
from core.storage import Storage
from core.values import Incoming, moment, now


class Inbox:
    """Takes arrivals from the networks and hands them to the conversations, in order."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._fresh: deque[tuple[Incoming, str]] = deque()
        self._arrived = asyncio.Event()
        self._waiting: dict[str, datetime] = {}

    async def accept(self, incoming: Incoming) -> bool:
        """Write it; True when it is new. Acknowledge to the network only after this returned."""
        incoming = _writable(incoming)
        reach("inbox.before_write")
        new = await self._storage.write(store.insert, incoming, encode(incoming))
        reach("inbox.after_write")
        if new:
            self._put(incoming, "")
        return new

    async def load(self) -> int:
        """Take up all that waits, whoever left it: an earlier process, or lanes that were started again; how many."""
        self._fresh.clear()
        self._waiting.clear()
        rows = await self._storage.read(store.waiting)
        arrived = list(self._fresh)  # while it was read; what was left is older and goes first
        self._fresh.clear()
        self._waiting.clear()
        for body, placeholder in rows:
            self._put(decode(Incoming, body), placeholder)
        for incoming, placeholder in arrived:
            self._put(incoming, placeholder)
        return len(rows)

    def again(self, incoming: Incoming, placeholder: str = "") -> None:
        """Hand an arrival out once more (it was listed, and a person chose to have it answered)."""
        self._put(incoming, placeholder)

    async def take(self) -> tuple[Incoming, str]:
        """The next arrival and the id of its placeholder message, or an empty one."""
        while not self._fresh:
            self._arrived.clear()
            await self._arrived.wait()
        return self._fresh.popleft()

    def settled(self, incoming_id: str) -> None:
        """It is no longer waiting; called after the unit that marked it was committed."""
        self._waiting.pop(incoming_id, None)

    @property
    def oldest_waiting(self) -> timedelta:
        """How long the oldest waiting arrival waits."""
        return now() - min(self._waiting.values()) if self._waiting else timedelta(0)

    @property
    def waiting(self) -> int:
        """How many wait or are being worked on."""
        return len(self._waiting)

    async def newest(self, network: str) -> dict[str, tuple[str, datetime]]:
        """The last known message of each place of a network: place → (message id, sent at)."""
        rows = await self._storage.read(store.newest_by_place, network)
        return {place: (message_id, moment(at)) for place, message_id, at in rows}

    async def known(self, network: str, place: str, message_id: str) -> tuple[str, str] | None:
        """(inbox id, state) of a message of a network, if it came in."""
        return await self._storage.read(store.by_message, network, place, message_id)

    async def get(self, incoming_id: str) -> tuple[Incoming, str, str] | None:
        """(arrival, state, placeholder) by id."""
        row = await self._storage.read(store.body_of, incoming_id)
        return (decode(Incoming, row[0]), row[1], row[2]) if row else None

    def _put(self, incoming: Incoming, placeholder: str) -> None:
        if incoming.id in self._waiting:
            return  # it came in while `load` was reading: both found it
        self._waiting[incoming.id] = incoming.received_at
        self._fresh.append((incoming, placeholder))
        self._arrived.set()


def _writable(incoming: Incoming) -> Incoming:
    """As it came, but for half surrogate pairs, which UTF-8 cannot hold: `?` takes their place."""
    sender = incoming.sender
    if all(map(_whole, (incoming.text, incoming.value, sender.name, *incoming.fields.values()))):
        return incoming
    return replace(
        incoming,
        text=_mended(incoming.text),
        value=_mended(incoming.value),
        sender=replace(sender, name=_mended(sender.name)),
        fields={name: _mended(value) for name, value in incoming.fields.items()},
    )


def _whole(text: str) -> bool:
    return text.isascii() or _mended(text) == text


def _mended(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
