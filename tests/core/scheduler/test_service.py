from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import Denied, Limited, StorageFailed, Unavailable
from core.events import MachineWoke, SchedulePaused, ScheduleSlotEnded
from core.scheduler import store
from core.scheduler.clock import AlarmClock
from core.scheduler.model import Missed, Overlap, Slot
from core.scheduler.planning import plan
from core.scheduler.runner import NOTHING, SILENT
from core.scheduler.triggers import Cron, Every, Once
from core.storage import Connection
from core.values import Reply, moment, now, stamp
from tests.core.scheduler.parts import ADMINS, BEGIN, OPS, House, opened
from tests.fakes.waiting import until

QUARTER = Every(every_s=900, anchor=BEGIN)


async def test_a_due_slot_is_run_as_its_owner_and_posted_where_it_says(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        schedule = await house.put(arguments={"tone": "high"})
        house.clock.forward(minutes=15, seconds=2)
        await house.run_due()
        [slot], [message] = await house.history(), await house.posted()
        assert (slot.state, slot.reason, slot.due_at) == ("ran", "", BEGIN + timedelta(minutes=15))
        assert house.bell.rung == ["high for Ann in slack:T1/C1"]
        assert (message.reply.text, message.address.place, message.id) == ("ding", OPS, slot.message_id)
        assert Slot(schedule=schedule, due_at=slot.due_at).message_id == message.id
        [event] = house.heard(ScheduleSlotEnded)
        assert (event.state, event.places) == ("ran", (OPS.key,))  # type: ignore[attr-defined]


async def test_the_real_clock_rings_without_help(tmp_path: Path) -> None:
    async with opened(tmp_path, clock=now) as house:
        begin = now()
        await house.put(Every(every_s=1, anchor=begin), next_due=begin + timedelta(seconds=0.2))
        await house.start()
        await until(lambda: len(house.bell.rung) >= 2)
        await house.scheduler.idle()
        assert (await house.states())[:2] == ["ran", "ran"]


async def test_nothing_to_say_is_not_posted_and_said_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put()
        house.bell.reply = Reply(text="", found=False)
        house.clock.forward(minutes=15)
        await house.run_due()
        assert [(slot.state, slot.reason) for slot in await house.history()] == [("ran", NOTHING)]
        assert await house.posted() == []


async def test_a_schedule_without_an_address_runs_and_posts_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put(address=None, action="bell.hang")
        house.clock.forward(minutes=15)
        await house.run_due()
        assert [(slot.state, slot.reason) for slot in await house.history()] == [("ran", SILENT)]
        assert house.bell.rung[0].startswith("cron:")
        assert await house.posted() == []


async def test_slots_missed_while_stopped_end_as_skipped_and_one_runs_late(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put()
        house.clock.forward(minutes=50)
        await house.run_due()
        assert await house.states() == ["skipped", "skipped", "late"]
        assert [event.state for event in house.heard(ScheduleSlotEnded)] == ["skipped", "skipped", "late"]  # type: ignore[attr-defined]


async def test_all_missed_slots_run_late_in_order_when_that_is_wanted(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put(missed=Missed.ALL)
        house.clock.forward(minutes=50)
        await house.run_due()
        assert await house.states() == ["late", "late", "late"]
        assert len(await house.posted()) == 3


async def test_a_long_stop_is_counted_off_the_loop(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put()
        house.clock.forward(days=5)
        await house.run_due()
        slots = await house.history()
        assert sum(slot.covers for slot in slots) == 5 * 96
        assert slots[-1].state == "ran"


async def test_catching_up_again_and_a_clock_set_back_refire_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put()
        house.clock.forward(minutes=15)
        for back in (0, 0, 1, 15, 90):
            house.clock.at = BEGIN + timedelta(minutes=15) - timedelta(minutes=back)
            await house.run_due()
        house.clock.at = BEGIN + timedelta(minutes=15)
        await house.run_due()
        assert (await house.states(), len(house.bell.rung), len(await house.posted())) == (["ran"], 1, 1)


async def test_a_slot_that_has_its_row_is_never_claimed_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        schedule = await house.put()
        at = BEGIN + timedelta(minutes=15)
        once = plan(schedule, at, timedelta(hours=2))
        assert len(await house.storage.write(store.claim, [(schedule, once)])) == 1
        assert await house.storage.write(store.claim, [(schedule, once)]) == []
        await house.storage.write(_set_back, stamp(at))
        assert await house.storage.write(store.claim, [(schedule, once)]) == []


def _set_back(connection: Connection, at: str) -> None:
    connection.execute("UPDATE schedule SET next_due = ?", (at,))


async def test_an_overlapping_slot_is_skipped_with_the_reason(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await _overlapping(house, Overlap.SKIP)
        slots = await house.history()
        assert [slot.state for slot in slots] == ["ran", "skipped"]
        assert slots[1].reason == "The run of 08:15 UTC was not finished."


@pytest.mark.parametrize(("overlap", "at_once"), [(Overlap.QUEUE, 1), (Overlap.ALLOW, 2)])
async def test_an_overlapping_slot_waits_or_runs_beside(tmp_path: Path, overlap: Overlap, at_once: int) -> None:
    async with opened(tmp_path) as house:
        assert await _overlapping(house, overlap) == at_once
        assert await house.states() == ["ran", "ran"]


async def _overlapping(house: House, overlap: Overlap) -> int:
    """Two slots, the second due while the first runs; how many ran at once."""
    await house.put(overlap=overlap)
    house.bell.gate = asyncio.Event()
    house.clock.forward(minutes=15)
    await house.start()
    await until(lambda: len(house.bell.rung) == 1)
    house.clock.forward(minutes=15)
    await house.scheduler.catch_up()
    await house.scheduler.catch_up()
    if overlap is Overlap.ALLOW:
        await until(lambda: len(house.bell.rung) == 2)
    at_once = len(house.bell.rung)
    house.bell.gate.set()
    await house.scheduler.idle()
    return at_once


async def test_an_error_ends_the_slot_as_failed_and_the_next_one_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as house:
        await house.put(overlap=Overlap.QUEUE, missed=Missed.ALL)
        house.bell.errors = [Unavailable("The bell is away.", hint="Wait."), RuntimeError("cracked")]
        house.clock.forward(minutes=45)
        await house.run_due()
        slots = await house.history()
        assert [slot.state for slot in slots] == ["failed", "failed", "ran"]
        assert slots[0].reason == "The bell is away. Wait."
        assert slots[1].reason.startswith("RuntimeError: cracked (error ")
        assert "schedule bell failed" in caplog.text


async def test_a_full_limit_of_the_owner_is_waited_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put()
        house.limiter.error = Limited("Too fast.", retry_after_s=0.01)
        house.clock.forward(minutes=15)
        await house.run_due()
        assert await house.states() == ["ran"]


async def test_a_limit_that_never_gives_room_fails_the_slot(tmp_path: Path) -> None:
    async def run(order: object) -> Reply:
        raise Limited("Too fast.", retry_after_s=0.0)

    async with opened(tmp_path, run=run) as house:
        await house.put()
        house.clock.forward(minutes=15)
        await house.run_due()
        assert [slot.reason for slot in await house.history()] == ["Too fast. Try again in 1 s."]


async def test_a_schedule_whose_owner_left_is_paused_and_admins_are_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put(Every(every_s=60, anchor=BEGIN), missed=Missed.ALL)
        del house.identifier.people["p-ann"]
        house.clock.forward(minutes=2)
        await house.run_due()
        failed, skipped = await house.history()
        assert (failed.state, skipped.state) == ("failed", "skipped")
        assert "Somebody Signalbox does not know may not run `bell ring`." in failed.reason
        assert skipped.reason.startswith("The schedule was paused: ")
        one = await house.storage.read(store.by_name, "bell")
        assert one is not None
        assert one.paused == failed.reason
        [told] = await house.posted()
        assert told.address.place == ADMINS
        assert told.reply.text.startswith("The schedule **bell** (`bell ring`) was paused: ")
        [event] = house.heard(SchedulePaused)
        assert event.owner == "p-ann"  # type: ignore[attr-defined]
        house.clock.forward(hours=1)
        await house.run_due()
        assert len(await house.history()) == 2


async def test_an_owner_who_may_not_post_there_any_more_pauses_the_schedule(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put(elsewhere=True)
        house.identifier.people["p-ann"] = replace(house.identifier.people["p-ann"], roles=frozenset({"member"}))
        house.clock.forward(minutes=15)
        await house.run_due()
        assert [slot.reason for slot in await house.history()] == ["The owner may not post there any more."]


async def test_a_schedule_removed_before_its_slot_starts_is_not_run(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        schedule = await house.put()
        house.clock.forward(minutes=15)
        planned = plan(schedule, house.clock.at, timedelta(hours=2))
        await house.storage.write(store.claim, [(schedule, planned)])
        await house.storage.write(store.remove, schedule.id, stamp(house.clock.at))
        await house.run_due()
        [row] = await house.storage.read(store.history, schedule.id, 9)
        assert (row.state, row.reason) == ("skipped", "The schedule was removed.")
        assert house.bell.rung == []


async def test_what_a_dead_process_had_written_but_not_begun_follows_the_missed_policy(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        schedule = await house.put()
        await house.storage.write(
            store.claim, [(schedule, plan(schedule, BEGIN + timedelta(minutes=15), timedelta(hours=2)))]
        )
        house.clock.forward(hours=9)
        await house.run_due()
        slots = await house.history()
        assert slots[0].reason == "Missed by 9 h, which is over the limit of 2 h."
        assert slots[-1].state == "ran"


async def test_a_slot_that_ended_three_times_with_the_process_has_failed(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put()
        house.bell.gate = asyncio.Event()
        house.clock.forward(minutes=15)
        for _ in range(3):
            await house.start()
            await until(lambda: bool(house.bell.rung))
            await house.stop()
            house.bell.rung.clear()
            assert await house.states() == ["running"]
        await house.run_due()
        assert [slot.reason for slot in await house.history()] == ["Signalbox stopped 3 times while this ran."]


async def test_an_end_that_was_written_is_not_written_twice(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        schedule = await house.put()
        house.clock.forward(minutes=15)
        await house.run_due()
        slot = Slot(schedule=schedule, due_at=BEGIN + timedelta(minutes=15))
        assert await house.storage.write(store.start, slot, stamp(house.clock.at)) is None
        with pytest.raises(Exception, match="ended before"):
            await house.storage.write(store.end, slot, "ran", "", "", stamp(house.clock.at))
        house.scheduler._runner.begin(slot)  # nobody runs: nothing happens
        assert len(house.bell.rung) == 1


async def test_a_stale_look_at_a_slot_that_just_ended_runs_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        schedule = await house.put()
        house.clock.forward(minutes=15)
        await house.start()
        await until(lambda: bool(house.bell.rung))
        await house.scheduler.idle()
        house.scheduler._runner.begin(Slot(schedule=schedule, due_at=BEGIN + timedelta(minutes=15)))
        await house.scheduler.idle()
        assert (len(house.bell.rung), await house.states()) == (1, ["ran"])


async def test_waking_up_is_one_event_and_catches_up(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put()
        await house.start()
        await house.scheduler.ready.wait()
        house.clock.forward(seconds=5)
        await house.scheduler.tick(mark=True)
        house.clock.forward(minutes=20)
        await house.scheduler.tick()
        house.clock.forward(seconds=5)
        await house.scheduler.tick()
        await until(lambda: bool(house.bell.rung))
        await house.scheduler.idle()
        [woke] = house.heard(MachineWoke)
        assert woke.slept_s == 1200  # type: ignore[attr-defined]
        assert await house.states() == ["late"]
        assert await house.storage.read(store.alive) == BEGIN + timedelta(minutes=20, seconds=5)


async def test_a_clock_set_forward_a_little_rings_at_the_next_tick(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put(Once(at=BEGIN + timedelta(seconds=40)), next_due=BEGIN + timedelta(seconds=40))
        await house.start()
        await house.scheduler.ready.wait()
        house.clock.forward(seconds=45)
        await house.scheduler.tick()
        await until(lambda: bool(house.bell.rung))
        await house.scheduler.idle()
        assert await house.states() == ["ran"]
        assert house.heard(MachineWoke) == []


async def test_time_without_the_process_is_told_at_the_next_start(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.run_due()
        house.clock.forward(hours=3)
        await house.run_due()
        assert [event.slept_s for event in house.heard(MachineWoke)] == [10_800]  # type: ignore[attr-defined]


async def test_a_failing_storage_is_seen_as_what_it_is(tmp_path: Path) -> None:
    async def run(order: object) -> Reply:
        raise StorageFailed("The disk is gone.")

    async with opened(tmp_path, run=run) as house:
        await house.put()
        house.clock.forward(minutes=15)
        with pytest.raises(StorageFailed, match="The disk is gone"):
            await house.scheduler.run()


async def test_denied_by_the_port_pauses_too(tmp_path: Path) -> None:
    async def run(order: object) -> Reply:
        raise Denied("Not you.", rule="test")

    async with opened(tmp_path, run=run) as house:
        await house.put()
        house.clock.forward(minutes=15)
        await house.run_due()
        assert await house.states() == ["failed"]


async def test_old_slots_are_forgotten_and_recent_ones_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.put()
        house.clock.forward(minutes=50)
        await house.run_due()
        assert await house.storage.write(store.forget, stamp(BEGIN + timedelta(minutes=31))) == 2
        assert await house.states() == ["late"]
        assert moment(stamp(BEGIN)) == BEGIN


async def test_a_schedule_whose_times_cannot_be_told_stops_no_other(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        due = BEGIN + timedelta(minutes=5)
        await house.put(Cron(text="0 9 * * *", timezone="Mars/Olympus"), name="broken", next_due=due)
        await house.put()
        house.clock.forward(minutes=15)
        await house.run_due()
        assert await house.states() == ["ran"]
        broken = await house.storage.read(store.by_name, "broken")
        assert broken is not None
        assert broken.paused.startswith("There is no time zone 'Mars/Olympus'.")
        assert len(house.heard(SchedulePaused)) == 1


async def test_the_alarm_is_taken_back_when_nothing_is_due_any_more() -> None:
    rung = asyncio.Event()
    alarm = AlarmClock(rung.set)
    alarm.start()
    alarm.set(now() + timedelta(hours=1))
    alarm.set(None)
    alarm.set(None)
    assert alarm.at is None
    alarm.set(now() - timedelta(hours=1))
    await asyncio.wait_for(rung.wait(), 5)
    alarm.at = now()  # as between its ringing and the task that hears it
    alarm.set(None)
    alarm.stop()
