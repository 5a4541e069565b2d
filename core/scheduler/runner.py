"""Runs open slots: a few at a time, of one schedule as its overlap policy says, each ended exactly once.

A slot's end, the message it posts and the pause of a schedule whose owner may not any more are one unit.
The message's id is made from the slot's key, so a slot that a dead process had in hand and that is run
again cannot be posted twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime

from core.actions import Unit
from core.errors import AppError, Denied, Limited, NotSignedIn, StorageFailed
from core.events import SchedulePaused, ScheduleSlotEnded
from core.points import reach
from core.ports import Admins, RunSlot, SlotOrder
from core.scheduler import store
from core.scheduler.model import ON_TIME, Overlap, Schedule, Slot
from core.storage import Storage
from core.values import Address, Caller, CallerKind, Message, Reply, new_id, stamp

WORKERS = 8
"""Slots run at the same time."""
TRIES = 3
"""A slot that was interrupted this often has failed: it may be what ends the process."""
LIMITED_TRIES = 60
NOTHING = "Nothing to say, not posted."
SILENT = "It goes nowhere, not posted."

log = logging.getLogger(__name__)


class Runner:
    """Takes slots whose rows are written and brings each to its end."""

    def __init__(
        self,
        *,
        storage: Storage,
        open_unit: Callable[[], Unit],
        run: RunSlot,
        admins: Admins,
        clock: Callable[[], datetime],
        workers: int = WORKERS,
    ) -> None:
        self._storage, self._open_unit, self._run, self._admins, self._clock = storage, open_unit, run, admins, clock
        self._room = asyncio.Semaphore(workers)
        self._lines: dict[str, deque[Slot]] = {}
        self._taken: set[str] = set()
        self._group: asyncio.TaskGroup | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def open(self, group: asyncio.TaskGroup) -> None:
        """Run slots in this group from now on."""
        self._group = group

    def close(self) -> None:
        """Forget what was in hand; its rows are still there."""
        self._group = None
        self._lines.clear()
        self._taken.clear()
        self._idle.set()

    async def idle(self) -> None:
        """Return once no slot is in hand."""
        await self._idle.wait()

    def begin(self, slot: Slot) -> None:
        """Run a slot, unless it is in hand already."""
        if self._group is None or slot.key in self._taken:
            return
        self._taken.add(slot.key)
        self._idle.clear()
        schedule = slot.schedule
        if schedule.overlap is Overlap.ALLOW:
            self._group.create_task(self._alone(slot), name=slot.key)
        elif schedule.id not in self._lines:
            self._lines[schedule.id] = deque([slot])
            self._group.create_task(self._in_line(schedule.id), name=f"schedule {schedule.name}")
        elif schedule.overlap is Overlap.SKIP and not (slot.manual or slot.catching_up):
            self._group.create_task(self._skip(slot), name=slot.key)
        else:
            self._lines[schedule.id].append(slot)

    async def _in_line(self, schedule_id: str) -> None:
        line = self._lines[schedule_id]
        while line:
            await self._alone(line[0])
            line.popleft()
        self._lines.pop(schedule_id, None)

    async def _skip(self, slot: Slot) -> None:
        earlier = self._lines.get(slot.schedule.id)
        since = f" of {earlier[0].due_at:%H:%M} UTC" if earlier else ""
        await self._end(slot, "skipped", f"The run{since} was not finished.")
        self._release(slot)

    async def _alone(self, slot: Slot) -> None:
        try:
            async with self._room:
                await self._attempt(slot)
        finally:
            self._release(slot)

    def _release(self, slot: Slot) -> None:
        self._taken.discard(slot.key)
        if not self._taken:
            self._idle.set()

    async def _attempt(self, slot: Slot) -> None:
        if slot.attempts >= TRIES:
            await self._end(slot, "failed", f"Signalbox stopped {slot.attempts} times while this ran.")
            return
        started = self._clock()
        reason = await self._storage.write(store.start, slot, stamp(started))
        if reason is None:
            return
        if reason:
            await self._end(slot, "skipped", reason)
            return
        reach("slot.started")
        try:
            reply = await self._patiently(slot)
        except StorageFailed:
            raise
        except (Denied, NotSignedIn) as error:
            await self._pause(slot, error)
        except AppError as error:
            await self._end(slot, "failed", str(error))
        except Exception as error:  # a bug in an action ends this slot, not the scheduler
            error_id = new_id()
            log.exception("schedule %s failed (%s)", slot.schedule.name, error_id)
            await self._end(slot, "failed", f"{type(error).__name__}: {error} (error {error_id})")
        else:
            reach("slot.ran")
            late = started - slot.due_at > ON_TIME
            await self._post(slot, reply, "late" if late else "ran")

    async def _patiently(self, slot: Slot) -> Reply:
        """Run it; where its owner's limit is reached (a thousand schedules at nine), wait for room."""
        schedule = slot.schedule
        order = SlotOrder(
            caller=owner_caller(schedule.owner, schedule.name),
            action=schedule.action,
            arguments=schedule.arguments,
            key=slot.key,
            address=schedule.address,
            elsewhere=schedule.elsewhere,
        )
        for _ in range(LIMITED_TRIES):
            try:
                return await self._run(order)
            except Limited as error:
                await asyncio.sleep(min(error.retry_after_s, 60.0))
        return await self._run(order)

    async def _post(self, slot: Slot, reply: Reply, state: str) -> None:
        address = slot.schedule.address
        if not (reply.text or reply.table):
            await self._end(slot, state, NOTHING)
        elif address is None:
            await self._end(slot, state, SILENT)
        else:
            message = self._message(slot.message_id, address, reply)
            await self._end(slot, state, "", message=message)

    def _message(self, message_id: str, address: Address, reply: Reply) -> Message:
        return Message(id=message_id, address=address, reply=reply, created_at=self._clock())

    async def give_up(self, schedule: Schedule, error: AppError) -> None:
        """Pause a schedule whose times cannot be told any more, and tell the admins."""
        await (await self._pausing(schedule, error)).commit()

    async def _pause(self, slot: Slot, error: AppError) -> None:
        """The owner left or may not any more: the slot failed, and no later one is tried."""
        await self._end(slot, "failed", str(error), unit=await self._pausing(slot.schedule, error))

    async def _pausing(self, schedule: Schedule, error: AppError) -> Unit:
        reason = str(error)
        unit = self._open_unit()
        unit.do(store.pause, schedule.id, reason)
        unit.emit(SchedulePaused(schedule=schedule.name, owner=schedule.owner, reason=reason))
        text = (
            f"The schedule **{schedule.name}** (`{schedule.action.replace('.', ' ')}`) was paused: {reason}\n"
            f"When that is put right: `schedules resume {schedule.name}`, or set it up again as somebody who may."
        )
        for address in await self._admins.addresses():
            unit.send(self._message(new_id(), address, Reply(text=text)))
        return unit

    async def _end(
        self, slot: Slot, state: str, reason: str, *, message: Message | None = None, unit: Unit | None = None
    ) -> None:
        unit = unit or self._open_unit()
        unit.do(store.end, slot, state, reason, message.id if message else "", stamp(self._clock()))
        if message is not None:
            unit.send(message)
        place = slot.schedule.address.place.key if slot.schedule.address else ""
        unit.emit(
            ScheduleSlotEnded(
                schedule=slot.schedule.name,
                due_at=slot.due_at,
                state=state,
                reason=reason,
                places=(place,) if place else (),
            )
        )
        await unit.commit()
        reach("slot.ended")


def owner_caller(person_id: str, schedule_name: str) -> Caller:
    """Who a schedule runs as: its owner, with the rights of that moment."""
    return Caller(network="room", external_id=person_id, kind=CallerKind.SCHEDULE, through=schedule_name)
