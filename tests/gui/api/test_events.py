from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import orjson
import pytest

from core.events import (
    DeliveryChanged,
    Event,
    HookReceived,
    MessageAnswered,
    MessageReceived,
    PersonChanged,
    SomebodyUnknown,
)
from core.storage import Connection
from core.values import NOBODY, Actor, Audience, Json, new_id
from gui.api.events import RING, Viewer, shown
from gui.api.stream import Outlet
from tests.fakes.waiting import until
from tests.gui.api import actions_under_test
from tests.gui.api.house import ANN, House, done, house

Frame = dict[str, str]


class Stream:
    """One open stream of the API, read as it comes."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._frames: list[Frame] = []
        self.status = 0
        self.gone = asyncio.Event()
        self.ended = False

    async def receive(self) -> MutableMapping[str, object]:
        if not self.status:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, object]) -> None:
        if message["type"] == "http.response.start":
            assert isinstance(message["status"], int)
            self.status = message["status"]
        else:
            body = message["body"]
            assert isinstance(body, bytes)
            self._arrived.put_nowait(body)
            self.ended = not message.get("more_body", False)

    async def next(self) -> Frame:
        """The next event: id, event, data."""
        while not self._frames:
            async with asyncio.timeout(5):
                chunk = await self._arrived.get()
            for block in chunk.decode().split("\n\n"):
                if block and not block.startswith(":"):
                    self._frames.append(dict(line.split(": ", 1) for line in block.split("\n")))
        return self._frames.pop(0)


@asynccontextmanager
async def stream(
    house: House, path: str = "/api/v1/events", method: str = "GET", **headers: str
) -> AsyncIterator[Stream]:
    said = Stream()
    given = {"host": "127.0.0.1:8321", "authorization": ANN["Authorization"], **headers}
    scope: MutableMapping[str, object] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
    }
    async with asyncio.TaskGroup() as group:
        task = group.create_task(house.app(scope, said.receive, said.send))
        await until(lambda: said.status)
        yield said
        said.gone.set()
        await asyncio.wait([task], timeout=5)
        assert task.done()


def answered(text: str = "c1") -> MessageAnswered:
    return MessageAnswered(incoming_id=new_id(), conversation=text, places=("api:/x",))


def record(connection: Connection, house: House, events: list[Event]) -> None:
    for event in events:
        house.bus.record(connection, event)


@pytest.fixture
def operator(house: House) -> Callable[[str], None]:
    def give(permission: str) -> None:
        house.identity.permissions = lambda actor: frozenset({permission})  # type: ignore[method-assign]

    return give


async def test_events_arrive_as_they_happen(house: House) -> None:
    async with house.running(), stream(house) as said:
        event = done("notes.add")
        house.bus.publish(event)
        frame = await said.next()
        assert (frame["id"], frame["event"]) == (event.id, "action.done")
        assert orjson.loads(frame["data"])["action"] == "notes.add"


async def test_a_reader_resumes_after_the_last_event_it_saw(house: House) -> None:
    events = [done(f"a.{number}") for number in range(5)]
    async with house.running():
        for event in events:
            house.bus.publish(event)
        await asyncio.sleep(0)
        async with stream(house, last_event_id=events[2].id) as said:
            assert [(await said.next())["id"] for _ in range(2)] == [events[3].id, events[4].id]


async def test_critical_events_of_an_earlier_process_follow_a_gap(tmp_path: Path) -> None:
    last = done()
    changed: list[Event] = [PersonChanged(person_id=f"p{number}") for number in range(3)]
    async with house(tmp_path) as first:
        await first.storage.write(record, first, changed)
    async with house(tmp_path) as second, second.running():
        late = done("a.late")
        second.bus.publish(late)
        await asyncio.sleep(0)
        async with stream(second, last_event_id=last.id) as said:
            gap = await said.next()
            assert (gap["event"], orjson.loads(gap["data"])) == ("gap", {"kept": "critical"})
            assert [(await said.next())["id"] for _ in range(4)] == [*(one.id for one in changed), late.id]


async def test_an_id_older_than_the_ring_is_a_gap_without_doubles(house: House) -> None:
    first, critical = done("a.first"), PersonChanged(person_id="p1")
    async with house.running():
        await house.storage.write(record, house, [critical])
        house.bus.publish(critical)
        for number in range(RING - 1):
            house.bus.publish(done(f"a.{number}"))
        await until(lambda: len(house.bus.listeners[0]) + len(house.bus.listeners[1]) == 0)
        async with stream(house, last_event_id=first.id) as said:
            assert (await said.next())["event"] == "gap"
            assert (await said.next())["id"] == critical.id
            assert (await said.next())["event"] == "action.done"


@pytest.mark.parametrize("given", ["x" * 10, "0" * 65, "1 OR 1"])
async def test_an_id_that_was_never_sent_is_refused(http: httpx.AsyncClient, given: str) -> None:
    answer = await http.get("/api/v1/events", headers={**ANN, "Last-Event-ID": given})
    assert (answer.status_code, answer.json()["hint"]) == (400, "Leave it out.")


def viewer(*places: str, operates: bool = False) -> Viewer:
    actor = Actor(person_id="p-ann", name="Ann")
    return Viewer(actor=actor, audience=Audience(places=frozenset(places), private=True), operates=operates)


def test_what_is_said_in_a_place_is_seen_by_its_readers_alone() -> None:
    said = MessageReceived(incoming_id="i", conversation="c", text="hi", places=("slack:T/C",))
    assert viewer("slack:T/C").sees(said)
    assert not viewer("slack:T/D").sees(said)
    assert not viewer(operates=True).sees(said)


def test_talk_without_a_place_is_private_to_nobody() -> None:
    assert not viewer(operates=True).sees(MessageReceived(incoming_id="i", conversation="c", text="hi"))


def test_events_without_a_place_are_for_people_who_operate_and_for_whom_they_concern() -> None:
    assert viewer(operates=True).sees(done())
    assert not viewer().sees(done())
    assert viewer().sees(done(actor="p-ann"))
    assert viewer().sees(PersonChanged(person_id="p-ann"))
    nobody = Viewer(actor=NOBODY, audience=Audience(), operates=False)
    assert not nobody.sees(done(actor=""))


def test_a_link_code_and_a_deliverys_body_are_not_shown() -> None:
    unknown = SomebodyUnknown(network="slack", external_id="U", display_name="Eve", code="1234")
    assert "code" not in named(shown(unknown))
    assert "body" not in named(shown(HookReceived(source="s", delivery_id="d", body="secret")))


def named(value: Json) -> dict[str, Json]:
    assert isinstance(value, dict)
    return value


async def test_a_stream_narrows_when_the_person_changes(house: House, operator: Callable[[str], None]) -> None:
    async with house.running(), stream(house) as said:
        house.bus.publish(done("a.before"))
        assert orjson.loads((await said.next())["data"])["action"] == "a.before"
        operator("knowledge.read")
        house.bus.publish(PersonChanged(person_id="p-ann"))
        assert (await said.next())["event"] == "person.changed"
        house.bus.publish(done("a.secret"))
        house.bus.publish(done("a.own", actor="p-ann"))
        assert orjson.loads((await said.next())["data"])["action"] == "a.own"


async def test_a_stream_ends_with_the_sign_in(house: House) -> None:
    async with house.running(), stream(house) as said:
        house.sign_in.tokens.clear()
        house.bus.publish(PersonChanged(person_id="p-ann"))
        await until(lambda: said.ended)


async def test_open_streams_end_when_the_process_stops(house: House) -> None:
    async with house.running(), stream(house) as said:
        await asyncio.sleep(0)
        house.bus.publish(done())
        await said.next()
        house.api.close()
        await until(lambda: said.ended)


async def test_a_reader_that_lags_is_told_of_the_hole_and_comes_back(house: House) -> None:
    async with house.running(), stream(house) as said:
        house.bus.publish(done("a.first"))
        await said.next()
        await house.api.feed.hear([done(f"a.{number}") for number in range(RING + 1)])
        assert (await said.next())["event"] == "gap"
        await until(lambda: said.ended)


async def test_a_reader_who_goes_ends_the_action(house: House) -> None:
    actions_under_test.CANCELLED.clear()
    path = "/api/v1/actions/slow.wait"
    async with stream(house, path, "POST", accept="text/event-stream", content_length="0") as said:
        assert (await said.next())["event"] == "text"
    assert len(actions_under_test.CANCELLED) == 1


async def test_an_outlet_joins_text_and_keeps_the_newest_progress() -> None:
    outlet = Outlet()
    for number in range(3):
        outlet.text(str(number))
        outlet.progress(number, 3)
    assert await outlet.take() == (
        b'event: progress\ndata: {"done":2,"total":3,"note":""}\n\nevent: text\ndata: {"delta":"012"}\n\n'
    )


async def test_deliveries_are_coalesced_only_where_a_listener_asks(house: House) -> None:
    async with house.running(), stream(house) as said:
        for state in ("sending", "sent"):
            house.bus.publish(DeliveryChanged(message_id="m", state=state))
        states = [orjson.loads((await said.next())["data"])["state"] for _ in range(2)]
        assert states == ["sending", "sent"]
