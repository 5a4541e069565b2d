from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.scheduler.cron import read_cron
from core.scheduler.spoken import next_times, spoken, spoken_moment
from core.scheduler.triggers import Cron, Every, Once, Trigger, cron, every, read, upcoming, write
from core.scheduler.words import read_clock, read_moment, read_words
from core.scheduler.zones import moment_of, zone

ZONES = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc", "posix", "right")))
BERLIN = "Europe/Berlin"
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)  # a Friday, 09:00 in Berlin

moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
clocks = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def local(at: datetime | None, name: str) -> str:
    assert at is not None
    return f"{at.astimezone(ZoneInfo(name)):%Y-%m-%d %H:%M}"


def times(text: str, after: datetime, name: str, count: int) -> list[str]:
    return [local(at, name) for at in islice(upcoming(cron(text, name), after), count)]


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(ZONES), clock=clocks, start=moments, span=st.integers(1, 400))
def test_a_daily_schedule_comes_exactly_once_on_each_local_day(
    name: str, clock: time, start: datetime, span: int
) -> None:
    where = ZoneInfo(name)
    trigger = cron(f"{clock.minute} {clock.hour} * * *", name)
    found = list(islice(upcoming(trigger, start), span))
    assert found == sorted(set(found))
    first = start.astimezone(where).date()
    days = [first + timedelta(days=n) for n in range(-1, span + 4)]
    expected = [at for at in (moment_of(datetime.combine(day, clock), where) for day in days) if at and at > start]
    assert found == sorted(expected)[:span]
    for at in found:
        shown = at.astimezone(where)
        if shown.time() != clock:  # only where the clock sprang over it, and then at the first moment after
            before = (at - timedelta(seconds=1)).astimezone(where)
            assert before.utcoffset() != shown.utcoffset()
            assert before.replace(tzinfo=None).time() < clock or shown.date() > before.date()


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(ZONES), minute=st.integers(0, 59), start=moments)
def test_every_hour_is_served_in_real_time_through_every_jump(name: str, minute: int, start: datetime) -> None:
    found = list(islice(upcoming(cron(f"{minute} * * * *", name), start), 50))
    assert all(at.astimezone(ZoneInfo(name)).minute == minute for at in found)
    gaps = {later - earlier for earlier, later in pairwise(found)}
    assert all(timedelta(minutes=15) <= gap <= timedelta(minutes=105) for gap in gaps)


@settings(max_examples=40, deadline=None)
@given(start=moments, minutes=st.sets(st.integers(0, 59), min_size=1, max_size=3),
       hours=st.sets(st.integers(0, 23), min_size=1, max_size=3),
       days=st.sets(st.integers(0, 6), min_size=1))  # fmt: skip
def test_cron_agrees_with_looking_at_every_minute(
    start: datetime, minutes: set[int], hours: set[int], days: set[int]
) -> None:
    text = f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * {','.join(map(str, days))}"
    at = start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while not (at.minute in minutes and at.hour in hours and at.isoweekday() % 7 in days):
        at += timedelta(minutes=1)
    assert cron(text, "UTC").next_after(start) == at


def test_a_time_in_the_spring_gap_comes_at_the_first_moment_after_it() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert times("30 2 * * *", before, BERLIN, 3) == ["2026-03-29 03:00", "2026-03-30 02:30", "2026-03-31 02:30"]


def test_a_time_that_comes_twice_in_autumn_is_served_once_the_first_time() -> None:
    found = list(islice(upcoming(cron("30 2 * * *", BERLIN), datetime(2026, 10, 24, 12, tzinfo=UTC)), 2))
    assert found == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]


def test_a_day_that_never_was_has_no_slot() -> None:
    before = datetime(2011, 12, 28, 12, tzinfo=UTC)
    assert times("0 9 * * *", before, "Pacific/Apia", 4)[1:3] == ["2011-12-29 09:00", "2011-12-31 09:00"]


def test_a_gap_at_midnight_stays_on_its_day() -> None:
    assert times("30 0 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), "Asia/Beirut", 1) == ["2026-03-29 01:00"]


def test_every_fifteen_minutes_by_cron_goes_on_through_the_hour_that_comes_twice() -> None:
    found = list(islice(upcoming(cron("*/15 * * * *", BERLIN), datetime(2026, 10, 24, 23, 59, tzinfo=UTC)), 12))
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=15)}


def test_every_minute_of_one_day_of_the_year_is_found_at_once() -> None:
    assert times("* * 1 1 *", NOW, "America/Havana", 2) == ["2027-01-01 00:00", "2027-01-01 00:01"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 9 * * 1-5", "2026-11-23 09:00"),
        ("0 9 * * mon", "2026-11-23 09:00"),
        ("0 9 * * 7", "2026-11-22 09:00"),
        ("0 9 * * sun", "2026-11-22 09:00"),
        ("0 9 13 * fri", "2026-11-27 09:00"),
        ("0 9 29 2 *", "2028-02-29 09:00"),
        ("30 8-18/5 * * *", "2026-11-20 13:30"),
        ("0 12 L * *", "2026-11-30 12:00"),
        ("5/20 10 * jan,dec *", "2026-12-01 10:05"),
    ],
)
def test_cron_fields_mean_what_they_mean_in_cron(text: str, expected: str) -> None:
    assert times(text, NOW + timedelta(hours=1), BERLIN, 1) == [expected]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 9 * *", "has 4 fields, not five"),
        ("60 9 * * *", "'60' is no minute in the cron expression '60 9 * * *': 0 to 59."),
        ("0 x * * *", "'x' is no hour"),
        ("0 9 0 * *", "'0' is no day of the month"),
        ("0 9 * foo *", "'foo' is no month"),
        ("0 9 * * 5-1", "'5-1' is no weekday"),
        ("*/0 9 * * *", "'*/0' is no minute"),
        ("0 9 31 2 *", "never comes due"),
        (" , 9 * * *", "'' is no minute"),
    ],
)
def test_cron_that_does_not_fit_names_the_field(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match="Five fields") as caught:
        read_cron(text)
    assert message in str(caught.value)


def test_an_interval_keeps_its_beat_whatever_happens_between() -> None:
    trigger = every(900, NOW + timedelta(microseconds=5))
    assert trigger.next_after(NOW) == NOW + timedelta(minutes=15)
    assert trigger.next_after(NOW + timedelta(days=3, seconds=17)) == NOW + timedelta(days=3, minutes=15)
    assert Every(every_s=86_400, anchor=NOW).next_after(datetime.max.replace(tzinfo=UTC)) is None


@pytest.mark.parametrize("every_s", [0, -5, 366 * 86_400 + 1])
def test_an_interval_out_of_range_is_refused(every_s: int) -> None:
    with pytest.raises(InvalidInput, match=f"Every {every_s} s is not possible. From 1 s to 366 days."):
        every(every_s, NOW)


triggers = st.one_of(
    st.builds(Every, every_s=st.integers(1, 10**7), anchor=moments),
    st.builds(Once, at=moments),
    st.builds(Cron, text=st.sampled_from(["0 9 * * 1-5", "*/5 * * * *", "0 0 L * *"]), timezone=st.sampled_from(ZONES)),
)


@given(trigger=triggers)
def test_what_is_stored_is_the_same_trigger(trigger: Trigger) -> None:
    kind, spec = write(trigger)
    name = trigger.timezone if isinstance(trigger, Cron) else "UTC"
    assert read(kind, spec, name) == trigger


@settings(deadline=None)
@given(clock=clocks, day=st.sampled_from(["*", "1", "15", "32"]),
       weekdays=st.sets(st.integers(0, 6), min_size=1), count=st.integers(1, 10_000))  # fmt: skip
def test_what_is_said_means_the_same_trigger(clock: time, day: str, weekdays: set[int], count: int) -> None:
    week = "*" if len(weekdays) == 7 or day != "*" else ",".join(map(str, sorted(weekdays)))
    trigger = cron(f"{clock.minute} {clock.hour} {day.replace('32', 'L')} * {week}", BERLIN)
    said = read_words(spoken(trigger, BERLIN), BERLIN, NOW)
    assert isinstance(said, Cron)
    assert read_cron(said.text) == read_cron(trigger.text)
    beat = every(count, NOW)
    assert read_words(spoken(beat, BERLIN), BERLIN, NOW) == beat


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("weekdays 09:00", Cron(text="0 9 * * 1-5", timezone=BERLIN)),
        ("every weekday at 9 am", Cron(text="0 9 * * 1-5", timezone=BERLIN)),
        ("Every Monday 14:30", Cron(text="30 14 * * 1", timezone=BERLIN)),
        ("tuesdays, thursdays at noon", Cron(text="0 12 * * 2,4", timezone=BERLIN)),
        ("mon, wed and fri 8.15", Cron(text="15 8 * * 1,3,5", timezone=BERLIN)),
        ("daily 8:00", Cron(text="0 8 * * *", timezone=BERLIN)),
        ("every day at midnight", Cron(text="0 0 * * *", timezone=BERLIN)),
        ("weekends 12am", Cron(text="0 0 * * 0,6", timezone=BERLIN)),
        ("first of the month 10:00", Cron(text="0 10 1 * *", timezone=BERLIN)),
        ("the 15th of every month at 12 pm", Cron(text="0 12 15 * *", timezone=BERLIN)),
        ("last day of the month, 17:00", Cron(text="0 17 L * *", timezone=BERLIN)),
        ("every 15 minutes", Every(every_s=900, anchor=NOW)),
        ("every hour", Every(every_s=3600, anchor=NOW)),
        ("every 2 weeks", Every(every_s=1_209_600, anchor=NOW)),
        ("in 20 minutes", Once(at=NOW + timedelta(minutes=20))),
        ("in an hour", Once(at=NOW + timedelta(hours=1))),
        ("now", Once(at=NOW)),
        ("tomorrow 9:00", Once(at=datetime(2026, 11, 21, 8, 0, tzinfo=UTC))),
        ("today 18:00", Once(at=datetime(2026, 11, 20, 17, 0, tzinfo=UTC))),
        ("on 2026-12-24 18:00", Once(at=datetime(2026, 12, 24, 17, 0, tzinfo=UTC))),
    ],
)  # fmt: skip
def test_words_are_understood(words: str, expected: Trigger) -> None:
    assert read_words(words, BERLIN, NOW) == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("whenever", "The time 'whenever' is not understood. Try `weekdays 09:00`"),
        ("every day", "`every day` does not say at what time. Try `weekdays 09:00`"),
        ("daily 25:00", "'25:00' is no time of day. From `00:00` to `23:59`."),
        ("daily 9", "'9' is no time of day. Write it like `09:00` or `9 am`."),
        ("daily 13 pm", "'13 pm' is no time of day."),
        ("every monkday 9:00", "'monkday' is no weekday."),
        ("32nd of the month 9:00", "No month has a day 32."),
        ("0th of the month 9:00", "No month has a day 0."),
        ("2026-13-01 9:00", "There is no date 2026-13-01."),
        ("today 8:00", "2026-11-20 08:00 in Europe/Berlin is over."),
        ("in 999999 weeks", "is not possible. From 1 s to 366 days."),
    ],
)
def test_words_that_mean_nothing_say_what_would(words: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_words(words, BERLIN, NOW)
    assert message in str(caught.value)


def test_a_day_left_out_cannot_be_meant() -> None:
    with pytest.raises(InvalidInput, match="There is no 2011-12-30 in Pacific/Apia"):
        read_moment("2011-12-30 09:00", "Pacific/Apia")


def test_moments_carry_their_own_offset_or_mean_local_time() -> None:
    assert read_moment("2026-12-24T18:00Z", BERLIN) == datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert read_moment("2026-12-24 18:00", BERLIN) == datetime(2026, 12, 24, 17, tzinfo=UTC)
    with pytest.raises(InvalidInput, match="'soon' is no date and time"):
        read_moment("soon", BERLIN)


@given(clock=clocks)
def test_every_time_of_day_is_read_back(clock: time) -> None:
    assert read_clock(f"{clock:%H:%M}") == clock == read_clock(f"{clock:%I:%M %p}")


def test_an_unknown_zone_names_the_nearest() -> None:
    with pytest.raises(InvalidInput, match=r"There is no time zone 'Europe/Berln'. Nearest: Europe/Berlin"):
        zone("Europe/Berln")
    with pytest.raises(InvalidInput, match="Write it like `Europe/Berlin`"):
        zone("../../etc/passwd" * 4)


def test_times_are_said_in_local_time_with_how_far_they_are() -> None:
    assert next_times(cron("0 9 * * 1-5", BERLIN), BERLIN, NOW) == (
        "Mon 23 Nov 2026 09:00 Europe/Berlin (in 3 days)",
        "Tue 24 Nov 2026 09:00 Europe/Berlin (in 4 days)",
        "Wed 25 Nov 2026 09:00 Europe/Berlin (in 5 days)",
    )
    assert spoken_moment(NOW - timedelta(minutes=5), "UTC", NOW) == "Fri 20 Nov 2026 07:55 UTC (5 min ago)"
    assert spoken(Once(at=NOW), BERLIN) == "on 2026-11-20 09:00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 9 * * *", "daily 09:00"),
        ("0 9 * * 1-5", "weekdays 09:00"),
        ("5 9 * * 0,6", "weekends 09:05"),
        ("0 9 * * 0,1", "every monday, sunday 09:00"),
        ("0 9 2 * *", "2nd of the month 09:00"),
    ],
)
def test_common_expressions_are_said_in_words(text: str, said: str) -> None:
    assert spoken(cron(text, BERLIN), BERLIN) == said


@pytest.mark.parametrize("text", ["0 9,10 * * *", "0 9 1 1 *", "0 9 1,2 * *", "0 9 1 * 1"])
def test_rare_expressions_are_said_as_they_are(text: str) -> None:
    assert spoken(cron(text, BERLIN), BERLIN) == f"cron {text}"


def test_dates_of_the_search_reach_the_next_leap_day_on_a_sunday() -> None:
    found = cron("0 9 29 2 *", "UTC").next_after(NOW)
    assert found is not None
    assert found.date() == date(2028, 2, 29)
