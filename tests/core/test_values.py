from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.values import (
    EVERYONE,
    Address,
    Audience,
    Place,
    SilentSink,
    moment,
    new_id,
    now,
    spoken_age,
    stamp,
)
from tests.fakes.chat import incoming


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (3 * 60, "3 min"),
        (90 * 60 - 1, "90 min"),
        (90 * 60, "2 h"),
        (3 * 3600, "3 h"),
        (36 * 3600 - 1, "36 h"),
        (36 * 3600, "2 days"),
        (60 * 3600, "3 days"),
        (7 * 86400, "7 days"),
    ],
)
def test_an_age_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert spoken_age(timedelta(seconds=seconds)) == said


def test_ids_are_unique_and_sort_by_their_time() -> None:
    ids = [new_id() for _ in range(1_000)]
    assert len(set(ids)) == 1_000
    assert ids == sorted(ids)


def test_a_time_comes_back_from_its_text_and_texts_sort_as_times() -> None:
    at = datetime(2026, 3, 1, 1, 30, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert moment(stamp(at)) == at
    assert moment(stamp(at)).tzinfo is UTC
    assert stamp(at) < stamp(at + timedelta(microseconds=1)) < stamp(at.replace(microsecond=0) + timedelta(seconds=1))
    assert now().tzinfo is UTC


def test_a_place_is_one_word_and_a_thread_belongs_to_its_channel() -> None:
    channel = Place(network="slack", workspace_id="T1", channel_id="C2", kind="public")
    thread = Place(network="slack", workspace_id="T1", channel_id="C2", kind="public", thread_id="17.4")
    assert (channel.key, channel.conversation) == ("slack:T1/C2", "slack:T1/C2")
    assert (thread.key, thread.conversation) == ("slack:T1/C2", "slack:T1/C2/17.4")
    assert Address(place=thread).destination == "slack:T1/C2"


@pytest.mark.parametrize(
    ("audience", "visibility", "sees"),
    [
        (Audience(), (EVERYONE,), True),
        (Audience(outsiders=True), (EVERYONE,), False),
        (Audience(outsiders=True, places=frozenset({"a"})), (EVERYONE, "a"), True),
        (Audience(places=frozenset({"a", "b"})), ("b", "c"), True),
        (Audience(places=frozenset({"a"})), ("b",), False),
        (Audience(places=frozenset({"a"})), (), False),
    ],
)
def test_an_audience_sees_what_all_its_readers_may_read(
    audience: Audience, visibility: tuple[str, ...], sees: bool
) -> None:
    assert audience.may_see(visibility) is sees


def test_an_arrival_knows_how_long_it_was_under_way() -> None:
    assert incoming("x", age=timedelta(minutes=2)).age == timedelta(minutes=2)


def test_a_sink_nobody_watches_takes_everything() -> None:
    sink = SilentSink()
    sink.text("more")
    sink.progress(1, None, "reading")
