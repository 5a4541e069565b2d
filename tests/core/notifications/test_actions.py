"""Deliveries, posts and connections from a person's hands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.actions import Context
from core.errors import ConfirmationNeeded, Conflict, Denied, InvalidInput, NotFound, Unavailable
from core.values import Caller, now
from tests.fakes.house import House, open_house, until


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as one:
        yield one


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("nonsense", InvalidInput, r"'nonsense' is no address\. Write it as `slack:#ops`"),
        ("slack:#ops", NotFound, r"'slack' is not connected here\."),
        ("fake:#nowhere", NotFound, r"There is no channel #nowhere"),
        ("person:Nobody", NotFound, r"Nobody here is called 'Nobody'"),
        ("email:a@b.c", InvalidInput, r"Mail is not set up in this version\."),
    ],
)
async def test_an_address_that_leads_nowhere_says_why(
    house: House, address: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        await house.run("chat.post", channel=address, text="hello")
    assert house.chat.texts() == []


@pytest.mark.parametrize("address", ["fake:#ops", "#ops", "fake:C-ops"])
async def test_a_post_arrives_in_its_channel(house: House, address: str) -> None:
    await house.run("chat.post", channel=address, text="hello")
    await until(lambda: house.chat.texts() == ["hello"])


async def test_a_post_to_a_person_goes_to_them_alone(house: House) -> None:
    await house.run("chat.post", channel="person:Ann", text="hello")
    await until(lambda: house.chat.shown)
    assert [one.place.channel_id for one in house.chat.shown.values()] == ["D-U-ann"]


async def test_a_person_on_no_connected_network_cannot_be_written_to(house: House) -> None:
    await house.run("people.add", name="Cleo", role="guest")
    with pytest.raises(NotFound, match="Cleo can be reached on no connected network"):
        await house.run("chat.post", channel="person:Cleo", text="hello")


async def test_a_waiting_delivery_is_dropped_after_a_yes(house: House) -> None:
    house.chat.fail(Unavailable("No network.", retry_after_s=60), times=50)
    await house.run("chat.post", channel="fake:#ops", text="never mind")
    await until(lambda: house.chat.sends)
    waiting = await house.run("deliveries.status", state="waiting")
    while not waiting:
        waiting = await house.run("deliveries.status", state="waiting")
    assert isinstance(waiting, tuple)
    with pytest.raises(ConfirmationNeeded) as asked:
        await house.run("deliveries.drop", delivery_id=waiting[0].id)
    owner = await house.app.identity.ensure_owner()
    ctx = Context(caller=Caller(network="terminal", external_id=owner.id))
    await house.app.answers.approve(ctx, asked.value.confirmation_id)
    assert [one.state for one in await house.app.outbox.listed()] == ["dropped"]


async def test_a_sent_delivery_cannot_be_dropped(house: House) -> None:
    await house.run("chat.post", channel="fake:#ops", text="hello")
    await until(lambda: house.chat.texts())
    delivery = (await house.app.outbox.listed())[0]
    with pytest.raises(ConfirmationNeeded) as asked:
        await house.run("deliveries.drop", delivery_id=delivery.id)
    owner = await house.app.identity.ensure_owner()
    ctx = Context(caller=Caller(network="terminal", external_id=owner.id))
    with pytest.raises(Conflict, match="No waiting or failed delivery has the id"):
        await house.app.answers.approve(ctx, asked.value.confirmation_id)


async def test_what_is_for_one_person_alone_is_listed_without_its_text(house: House) -> None:
    await house.ask("help")
    await house.run("chat.post", channel="person:Ann", text="between us")
    await house.run("chat.post", channel="fake:#ops", text="for all")
    await until(lambda: "for all" in house.chat.texts())
    listed = await house.run("deliveries.status")
    assert isinstance(listed, tuple)
    assert [one.text for one in listed] == ["for all", "(for one person alone)", "(for one person alone)"]


async def test_retrying_what_did_not_fail_says_so(house: House) -> None:
    with pytest.raises(NotFound, match=r"No failed delivery has the id x\. `deliveries status` lists them\."):
        await house.run("deliveries.retry", delivery_id="x")


async def test_connections_tell_when_they_last_heard_something(house: House) -> None:
    listed = await house.run("connections.list")
    assert isinstance(listed, tuple)
    assert [(one.network, one.state) for one in listed] == [("fake", "ok")]
    assert listed[0].last_heard_s is not None
    assert listed[0].last_heard_s < 5


async def test_a_member_may_not_post_for_the_bot(house: House) -> None:
    ctx = Context(caller=Caller(network="fake", external_id="U-ann"))
    with pytest.raises(Denied, match="Ann may not run `chat post`"):
        await house.app.door.dispatch(ctx, "chat.post", {"channel": "fake:#ops", "text": "x"})


async def test_failures_are_reported_only_where_they_were_meant_to_go(house: House) -> None:
    from core.errors import Rejected
    from core.notifications import FailureLog
    from core.values import Audience

    house.chat.fail(Rejected("Archived."))
    await house.run("chat.post", channel="fake:#ops", text="hello")
    counts: dict[str, int] = {}
    while counts.get("failed") != 1:
        counts = await house.app.outbox.counts()
    log = FailureLog(house.app.outbox)
    since = now() - timedelta(hours=1)
    (told,) = await log.since(since, Audience(places=frozenset({"fake:T1/C-ops"})))
    assert (told.what, told.times, told.last_error) == ("messages to fake:T1/C-ops", 1, "Archived.")
    assert await log.since(since, Audience(places=frozenset({"fake:T1/C-secret"}))) == ()
