"""The inbox: accepted means written, a second copy is no second message, and a restart loses nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.codec import encode
from core.inbox import Inbox, asked, drop_asked, list_asked, mark_done, set_placeholder, wake
from core.inbox.store import oldest_waiting
from core.storage import Storage
from core.values import Incoming, IncomingKind, new_id, now, stamp
from tests.fakes.chat import OPS, SECRET, incoming


@pytest.fixture
def inbox(storage: Storage) -> Inbox:
    return Inbox(storage)


def copy_of(one: Incoming, *, event_id: str) -> Incoming:
    return replace(one, id=new_id(), event_id=event_id)


async def test_what_is_accepted_is_handed_out_in_order(inbox: Inbox) -> None:
    sent = [incoming(f"question {number}") for number in range(3)]
    assert [await inbox.accept(one) for one in sent] == [True, True, True]
    assert [await inbox.take() for _ in sent] == [(one, "") for one in sent]


async def test_a_redelivered_event_is_no_second_message(inbox: Inbox) -> None:
    first = incoming("hello", kind=IncomingKind.PRESS)
    assert await inbox.accept(first)
    assert not await inbox.accept(replace(first, id=new_id()))
    assert inbox.waiting == 1


async def test_a_message_seen_in_history_and_in_an_event_is_one(inbox: Inbox) -> None:
    first = incoming("hello", message_id="17.1")
    assert await inbox.accept(first)
    assert not await inbox.accept(copy_of(first, event_id=""))
    assert not await inbox.accept(copy_of(first, event_id="another"))


async def test_the_same_message_id_in_another_place_is_another_message(inbox: Inbox) -> None:
    assert await inbox.accept(incoming("hello", message_id="17.1"))
    assert await inbox.accept(incoming("hello", message_id="17.1", place=SECRET))


async def test_each_edit_of_a_message_counts_once(inbox: Inbox) -> None:
    first = incoming("helo", message_id="17.1")
    edit = replace(first, id=new_id(), event_id="e2", kind=IncomingKind.EDIT, text="hello")
    again = replace(edit, id=new_id(), event_id="e3", sent_at=edit.sent_at + timedelta(seconds=1))
    gone = replace(edit, id=new_id(), event_id="e4", kind=IncomingKind.DELETE)
    for one in (first, edit, again, gone):
        assert await inbox.accept(one), one.kind
        assert not await inbox.accept(copy_of(one, event_id="")), one.kind


async def test_taking_waits_for_the_next_arrival(inbox: Inbox) -> None:
    taking = asyncio.ensure_future(inbox.take())
    await asyncio.sleep(0)
    one = incoming("hello")
    await inbox.accept(one)
    assert (await asyncio.wait_for(taking, 5))[0] == one


async def test_a_restart_hands_out_what_was_not_answered(storage: Storage, inbox: Inbox) -> None:
    answered, begun, fresh = incoming("a"), incoming("b"), incoming("c")
    for one in (answered, begun, fresh):
        await inbox.accept(one)
    await storage.write(mark_done, answered.id, "answered", stamp(now()))
    await storage.write(set_placeholder, begun.id, "m7")

    later = Inbox(storage)
    assert await later.load() == 2
    assert [await later.take(), await later.take()] == [(begun, "m7"), (fresh, "")]


async def test_the_age_of_the_oldest_waiting_arrival_is_known(storage: Storage, inbox: Inbox) -> None:
    assert inbox.oldest_waiting == timedelta(0)
    assert await storage.read(oldest_waiting) is None
    old = replace(incoming("old"), received_at=now() - timedelta(minutes=3))
    for one in (old, incoming("new")):
        await inbox.accept(one)
    assert timedelta(minutes=3) <= inbox.oldest_waiting < timedelta(minutes=4)
    assert await storage.read(oldest_waiting) == stamp(old.received_at)
    inbox.settled(old.id)
    inbox.settled(old.id)
    assert (inbox.waiting, inbox.oldest_waiting < timedelta(minutes=1)) == (1, True)


async def test_an_arrival_reads_back_with_its_state(storage: Storage, inbox: Inbox) -> None:
    one = incoming("hello", message_id="17.1")
    await inbox.accept(one)
    await storage.write(mark_done, one.id, "ignored: a bot", stamp(now()))
    assert await inbox.get(one.id) == (one, "ignored", "")
    assert await inbox.get("nobody") is None
    assert await inbox.known("fake", one.place.key, "17.1") == (one.id, "ignored")
    assert await inbox.known("fake", one.place.key, "17.2") is None


async def test_history_is_read_from_the_newest_message_of_each_place(inbox: Inbox) -> None:
    old, new = incoming("a", message_id="1", age=timedelta(hours=1)), incoming("b", message_id="2")
    secret = incoming("c", message_id="9", place=SECRET)
    for one in (new, old, secret, incoming("press", kind=IncomingKind.PRESS, message_id="3")):
        await inbox.accept(one)
    newest = await inbox.newest("fake")
    assert {place: message_id for place, (message_id, _) in newest.items()} == {OPS.key: "2", SECRET.key: "9"}
    assert newest[OPS.key][1] == new.sent_at


async def test_old_arrivals_are_listed_then_woken_or_dropped(storage: Storage, inbox: Inbox) -> None:
    kept, gone = incoming("kept", age=timedelta(hours=5)), incoming("gone", age=timedelta(hours=5))
    at = stamp(now())
    for one in (kept, gone):
        await inbox.accept(one)
        await storage.write(mark_done, one.id, "asked", at)
        inbox.settled(one.id)
    assert [row[0] for row in await storage.read(asked, "asked", "")] == [kept.id, gone.id]
    await storage.write(list_asked, [kept.id, gone.id])
    assert [row[0] for row in await storage.read(asked, "listed", OPS.key)] == [kept.id, gone.id]
    assert await storage.read(asked, "listed", SECRET.key) == []

    fresh = replace(kept, sent_at=now())
    await storage.write(wake, kept.id, encode(fresh), stamp(fresh.sent_at))
    await storage.write(drop_asked, [kept.id, gone.id], at)  # what was woken is no longer anybody's to drop
    assert (await inbox.get(kept.id), (await inbox.get(gone.id) or ("", ""))[1]) == ((fresh, "waiting", ""), "ignored")
    inbox.again(fresh, "m1")
    taken = [await inbox.take() for _ in range(3)]
    assert taken[-1] == (fresh, "m1")
