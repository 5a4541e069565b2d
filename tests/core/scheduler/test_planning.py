from __future__ import annotations

from datetime import timedelta
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.scheduler.model import Missed
from core.scheduler.planning import MOST_ROWS, plan, stale
from core.scheduler.triggers import Cron, Every, Once, upcoming
from core.scheduler.waking import WakeWatch
from tests.core.scheduler.parts import BEGIN, made

LIMIT = timedelta(hours=2)


def reasons(missed: Missed, **late: float) -> list[str]:
    """For each slot of an hourly schedule: why it is skipped, `late` or `on time`."""
    schedule = made(Every(every_s=3600, anchor=BEGIN), missed=missed)
    slots = plan(schedule, BEGIN + timedelta(**late), LIMIT).slots
    return [slot.reason or ("late" if slot.late else "on time") for slot in slots]


NEXT = "The next slot came due before this one could start."


@pytest.mark.parametrize(
    ("missed", "late", "expected"),
    [
        (Missed.DEFAULT, {"hours": 1, "seconds": 59}, ["on time"]),
        (Missed.DEFAULT, {"hours": 1, "seconds": 61}, ["late"]),
        (Missed.DEFAULT, {"hours": 3, "minutes": 5}, [NEXT, NEXT, "late"]),
        (Missed.DEFAULT, {"hours": 3}, [NEXT, NEXT, "on time"]),
        (Missed.ONCE, {"hours": 2, "minutes": 30}, [NEXT, "late"]),
        (Missed.ALL, {"hours": 3, "minutes": 5}, ["late", "late", "late"]),
        (Missed.ALL, {"hours": 2}, ["late", "on time"]),
        (Missed.SKIP, {"hours": 1, "minutes": 5}, ["Missed by 5 min; this schedule runs nothing late."]),
        (Missed.SKIP, {"hours": 1}, ["on time"]),
        (Missed.ALL, {"minutes": 30}, []),
    ],
)
def test_each_policy_decides_every_slot(missed: Missed, late: dict[str, float], expected: list[str]) -> None:
    assert reasons(missed, **late) == expected


@pytest.mark.parametrize(
    ("missed", "hours", "reason"),
    [
        (Missed.DEFAULT, 1, ""),
        (Missed.DEFAULT, 3, "Missed by 3 h, which is over the limit of 2 h."),
        (Missed.ONCE, 90, ""),
        (Missed.ALL, 90, ""),
        (Missed.SKIP, 1, "Missed by 60 min; this schedule runs nothing late."),
    ],
)
def test_one_slot_is_run_late_only_as_its_policy_says(missed: Missed, hours: int, reason: str) -> None:
    due = made(Once(at=BEGIN), missed=missed, next_due=BEGIN)
    planned = plan(due, BEGIN + timedelta(hours=hours), LIMIT)
    assert (
        [slot.reason for slot in planned.slots]
        == [reason]
        == [stale(missed, BEGIN, BEGIN + timedelta(hours=hours), LIMIT)]
    )
    assert planned.next_due is None


@pytest.mark.parametrize("missed", Missed)
def test_a_month_without_the_machine_is_one_row_that_says_how_many(missed: Missed) -> None:
    schedule = made(Every(every_s=1, anchor=BEGIN), missed=missed)
    planned = plan(schedule, BEGIN + timedelta(days=30), LIMIT)
    assert len(planned.slots) == MOST_ROWS + 1
    assert sum(slot.covers for slot in planned.slots) == 30 * 86_400
    assert planned.slots[0].reason == "2,591,900 slots since 2026-11-20 08:00 UTC were missed; too many to run."
    assert planned.next_due == BEGIN + timedelta(days=30, seconds=1)


triggers = st.one_of(
    st.builds(Every, every_s=st.integers(60, 90_000), anchor=st.just(BEGIN)),
    st.builds(Cron, text=st.sampled_from(["*/10 * * * *", "30 2 * * *", "0 9 * * 1-5"]),
              timezone=st.sampled_from(["UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe"])),
)  # fmt: skip


@given(
    trigger=triggers, missed=st.sampled_from(Missed), spans=st.lists(st.integers(0, 200_000), min_size=1, max_size=8)
)
def test_every_slot_is_decided_once_however_often_and_late_it_is_asked(
    trigger: Every | Cron, missed: Missed, spans: list[int]
) -> None:
    at, due, seen = BEGIN, trigger.next_after(BEGIN), 0
    schedule = made(trigger, missed=missed)
    whole: list[object] = []
    for span in spans:
        at += timedelta(seconds=span)
        planned = plan(made(trigger, missed=missed, next_due=due), at, LIMIT)
        assert [slot.due_at for slot in planned.slots] == sorted({slot.due_at for slot in planned.slots})
        assert sum(not slot.reason for slot in planned.slots) <= (100 if missed is Missed.ALL else 1)
        seen += sum(slot.covers for slot in planned.slots)
        whole += [slot.due_at for slot in planned.slots]
        due = planned.next_due
    assert due is not None
    assert due > at
    assert seen == len(list(takewhile(lambda moment: moment <= at, upcoming(schedule.trigger, BEGIN))))
    assert len(whole) == len(set(whole))


def test_a_sleep_is_noticed_once_and_a_clock_set_back_is_none() -> None:
    watch = WakeWatch()
    found = [watch.tick(BEGIN + timedelta(seconds=at)) for at in (0, 5, 10, 400, 405, -3600, -3595, 5)]
    assert found == [None, None, None, timedelta(seconds=390), None, None, None, timedelta(seconds=3600)]
