"""The scheduler: every due slot ends as ran, late, skipped with a reason, or failed.

Our tables are the truth: a schedule's `next_due` says what comes, a slot's row what became of it. What is
due is read from there in small batches when the alarm rings, after a start and after a sleep, so that a
thousand schedules at nine o'clock hold nobody up and nothing of them lives in memory before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from core.actions import Unit
from core.bus import Bus, Policy
from core.errors import AppError
from core.events import MachineWoke, ScheduleChanged, ScheduleSlotEnded
from core.outbox import Outbox
from core.points import reach
from core.ports import AddressBook, Admins, RunSlot, Say
from core.scheduler import store
from core.scheduler.book import Schedules
from core.scheduler.clock import AlarmClock
from core.scheduler.model import Schedule, Slot
from core.scheduler.planning import Plan, plan, stale
from core.scheduler.runner import Runner
from core.scheduler.waking import GAP, TICK_S, WakeWatch
from core.storage import Storage
from core.values import now, stamp

BATCH = 25
"""Schedules handled before the loop is given back."""
OVERDUE = timedelta(minutes=10)
"""Above this, counting what was missed may take long: it is done off the loop."""
MARK_EVERY = 12
"""Ticks between two notes of being awake: a minute."""


class Scheduler:
    """Brings schedules to run. `run` it supervised; `book` reads and changes schedules."""

    def __init__(
        self,
        *,
        storage: Storage,
        outbox: Outbox,
        bus: Bus,
        run: RunSlot,
        addresses: AddressBook,
        admins: Admins,
        say: Say,
        timezone: str = "",
        late_run_min: int = 120,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._storage, self._bus, self._clock = storage, bus, clock
        self._late_limit = timedelta(minutes=late_run_min)
        self.book = Schedules(storage=storage, addresses=addresses, say=say, timezone=timezone, clock=clock)
        self._runner = Runner(
            storage=storage, open_unit=lambda: Unit(storage, outbox, bus), run=run, admins=admins, clock=clock
        )
        self.ready = asyncio.Event()
        """Set once what an earlier process left or missed is in hand."""
        self._rung = asyncio.Event()
        self._alarm: AlarmClock | None = None
        self._watch = WakeWatch()
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Run what comes due until cancelled, beginning with what an earlier process left or missed."""
        alarm = self._alarm = AlarmClock(self._rung.set)
        alarm.start()
        try:
            async with asyncio.TaskGroup() as group:
                self._runner.open(group)
                await self._came_back()
                group.create_task(self._ticks(), name="scheduler ticks")
                group.create_task(self._listen(), name="scheduler changes")
                while True:
                    self._rung.clear()
                    await self.catch_up()
                    alarm.set(await self._storage.read(store.next_due))
                    self.ready.set()
                    await self._rung.wait()
        except BaseExceptionGroup as errors:
            raise _first(errors) from errors
        finally:
            self._runner.close()
            self.ready.clear()
            self._alarm = None
            alarm.stop()

    async def idle(self) -> None:
        """Return once no slot is in hand."""
        await self._runner.idle()

    async def catch_up(self) -> None:
        """Write down and begin every slot that is due by now. Doing it twice changes nothing."""
        async with self._turn:
            for slot in await self._storage.read(store.open_slots):
                self._runner.begin(slot)
            while schedules := await self._storage.read(store.due, stamp(self._clock()), BATCH):
                await self._claim(schedules)

    async def _claim(self, schedules: list[Schedule]) -> None:
        at = self._clock()
        plans = await self._plan(schedules, at)
        reach("slot.planned")
        written = await self._storage.write(store.claim, plans)
        reach("slot.claimed")
        for slot, skipped in written:
            if skipped:
                self._bus.publish(_ended(slot, "skipped", skipped))
            else:
                self._runner.begin(slot)

    async def _plan(self, schedules: list[Schedule], at: datetime) -> list[tuple[Schedule, Plan]]:
        def all_of() -> list[tuple[Schedule, Plan | AppError]]:
            return [(one, self._planned(one, at)) for one in schedules]

        oldest = schedules[0].next_due or at
        found = await asyncio.to_thread(all_of) if at - oldest > OVERDUE else all_of()
        plans = []
        for schedule, planned in found:
            if isinstance(planned, Plan):
                plans.append((schedule, planned))
            else:
                await self._runner.give_up(schedule, planned)
        return plans

    def _planned(self, schedule: Schedule, at: datetime) -> Plan | AppError:
        """The plan, or why there is none (a time zone that was taken out): one must not stop the others."""
        try:
            return plan(schedule, at, self._late_limit)
        except AppError as error:
            return error

    # ── After a stop or a sleep ──

    async def _came_back(self) -> None:
        """What an earlier process left open: run again what it had in hand, judge what it had not begun."""
        at = self._clock()
        last = await self._storage.read(store.alive)
        self._watch.tick(at)
        if last is not None and at - last > GAP:
            self._bus.publish(MachineWoke(slept_s=(at - last).total_seconds()))
        await self._storage.write(store.mark_alive, stamp(at))
        for slot in await self._storage.read(store.open_slots):
            reason = "" if slot.state == "running" else stale(slot.schedule.missed, slot.due_at, at, self._late_limit)
            if reason and not slot.manual:
                await self._storage.write(store.end, slot, "skipped", reason, "", stamp(at))
                self._bus.publish(_ended(slot, "skipped", reason))

    async def _ticks(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            await self.tick(mark=ticks % MARK_EVERY == 0)

    async def tick(self, *, mark: bool = False) -> None:
        """Look at the clock: after a sleep say so once and catch up. mark: note that the process is awake."""
        at = self._clock()
        slept = self._watch.tick(at)
        if slept is not None:
            self._bus.publish(MachineWoke(slept_s=slept.total_seconds()))
        alarm_at = self._alarm.at if self._alarm else None
        if slept is not None or (alarm_at is not None and alarm_at <= at):  # the clock was set forward
            self._rung.set()
        if mark or slept is not None:
            await self._storage.write_later(store.mark_alive, stamp(at))

    async def _listen(self) -> None:
        listener = self._bus.subscribe("scheduler", ScheduleChanged, policy=Policy.COALESCE)
        try:
            self._rung.set()  # what changed before anybody listened
            while True:
                await listener.take()
                self._rung.set()
        finally:
            self._bus.unsubscribe(listener)


def _ended(slot: Slot, state: str, reason: str) -> ScheduleSlotEnded:
    place = slot.schedule.address.place.key if slot.schedule.address else ""
    return ScheduleSlotEnded(
        schedule=slot.schedule.name, due_at=slot.due_at, state=state, reason=reason, places=(place,) if place else ()
    )


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group, so that a failing storage is seen as what it is."""
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
