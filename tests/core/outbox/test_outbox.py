"""The outbox: in order per destination, tried until it arrived, never twice, and given up in the open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest

from core.actions import Unit
from core.bus import Bus
from core.codec import encode
from core.errors import Conflict, Limited, Rejected, Unavailable
from core.outbox import Outbox, again, answer_of, drop, store
from core.outbox import replace as replace_answer
from core.outbox import service as outbox_service
from core.outbox.pace import Pace
from core.ports import Rate
from core.storage import Storage
from core.values import Address, Message, Place, Reply, new_id, now, stamp
from tests.fakes.chat import OPS, SECRET, FakeChat

Operation = Literal["post", "edit", "delete"]


class House:
    """An outbox with one network, and a way to start it anew as another process would."""

    def __init__(self, storage: Storage) -> None:
        self.storage, self.bus, self.chat = storage, Bus(storage), FakeChat()
        self.outbox = Outbox(storage, self.bus, random_s=lambda: 0.0)

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        self.outbox.register(self.chat)
        task = asyncio.ensure_future(self.outbox.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def restart(self) -> None:
        self.outbox = Outbox(self.storage, self.bus, random_s=lambda: 0.0)

    async def send(self, *messages: Message) -> None:
        unit = Unit(self.storage, self.outbox, self.bus)
        for one in messages:
            unit.send(one)
        await unit.commit()

    async def state(self, message: Message) -> str:
        return (await self.row(message))[0]

    async def row(self, message: Message) -> tuple[str, int, int, str]:
        """(state, attempts, unsure, network's id)."""
        return await self.storage.read(
            lambda db: db.execute(
                "SELECT state, attempts, unsure, message_id FROM outbox WHERE id = ?", (message.id,)
            ).fetchone()
        )

    async def until(self, message: Message, state: str) -> None:
        end = time.monotonic() + 5
        while (found := await self.state(message)) != state:
            assert time.monotonic() < end, f"{found}, not {state}"
            await asyncio.sleep(0.002)


@pytest.fixture
def house(storage: Storage) -> House:
    return House(storage)


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_service, "BACKOFF_S", 0.01)


def message(
    text: str, *, place: Place = OPS, about: str = "", operation: Operation = "post", message_id: str = "",
    age: timedelta = timedelta(0),
) -> Message:  # fmt: skip
    address = Address(place=place, message_id=message_id)
    return Message(
        id=new_id(), address=address, reply=Reply(text=text), operation=operation, about=about, created_at=now() - age
    )


async def happened(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.002)


async def test_messages_to_one_destination_arrive_in_order(house: House) -> None:
    sent = [message(str(number)) for number in range(50)]
    async with house.sending():
        await house.send(*sent)
        await house.until(sent[-1], "sent")
    assert house.chat.texts() == [str(number) for number in range(50)]
    assert [await house.state(one) for one in sent] == ["sent"] * 50
    assert {(await house.row(one))[1] for one in sent} == {1}
    assert house.outbox.waiting == 0


async def test_a_message_is_marked_as_sending_before_it_leaves(house: House) -> None:
    seen: list[str] = []
    first, second = message("one"), message("two")
    send = house.chat.send

    async def look(one: Message) -> object:
        seen.append(await house.state(one))
        return await send(one)

    house.chat.send = look  # type: ignore[method-assign, assignment]
    async with house.sending():
        await house.send(first, second)
        await house.until(second, "sent")
    assert seen == ["sending", "sending"]


async def test_one_destination_in_trouble_holds_up_no_other(house: House) -> None:
    stuck, free = message("stuck"), message("free", place=SECRET)
    house.chat.fail(Limited("Slow down.", retry_after_s=60))
    async with house.sending():
        await house.send(stuck)
        await happened(lambda: house.chat.sends == 1)
        await house.send(free)
        await house.until(free, "sent")
        await house.until(stuck, "waiting")
        assert house.outbox.waits(stuck.address.destination)
        assert not house.outbox.waits(free.address.destination)
    assert (await house.row(stuck))[1] == 0  # being told to wait is no attempt


async def test_a_lost_answer_is_looked_for_before_it_is_sent_again(house: House) -> None:
    one = message("once")
    house.chat.fail(Unavailable("The answer was lost.", sent=None), after=True)
    async with house.sending():
        await house.send(one)
        await house.until(one, "sent")
    assert (house.chat.texts(), house.chat.sends) == (["once"], 1)
    assert (await house.row(one))[1:] == (2, 0, "m1")


async def test_a_network_that_is_back_is_written_to_at_once(house: House) -> None:
    one = message("patient")
    house.chat.fail(Unavailable("Away.", retry_after_s=3600))
    async with house.sending():
        await house.send(one)
        await happened(lambda: house.chat.sends)
        while not (await house.row(one))[1] or await house.state(one) != "waiting":
            await asyncio.sleep(0.002)
        await asyncio.sleep(0)
        house.outbox.connected("fake")
        await house.until(one, "sent")
    assert house.chat.sends == 2


async def test_a_lost_answer_whose_message_is_not_there_is_sent_again(house: House) -> None:
    one = message("once")
    house.chat.fail(Unavailable("Cut off.", sent=None))
    async with house.sending():
        await house.send(one)
        await house.until(one, "sent")
    assert (house.chat.texts(), house.chat.sends) == (["once"], 2)


async def test_a_refused_message_fails_and_the_next_one_goes_on(house: House) -> None:
    bad, good = message("bad"), message("good")
    house.chat.fail(Rejected("The channel is archived."))
    async with house.sending():
        await house.send(bad, good)
        await house.until(good, "sent")
    assert await house.state(bad) == "failed"
    failed = await house.outbox.listed("failed")
    assert [(one.id, one.text, one.error) for one in failed] == [(bad.id, "bad", "The channel is archived.")]
    assert await house.outbox.counts() == {"failed": 1, "sent": 1}


async def test_what_could_not_be_sent_for_a_day_fails(house: House) -> None:
    old = message("old", age=timedelta(hours=25))
    house.chat.fail(Unavailable("Nobody answers."))
    async with house.sending():
        await house.send(old)
        await house.until(old, "failed")


async def test_an_error_that_is_ours_is_tried_five_times(house: House, caplog: pytest.LogCaptureFixture) -> None:
    one = message("one")
    house.chat.fail(KeyError("blocks"), times=9)
    async with house.sending():
        await house.send(one)
        await house.until(one, "failed")
    assert house.chat.sends == 5
    assert f"sending {one.id} to {one.address.destination} failed" in caplog.text


async def test_a_failed_message_is_sent_again_when_somebody_says_so(house: House) -> None:
    one = message("one")
    house.chat.fail(Rejected("Not in the channel."))
    async with house.sending():
        await house.send(one)
        await house.until(one, "failed")
        body = await house.storage.write(again, one.id, stamp(now()))
        house.outbox.retry_now(one.id, body)
        await house.until(one, "sent")
    assert house.chat.texts() == ["one"]
    with pytest.raises(Conflict, match=f"No failed delivery has the id {one.id}"):
        await house.storage.write(again, one.id, stamp(now()))


async def test_a_dropped_message_never_leaves(house: House) -> None:
    gone, kept = message("gone"), message("kept")
    await house.send(gone, kept)
    await house.storage.write(drop, gone.id)
    house.outbox.forget(gone.id)
    async with house.sending():
        await house.until(kept, "sent")
    assert (house.chat.texts(), await house.state(gone)) == (["kept"], "dropped")
    with pytest.raises(Conflict, match="No waiting or failed delivery has the id"):
        await house.storage.write(drop, kept.id)


async def test_a_dropped_message_behind_another_never_leaves(house: House) -> None:
    first, gone, last = message("first"), message("gone"), message("last")
    await house.send(first, gone, last)
    await house.storage.write(drop, gone.id)
    house.outbox.forget(gone.id)
    async with house.sending():
        await house.until(last, "sent")
    assert (house.chat.texts(), await house.state(gone)) == (["first", "last"], "dropped")


async def test_an_edit_waits_for_the_id_of_what_it_edits(house: House) -> None:
    answer = message("first thought", about="i1")
    await house.send(answer)
    async with house.sending():
        await house.until(answer, "sent")
        row = await house.storage.read(answer_of, "i1")
        assert row is not None
        assert row[2:] == ("sent", "m1")
        changed = replace(answer, reply=Reply(text="second thought"), operation="edit")
        unit = Unit(house.storage, house.outbox, house.bus)
        unit.do(replace_answer, "i1", encode(changed), stamp(now()))
        unit.then(house.outbox.hand_over, changed)
        await unit.commit()
        await happened(lambda: house.chat.texts() == ["second thought"])
        await house.until(changed, "sent")
    assert house.chat.shown["m1"].edits == 1


async def test_an_edit_of_what_was_never_posted_is_posted(house: House) -> None:
    lone, about_nothing = message("lone", about="i9", operation="edit"), message("x", operation="edit")
    async with house.sending():
        await house.send(lone, about_nothing)
        await house.until(about_nothing, "sent")
    assert house.chat.texts() == ["lone", "x"]
    assert await house.storage.write(replace_answer, "nobody", "{}", stamp(now())) is None


async def test_an_edit_of_a_known_message_edits_it(house: House) -> None:
    placeholder = message("Looking …")
    async with house.sending():
        await house.send(placeholder)
        await house.until(placeholder, "sent")
        final = message("Found.", operation="edit", message_id="m1", about="i1")
        await house.send(final)
        await house.until(final, "sent")
    assert house.chat.texts() == ["Found."]


async def test_a_restart_looks_for_what_was_on_its_way(house: House) -> None:
    arrived, lost, waiting = message("arrived"), message("lost"), message("waiting")
    await house.send(arrived, lost, waiting)
    for one in (arrived, lost):
        await house.storage.write(store.sending, one.id)
    await house.chat.send(arrived)  # and the process dies before it hears so

    house.restart()
    async with house.sending():
        await house.until(waiting, "sent")
    assert house.chat.texts() == ["arrived", "lost", "waiting"]
    assert [await house.state(one) for one in (arrived, lost)] == ["sent", "sent"]


async def test_a_restart_sends_what_was_left_before_what_is_new(house: House) -> None:
    left = [message(f"left {number}") for number in range(3)]
    await house.send(*left)
    house.restart()
    fresh = message("fresh")
    await house.send(fresh)
    async with house.sending():
        await house.until(fresh, "sent")
    assert house.chat.texts() == ["left 0", "left 1", "left 2", "fresh"]


async def test_messages_wait_for_a_network_that_is_not_connected(house: House) -> None:
    one = message("one")
    async with house.sending():
        house.outbox.unregister("fake")
        await house.send(one)
        assert (house.outbox.chat("fake"), house.outbox.chats, house.outbox.waiting) == (None, (), 1)
        house.outbox.register(house.chat)
        await house.until(one, "sent")
    assert house.outbox.chats == (house.chat,)


async def test_what_this_process_shows_itself_is_sent_once_it_is_written(house: House) -> None:
    one = message("here", place=Place(network="room", channel_id="p-ann", kind="direct"))
    await house.send(one)
    assert (await house.row(one), house.outbox.waiting) == (("sent", 0, 0, one.id), 0)


async def test_a_burst_beyond_the_pace_is_spread(house: House) -> None:
    house.chat.rate = Rate(per_s=50, burst=2)
    sent = [message(str(number)) for number in range(5)]
    started = time.monotonic()
    async with house.sending():
        await house.send(*sent)
        await house.until(sent[-1], "sent")
    assert time.monotonic() - started >= 3 / 50
    assert house.chat.texts() == [str(number) for number in range(5)]


def test_a_pace_allows_a_burst_then_its_rate() -> None:
    pace = Pace(Rate(per_s=10, burst=2))
    assert pace.free
    waits = [pace.take() for _ in range(4)]
    assert waits[:2] == [0.0, 0.0]
    assert 0.05 < waits[2] <= 0.1 < waits[3] <= 0.2
    assert not pace.free


def test_a_closed_pace_waits_as_long_as_it_was_told() -> None:
    pace = Pace(Rate(per_s=10, burst=2))
    pace.close_for(5)
    assert not pace.free
    assert 4.5 < pace.take() <= 5


def test_waiting_between_tries_doubles_up_to_a_minute(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_service, "BACKOFF_S", 1.0)
    outbox = Outbox(storage, Bus(), random_s=lambda: 1.0)
    assert [outbox._backoff(number) for number in (1, 2, 3, 7, 50)] == [1, 2, 4, 60, 60]
    assert Outbox(storage, Bus(), random_s=lambda: 0.0)._backoff(3) == 2
