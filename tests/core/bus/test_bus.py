"""The bus: who hears what, in which order, what a full queue does, and what a dead process had not heard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from core.bus import Bus, Policy
from core.bus import service as bus_service
from core.bus.service import event_named
from core.bus.store import forget
from core.codec import encode
from core.events import (
    ActionDone,
    AnswerGrew,
    ConnectionChanged,
    DeliveryChanged,
    Event,
    MessageReceived,
    PersonChanged,
    Priority,
)
from core.storage import Connection, Storage
from core.values import now, stamp


def done(action: str = "notes.add") -> ActionDone:
    return ActionDone(action=action, actor="p-ann", outcome="ok", duration_ms=1.0)


def delivery(message_id: str, state: str = "waiting") -> DeliveryChanged:
    return DeliveryChanged(message_id=message_id, state=state)


class Ears:
    """Keeps what it heard; raises `fault` once when there is one."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.fault: Exception | None = None
        self.came = asyncio.Event()

    async def hear(self, events: Sequence[Event]) -> None:
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        self.heard += events
        self.came.set()


async def record(storage: Storage, bus: Bus, event: Event) -> None:
    await storage.write(bus.record, event)


def attempts(connection: Connection, listener: str) -> list[int]:
    rows = connection.execute("SELECT attempts FROM delivery WHERE listener = ? ORDER BY event_id", (listener,))
    return [row[0] for row in rows]


async def test_a_listener_hears_the_kinds_it_asked_for() -> None:
    bus = Bus()
    some, everything = bus.subscribe("some", ActionDone), bus.subscribe("all")
    bus.publish(done())
    bus.publish(delivery("m1"))
    assert [type(event) for event in await some.take()] == [ActionDone]
    assert len(await everything.take()) == 2


async def test_a_listener_of_a_base_kind_hears_its_descendants() -> None:
    bus = Bus()
    listener = bus.subscribe("all", Event)
    bus.publish(done())
    assert len(await listener.take()) == 1


async def test_nobody_who_left_hears_anything() -> None:
    bus = Bus()
    listener = bus.subscribe("one")
    bus.publish(done())
    bus.unsubscribe(listener)
    bus.unsubscribe(listener)
    bus.publish(done())
    assert (len(listener), bus.listeners) == (1, ())


async def test_a_second_copy_of_an_event_is_dropped() -> None:
    bus = Bus()
    listener = bus.subscribe("one")
    event = done()
    bus.publish(event)
    bus.publish(event)
    assert await listener.take() == [event]
    assert len(listener) == 0


async def test_copies_are_remembered_for_a_bounded_number_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_service, "SEEN", 2)
    bus = Bus()
    listener = bus.subscribe("one")
    first = done()
    for event in (first, done(), done(), first):
        bus.publish(event)
    assert len(listener) == 4


async def test_important_events_go_first_and_unimportant_ones_do_not_starve() -> None:
    bus = Bus()
    listener = bus.subscribe("one", bound=1_000)
    for number in range(100):
        bus.publish(MessageReceived(incoming_id=str(number), conversation="c"))
        bus.publish(done())
    first = [event.priority for event in await listener.take(12)]
    assert first == [Priority.HIGH] * 4 + [Priority.NORMAL] * 2 + [Priority.HIGH] * 4 + [Priority.NORMAL] * 2


async def test_events_of_one_priority_keep_their_order() -> None:
    bus = Bus()
    listener = bus.subscribe("one")
    sent = [done(str(number)) for number in range(150)]
    for event in sent:
        bus.publish(event)
    taken = [event for _ in range(3) for event in await listener.take(64)]
    assert taken == sent


async def test_a_full_queue_drops_the_oldest_of_the_least_important() -> None:
    bus = Bus()
    listener = bus.subscribe("one", policy=Policy.DROP_OLDEST, bound=3)
    important = PersonChanged(person_id="p")
    sent = [important, done("a"), done("b"), done("c"), done("d")]
    for event in sent:
        bus.publish(event)
    assert await listener.take() == [important, sent[3], sent[4]]
    assert listener.dropped == 2


async def test_a_coalescing_queue_keeps_the_newest_of_each_key_in_its_place() -> None:
    bus = Bus()
    listener = bus.subscribe("one", policy=Policy.COALESCE)
    bus.publish(delivery("m1", "waiting"))
    bus.publish(delivery("m2", "waiting"))
    bus.publish(delivery("m1", "sent"))
    taken = await listener.take()
    assert [(event.message_id, event.state) for event in taken if isinstance(event, DeliveryChanged)] == [
        ("m1", "sent"),
        ("m2", "waiting"),
    ]
    bus.publish(delivery("m1", "failed"))  # the key is free again once it was taken
    assert len(await listener.take()) == 1


async def test_a_coalescing_queue_that_is_full_drops_the_oldest() -> None:
    bus = Bus()
    listener = bus.subscribe("one", policy=Policy.COALESCE, bound=2)
    for number in range(4):
        bus.publish(AnswerGrew(incoming_id=str(number), conversation="c", text="…"))
    taken = await listener.take()
    assert [event.key for event in taken] == ["answer.grew:2", "answer.grew:3"]


async def test_a_blocking_queue_makes_a_waiting_publisher_wait_and_loses_nothing() -> None:
    bus = Bus()
    listener = bus.subscribe("one", policy=Policy.BLOCK, bound=10)
    sent = [done(str(number)) for number in range(100)]

    async def publish() -> None:
        for event in sent:
            await bus.publish_wait(event)

    async with asyncio.TaskGroup() as group:
        publishing = group.create_task(publish())
        await asyncio.sleep(0)
        assert (len(listener), publishing.done()) == (10, False)
        taken = [event for event in await listener.take(4)]
        while len(taken) < 100:
            taken += await listener.take(4)
            assert len(listener) <= 10
    assert taken == sent


async def test_two_publishers_wait_for_the_same_room() -> None:
    bus = Bus()
    listener = bus.subscribe("one", policy=Policy.BLOCK, bound=1)
    bus.publish(done())
    async with asyncio.TaskGroup() as group:
        group.create_task(bus.publish_wait(done()))
        group.create_task(bus.publish_wait(done()))
        await asyncio.sleep(0)
        taken = 0
        while taken < 3:
            taken += len(await listener.take())
    assert len(listener) == 0


async def test_plain_publishing_never_waits_and_a_blocking_queue_never_drops() -> None:
    bus = Bus()
    listener = bus.subscribe("one", policy=Policy.BLOCK, bound=1)
    for _ in range(5):
        bus.publish(done())
    assert (len(listener), listener.dropped) == (5, 0)


async def test_a_taker_that_gave_up_does_not_stop_the_next_one() -> None:
    bus = Bus()
    listener = bus.subscribe("one")
    waiting = asyncio.ensure_future(listener.take())
    await asyncio.sleep(0)
    waiting.cancel()
    bus.publish(done())
    assert len(await listener.take()) == 1


async def test_serving_feeds_batches_and_notes_the_slowest() -> None:
    bus, ears = Bus(), Ears()
    listener = bus.subscribe("one")
    serving = asyncio.ensure_future(bus.serve(listener, ears.hear))
    bus.publish(done())
    bus.publish(done())
    await asyncio.wait_for(ears.came.wait(), 5)
    assert (len(ears.heard), listener.slowest_ms > 0) == (2, True)
    serving.cancel()


async def test_critical_events_a_dead_process_had_not_heard_come_again(storage: Storage) -> None:
    bus, ears = Bus(storage), Ears()
    bus.subscribe("ears", PersonChanged, durable=True)
    events = [PersonChanged(person_id=f"p{number}") for number in range(3)]
    for event in events:
        await record(storage, bus, event)  # and the process dies before it publishes them

    later = Bus(storage)
    listener = later.subscribe("ears", PersonChanged, durable=True)
    serving = asyncio.ensure_future(later.serve(listener, ears.hear))
    await until(lambda: len(ears.heard) == 3)
    assert [event.id for event in ears.heard] == [event.id for event in events]
    await until_async(storage, [])
    serving.cancel()


async def test_each_try_to_hear_a_critical_event_is_counted(storage: Storage) -> None:
    bus, ears = Bus(storage), Ears()
    listener = bus.subscribe("ears", durable=True)
    await record(storage, bus, PersonChanged(person_id="p"))
    for number in (1, 2):
        ears.fault = OSError("no network")
        with pytest.raises(OSError, match="no network"):
            await bus.serve(listener, ears.hear)
        assert await storage.read(attempts, "ears") == [number]
    serving = asyncio.ensure_future(bus.serve(listener, ears.hear))
    await until(lambda: bool(ears.heard))
    await until_async(storage, [])
    serving.cancel()


async def test_what_waits_in_memory_is_not_redelivered_beside_it(storage: Storage) -> None:
    bus, ears = Bus(storage), Ears()
    listener = bus.subscribe("ears", durable=True)
    event = PersonChanged(person_id="p")
    await record(storage, bus, event)
    bus.publish(event)
    serving = asyncio.ensure_future(bus.serve(listener, ears.hear))
    await until_async(storage, [])
    assert [one.id for one in ears.heard] == [event.id]
    serving.cancel()


async def test_only_durable_listeners_get_rows_and_only_critical_events_lose_them(storage: Storage) -> None:
    bus, ears = Bus(storage), Ears()
    bus.subscribe("light")
    listener = bus.subscribe("ears", durable=True)
    event = PersonChanged(person_id="p")
    await record(storage, bus, event)
    assert await storage.read(attempts, "light") == []
    serving = asyncio.ensure_future(bus.serve(listener, ears.hear))
    await until_async(storage, [])
    bus.publish(done())
    await until(lambda: len(ears.heard) == 2)
    serving.cancel()


async def test_a_kind_this_program_no_longer_has_is_left_alone(storage: Storage) -> None:
    bus, ears = Bus(storage), Ears()
    listener = bus.subscribe("ears", durable=True)

    def old(connection: Connection) -> None:
        connection.execute("INSERT INTO event_log VALUES ('0', 'coffee.made', ?, '{}')", (stamp(now()),))
        connection.execute("INSERT INTO delivery (event_id, listener) VALUES ('0', 'ears')")

    await storage.write(old)
    event = PersonChanged(person_id="p")
    await record(storage, bus, event)
    serving = asyncio.ensure_future(bus.serve(listener, ears.hear))
    await until(lambda: bool(ears.heard))
    assert [one.id for one in ears.heard] == [event.id]
    assert event_named("coffee.made", "{}") is None
    assert await bus.critical_since("") == [event]
    serving.cancel()


async def test_those_who_resume_get_what_came_since(storage: Storage) -> None:
    bus = Bus(storage)
    events = [PersonChanged(person_id=f"p{number}") for number in range(3)]
    for event in events:
        await record(storage, bus, event)
    assert await bus.critical_since(events[0].id) == events[1:]
    assert await Bus().critical_since("") == []


async def test_old_events_are_forgotten_once_everybody_heard_them(storage: Storage) -> None:
    bus = Bus(storage)
    await record(storage, bus, PersonChanged(person_id="nobody listens"))
    bus.subscribe("ears", durable=True)
    kept = PersonChanged(person_id="p")
    await record(storage, bus, kept)
    assert await storage.write(forget, stamp(now())) == 1
    assert await bus.critical_since("") == [kept]


async def test_an_event_reads_back_as_it_was_written() -> None:
    event = ConnectionChanged(network="slack", state="failed", detail="no token", places=("slack:T1/C1",))
    assert event_named(event.name, encode(event)) == event


async def test_an_idle_bus_hands_an_event_over_within_a_millisecond() -> None:
    bus = Bus()
    listener = bus.subscribe("one")
    taken_ms = []
    for _ in range(200):
        taking = asyncio.ensure_future(listener.take())
        await asyncio.sleep(0)
        started = time.perf_counter()
        bus.publish(done())
        await taking
        taken_ms.append((time.perf_counter() - started) * 1000)
    assert sorted(taken_ms)[100] < 1.0


async def until(condition: object, deadline_s: float = 5.0) -> None:
    assert callable(condition)
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.002)


async def until_async(storage: Storage, wanted: list[int]) -> None:
    end = time.monotonic() + 5
    while await storage.read(attempts, "ears") != wanted:
        assert time.monotonic() < end, "the rows stayed"
        await asyncio.sleep(0.002)
