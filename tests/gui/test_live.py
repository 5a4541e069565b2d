"""What happens reaches pages in batches, and only what their reader may see."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from core.bus import Bus
from core.events import ActionDone, ConnectionChanged, Event, MessageReceived
from core.values import NO_AUDIENCE, Audience
from gui.live import Gaze, Live, Often, Watcher
from tests.fakes.house import until

OPS = Audience(places=frozenset({"slack:T1/C-ops"}))


def arrived(place: str, incoming_id: str = "1") -> MessageReceived:
    return MessageReceived(incoming_id=incoming_id, conversation=place, places=(place,))


def done(action: str, outcome: str = "ok") -> ActionDone:
    return ActionDone(action=action, actor="p1", outcome=outcome, duration_ms=1.0)


async def heard_by(watcher: Watcher, *events: Event, changes: Sequence[str] = ()) -> None:
    """Publish, and let the live feed hand over what there is."""
    bus = Bus()
    live = Live(bus, changes=lambda action: action in changes)
    live.add(watcher)
    task = asyncio.get_running_loop().create_task(live.run())
    try:
        await until(lambda: bus.listeners)
        for event in events:
            bus.publish(event)
        await asyncio.sleep(0.35)  # longer than the time between two flushes
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert not bus.listeners


async def test_a_reader_hears_of_their_own_places_alone() -> None:
    heard: list[Event] = []
    watcher = Watcher((MessageReceived,), OPS, False, heard.extend)
    await heard_by(watcher, arrived("slack:T1/C-secret", "1"), arrived("slack:T1/C-ops", "2"))
    assert [event.places for event in heard] == [("slack:T1/C-ops",)]


async def test_what_has_no_place_is_for_those_who_operate() -> None:
    event = ConnectionChanged(network="slack", state="failed")
    for operates, count in ((True, 1), (False, 0)):
        heard: list[Event] = []
        await heard_by(Watcher((), NO_AUDIENCE, operates, heard.extend), event)
        assert len(heard) == count


async def test_a_hint_carries_no_event() -> None:
    told: list[Sequence[Event]] = []
    watcher = Watcher((MessageReceived,), NO_AUDIENCE, False, told.append, hint=True)
    await heard_by(watcher, arrived("slack:T1/C-secret"))
    assert told == [()]


async def test_many_changes_of_one_thing_come_as_the_newest() -> None:
    heard: list[Event] = []
    states = ("starting", "ok", "degraded")
    events = [ConnectionChanged(network="slack", state=state) for state in states]
    await heard_by(Watcher((), NO_AUDIENCE, True, heard.extend), *events)
    assert [getattr(event, "state", "") for event in heard] == ["degraded"]


async def test_reading_is_no_change_and_never_hides_one() -> None:
    heard: list[Event] = []
    events = (done("notes.add"), done("conversation.list"), done("activity.list", "denied"))
    await heard_by(Watcher((), NO_AUDIENCE, True, heard.extend), *events, changes=["notes.add"])
    assert [getattr(event, "action", "") for event in heard] == ["notes.add"]


async def test_a_page_that_fails_does_not_stop_the_others() -> None:
    heard: list[Event] = []
    live = Live(Bus())

    def broken(events: Sequence[Event]) -> None:
        raise RuntimeError("this page is broken")

    live.add(Watcher((), NO_AUDIENCE, True, broken))
    live.add(Watcher((), NO_AUDIENCE, True, heard.extend))
    await live._hear([ConnectionChanged(network="slack", state="ok")])
    live.flush()
    assert len(heard) == 1


async def test_a_burst_is_followed_once_and_once_more_at_its_end() -> None:
    runs: list[int] = []

    async def again() -> None:
        runs.append(len(runs))

    often = Often(again)
    first = often()
    assert first is not None
    going = asyncio.ensure_future(first)
    await until(lambda: runs)
    assert [often() for _ in range(20)] == [None] * 20
    await going
    assert len(runs) == 2


async def test_a_hidden_page_is_told_once_when_it_is_looked_at_again() -> None:
    told: list[Sequence[Event]] = []
    live, gaze = Live(Bus()), Gaze(open=False)
    live.add(Watcher((), NO_AUDIENCE, True, told.append, hint=True, gaze=gaze))
    for state in ("starting", "ok"):
        await live._hear([ConnectionChanged(network="slack", state=state)])
        live.flush()
    assert told == []
    gaze.open = True
    live.looked_at(gaze)
    live.looked_at(gaze)
    assert told == [()]


async def test_a_hidden_page_that_missed_nothing_is_not_told() -> None:
    told: list[Sequence[Event]] = []
    live, gaze = Live(Bus()), Gaze(open=False)
    live.add(Watcher((MessageReceived,), NO_AUDIENCE, True, told.append, hint=True, gaze=gaze))
    await live._hear([ConnectionChanged(network="slack", state="ok")])
    live.flush()
    live.looked_at(gaze)
    assert told == []
