"""The durable outbox: in order per destination, one try at a time, and never twice.

A row is marked `sending` before it leaves. A try whose answer was lost, or that a dead process had in
hand, is looked for at the network before it is made again: enqueued exactly once, delivered at least
once, and where the network can be asked, exactly once.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from core.codec import decode, encode
from core.errors import AppError, Limited, Unavailable
from core.events import DeliveryChanged
from core.outbox import store
from core.outbox.model import Delivery
from core.outbox.pace import Pace
from core.points import reach
from core.ports import Chat, Publisher, Sent
from core.storage import Connection, Storage
from core.values import Message, moment, now, stamp

BACKOFF_S = 1.0
BACKOFF_MAX_S = 60.0
BUG_ATTEMPTS = 5
"""An error that is no AppError is a bug here; it is not tried for a day."""
GIVE_UP = timedelta(hours=24)
"""A message that could not be sent for so long is failed: a person decides."""
FAILED_AT_ONCE = 500
LOCAL = frozenset({"room", "terminal", "api"})
"""Places shown by this process itself: a reply there is sent once it is written."""

log = logging.getLogger(__name__)


class _Item:
    """A message in its destination's queue. claimed: its row says `sending`, it may leave."""

    __slots__ = ("attempts", "claimed", "message", "unsure")

    def __init__(self, message: Message, *, unsure: bool = False) -> None:
        self.message = message
        self.unsure = unsure
        self.attempts = 0
        self.claimed = False


class Outbox:
    """Sends what is written to the networks that registered."""

    def __init__(self, storage: Storage, bus: Publisher, *, random_s: Callable[[], float] = random.random) -> None:
        self._storage = storage
        self._bus = bus
        self._random = random_s
        self._chats: dict[str, Chat] = {}
        self._queues: dict[str, deque[_Item]] = {}
        self._paces: dict[str, Pace] = {}
        self._group: asyncio.TaskGroup | None = None
        self._busy: set[str] = set()
        self._dropped: set[str] = set()
        self._back: dict[str, asyncio.Event] = {}

    # ── Writing ──

    def insert(self, connection: Connection, message: Message) -> None:
        """Write a message inside its sender's unit; `hand_over` it after the commit."""
        local = message.address.place.network in LOCAL
        store.insert(
            connection,
            message.id,
            message.address.destination,
            encode(message),
            message.about,
            stamp(message.created_at),
            local,
        )

    def hand_over(self, message: Message) -> None:
        """Send a message whose row is committed."""
        if message.address.place.network not in LOCAL:
            self._put(_Item(message))
        self._bus.publish(
            DeliveryChanged(
                message_id=message.id, state="sent" if message.address.place.network in LOCAL else "waiting"
            )
        )

    # ── Sending ──

    def register(self, chat: Chat) -> None:
        """Send messages of this network through `chat` from now on."""
        self._chats[chat.network] = chat
        for destination in list(self._queues):
            self._start(destination)

    def unregister(self, network: str) -> None:
        """Keep messages of this network waiting."""
        self._chats.pop(network, None)

    def connected(self, network: str) -> None:
        """The network is there again: what waits for it is tried now. Its own wish to wait is kept by the pace."""
        back = self._back.pop(network, None)
        if back is not None:
            back.set()

    def chat(self, network: str) -> Chat | None:
        """The network with that name, when it is connected here."""
        return self._chats.get(network)

    @property
    def chats(self) -> tuple[Chat, ...]:
        """The networks messages are sent through now."""
        return tuple(self._chats.values())

    async def run(self) -> None:
        """Send until cancelled, beginning with what an earlier process left."""
        self._take_up(await self._storage.read(store.open_rows))
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for destination in list(self._queues):
                    self._start(destination)
                await asyncio.Event().wait()  # workers come and go in the group
        finally:
            self._group = None
            self._busy.clear()

    # ── What people do with deliveries ──

    async def listed(self, state: str = "", limit: int = 50) -> tuple[Delivery, ...]:
        """Deliveries, newest first."""
        rows = await self._storage.read(store.listed, state, limit)
        return tuple(_delivery(row, decode(Message, row[2])) for row in rows)

    async def failed(self, row_id: str) -> tuple[tuple[str, str], ...]:
        """(id, stored message) of a failed delivery, or of every one for `all`."""
        rows = await self._storage.read(store.listed, "failed", FAILED_AT_ONCE)
        return tuple((row[0], row[2]) for row in rows if row_id in ("all", row[0]))

    async def counts(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        return await self._storage.read(store.counts)

    def retry_now(self, row_id: str, body: str) -> None:
        """Send a failed message again, after its row was put back (`store.again`)."""
        self._put(_Item(decode(Message, body), unsure=True))
        self._bus.publish(DeliveryChanged(message_id=row_id, state="waiting"))

    def forget(self, row_id: str) -> None:
        """Do not send a message whose row was dropped."""
        self._dropped.add(row_id)
        self._bus.publish(DeliveryChanged(message_id=row_id, state="dropped"))

    @property
    def waiting(self) -> int:
        """Messages that wait or are being sent."""
        return sum(len(queue) for queue in self._queues.values())

    def waits(self, destination: str) -> bool:
        """Whether messages to a destination have yet to leave; what is posted now would go before them."""
        return self._group is None or bool(self._queues.get(destination))

    # ── One destination at a time ──

    def _take_up(self, rows: Sequence[tuple[str, str, str, str, int, int]]) -> None:
        """Queue what is written down, in its order; what was handed over while it was read is newer."""
        handed = {item.message.id: item for queue in self._queues.values() for item in queue}
        self._queues.clear()
        for row_id, _, body, state, _, unsure in rows:
            # The row keeps the whole count; a process that was just started begins with short waits again.
            left = _Item(decode(Message, body), unsure=bool(unsure) or state == "sending")
            self._put(handed.pop(row_id, left))
        for item in handed.values():
            self._put(item)

    def _put(self, item: _Item) -> None:
        destination = item.message.address.destination
        self._queues.setdefault(destination, deque()).append(item)
        self._start(destination)

    def _start(self, destination: str) -> None:
        network = destination.partition(":")[0]
        if self._group is None or destination in self._busy or network not in self._chats:
            return
        self._busy.add(destination)
        self._group.create_task(self._work(destination, network), name=f"outbox {destination}")

    async def _work(self, destination: str, network: str) -> None:
        """Empty one destination's queue in order; the head is tried until it is sent or given up."""
        queue = self._queues[destination]
        try:
            while queue and (chat := self._chats.get(network)) is not None:
                pace = self._paces.setdefault(destination, Pace(chat.rate))
                item = queue[0]
                if item.message.id in self._dropped:
                    self._dropped.discard(item.message.id)
                    queue.popleft()
                    continue
                if pause_s := pace.take():
                    await asyncio.sleep(pause_s)
                retry_s = await self._try(chat, item, pace)
                if retry_s is None:
                    queue.popleft()
                elif retry_s:
                    await self._pause(network, retry_s)
        finally:
            self._busy.discard(destination)
            if not queue:
                self._queues.pop(destination, None)

    async def _pause(self, network: str, seconds: float) -> None:
        """Wait, but not longer than until the network is connected again."""
        back = self._back.setdefault(network, asyncio.Event())
        try:
            async with asyncio.timeout(seconds):
                await back.wait()
        except TimeoutError:
            return

    async def _try(self, chat: Chat, item: _Item, pace: Pace) -> float | None:
        """One try. None: it is done with; else the seconds before the next one."""
        message = item.message
        if not item.claimed:
            await self._storage.write(store.sending, message.id)
        item.claimed = False  # a further try is claimed anew
        item.attempts += 1
        self._bus.publish(DeliveryChanged(message_id=message.id, state="sending"))
        reach("outbox.before_send")
        try:
            taken = await self._send(chat, item)
        except Limited as error:
            pace.close_for(error.retry_after_s)
            item.attempts -= 1
            return await self._postpone(item, error, error.retry_after_s, counted=False)
        except Unavailable as error:
            item.unsure = item.unsure or error.sent is None
            if now() - message.created_at > GIVE_UP:
                await self._fail(item, error)
                return None
            return await self._postpone(item, error, error.retry_after_s or self._backoff(item.attempts))
        except AppError as error:  # refused for good, or not a message that can be sent
            await self._fail(item, error)
            return None
        except Exception as error:
            log.exception("sending %s to %s failed", message.id, message.address.destination)
            item.unsure = True
            if item.attempts >= BUG_ATTEMPTS:
                await self._fail(item, error)
                return None
            return await self._postpone(item, error, self._backoff(item.attempts))
        reach("outbox.after_send")
        await self._arrived(message, taken, self._next(message.address.destination, pace))
        return None

    async def _arrived(self, message: Message, taken: Sent, following: _Item | None) -> None:
        """Mark what arrived, and in the same commit claim what follows it at once."""
        at = stamp(now())
        if following is None:
            await self._storage.write(store.sent, message.id, taken.message_id, at)
        else:
            await self._storage.write(store.sent_and_sending, message.id, taken.message_id, at, following.message.id)
            following.claimed = True
        reach("outbox.after_mark")
        self._bus.publish(DeliveryChanged(message_id=message.id, state="sent"))

    def _next(self, destination: str, pace: Pace) -> _Item | None:
        """What leaves next, when nothing has to be waited for before it."""
        queue = self._queues[destination]
        if len(queue) < 2 or not pace.free or destination.partition(":")[0] not in self._chats:
            return None
        return None if queue[1].message.id in self._dropped else queue[1]

    async def _send(self, chat: Chat, item: _Item) -> Sent:
        if item.unsure:
            found = await chat.find(item.message)
            if found is not None:
                return found
            item.unsure = False
        return await chat.send(await self._addressed(item.message))

    async def _addressed(self, message: Message) -> Message:
        """An edit or a deletion of an answer whose own id was not known yet when it was written."""
        if message.operation == "post" or message.address.message_id:
            return message
        row = await self._storage.read(store.answer_of, message.about) if message.about else None
        if row is None or not row[3]:
            return replace(message, operation="post")
        return replace(message, address=replace(message.address, message_id=row[3]))

    async def _postpone(self, item: _Item, error: Exception, wait_s: float, *, counted: bool = True) -> float:
        due = stamp(now() + timedelta(seconds=wait_s))
        await self._storage.write(store.postponed, item.message.id, str(error), due, item.unsure, counted)
        self._bus.publish(DeliveryChanged(message_id=item.message.id, state="waiting", error=str(error)))
        return wait_s

    async def _fail(self, item: _Item, error: Exception) -> None:
        await self._storage.write(store.failed, item.message.id, str(error))
        self._bus.publish(DeliveryChanged(message_id=item.message.id, state="failed", error=str(error)))

    def _backoff(self, attempts: int) -> float:
        """Exponential with full jitter, so that many destinations do not come back at once."""
        return float(min(BACKOFF_MAX_S, BACKOFF_S * 2 ** min(attempts - 1, 10)) * (0.5 + self._random() / 2))


def _delivery(row: tuple[str, str, str, str, int, str, str, str, str], message: Message) -> Delivery:
    address = message.address
    return Delivery(
        id=row[0],
        destination=row[1],
        text=message.reply.text,
        state=row[3],
        attempts=row[4],
        error=row[5],
        created_at=moment(row[6]),
        due_at=moment(row[7]),
        sent_at=moment(row[8]) if row[8] else None,
        private=address.place.kind == "direct" or bool(address.person_external_id),
    )
