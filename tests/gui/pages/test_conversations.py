"""Conversations: asking here, what came of it, and who may read what."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from core.actions import Context, action
from core.actions.definition import define
from core.values import Effect
from gui.pages.addresses import from_address, to_address
from tests.fakes.chat import OPS, SECRET, incoming
from tests.fakes.house import until
from tests.gui.visiting import Building, marked, press, sees, texts, write

QUESTION = "How do we rotate the staging certificates?"


async def test_an_answer_appears_with_its_sources_and_what_made_it(building: Building, tmp_path: Path) -> None:
    await building.teach(tmp_path / "docs")
    owner = await building.visitor()
    await owner.open("/conversations")
    await write(owner, "message", QUESTION)
    await press(owner, "send")
    await sees(owner, "from the bastion, then restart the ingress")
    await sees(owner, "Certificates · Rotate")
    await sees(owner, "quotes only, no model")
    await sees(owner, "Received and stored")


async def test_a_question_of_the_address_is_asked_at_once(building: Building, tmp_path: Path) -> None:
    await building.teach(tmp_path / "docs")
    owner = await building.visitor()
    await owner.open("/conversations?ask=How%20do%20we%20rotate%20the%20staging%20certificates%3F")
    await sees(owner, "from the bastion, then restart the ingress")


async def test_a_thumb_is_kept_and_shown(building: Building, tmp_path: Path) -> None:
    await building.teach(tmp_path / "docs")
    arrival = incoming(QUESTION)
    await building.house.settled(await building.house.hear(arrival))
    owner = await building.visitor()
    await owner.open(to_address(arrival.place.conversation))
    await press(owner, f"good-{arrival.id}")
    await sees(owner, "Good 1")
    assert await building.house.rows("SELECT good FROM rating WHERE answer_id = ?", arrival.id) == [(1,)]


async def test_a_direct_message_is_for_its_people_alone(building: Building) -> None:
    direct = replace(OPS, channel_id="D-ann", kind="direct", name="")
    arrival = incoming("who am I to you?", place=direct)
    await building.house.settled(await building.house.hear(arrival))
    owner = await building.visitor()
    await owner.open(to_address(arrival.place.conversation))
    await sees(owner, "There is no such conversation, or it is not for you.")
    assert not [text for text in texts(owner) if "who am I" in text]
    ann = await building.visitor((await building.house.app.identity.person("Ann")).id)
    await ann.open(to_address(arrival.place.conversation))
    await sees(ann, "who am I to you?")


async def test_a_private_channel_is_not_listed_for_outsiders(building: Building) -> None:
    arrival = incoming("the secret plan", place=SECRET)
    await building.house.settled(await building.house.hear(arrival))
    bob = await building.visitor((await building.house.app.identity.person("Bob")).id)
    await bob.open("/conversations")
    await sees(bob, "Nobody has asked anything yet.")
    assert not [text for text in texts(bob) if "secret plan" in text]


async def test_a_new_answer_elsewhere_appears_by_itself(building: Building) -> None:
    owner = await building.visitor()
    await owner.open("/conversations")
    await sees(owner, "Nobody has asked anything yet.")
    await building.house.ask("echo good morning")
    await sees(owner, "echo good morning")


async def test_what_is_said_elsewhere_cannot_be_answered_from_here(building: Building) -> None:
    arrival = incoming("echo hello")
    await building.house.settled(await building.house.hear(arrival))
    owner = await building.visitor()
    await owner.open(to_address(arrival.place.conversation))
    await sees(owner, "echo hello")
    assert not marked(owner, "message")


async def test_markup_in_a_question_is_shown_as_it_was_typed(building: Building) -> None:
    arrival = incoming('echo "<img src=x onerror=alert(1)> [here](javascript:alert(1))"')
    await building.house.settled(await building.house.hear(arrival))
    owner = await building.visitor()
    client = await owner.open(to_address(arrival.place.conversation))
    await sees(owner, "&lt;img src=x")
    html = " ".join(str(one.props.get("innerHTML", "")) for one in client.elements.values())
    assert "<img" not in html
    assert 'href="javascript' not in html


async def test_leaving_a_page_ends_what_it_listened_to(building: Building) -> None:
    owner = await building.visitor()
    await owner.open("/conversations")
    await sees(owner, "Nobody has asked anything yet.")
    at_first, elements = building.room.live.watchers, 0
    listeners = len(building.house.app.bus.listeners)
    assert owner.client is not None
    for number in range(100):
        if number == 10:
            elements = len(owner.client.elements)
        for path in ("/deliveries", "/conversations"):
            with owner.client:
                await owner.client.sub_pages_router._handle_open(path)
    await until(lambda: building.room.live.watchers == at_first)
    assert len(building.house.app.bus.listeners) == listeners
    assert len(owner.client.elements) <= elements + 20


async def test_stop_ends_an_answer_that_is_growing(building: Building) -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    @action("test.count", permission="conversation.ask", effect=Effect.READ)
    async def count(ctx: Context) -> str:
        """Count for a long time."""
        try:
            for number in range(10_000):
                ctx.sink.text(f"number {number} ")
                began.set()
                await asyncio.sleep(0.01)
        finally:
            ended.set()
        return "counted"

    building.house.app.door.registry.add(define(count, frozenset()))
    owner = await building.visitor()
    await owner.open("/conversations")
    await write(owner, "message", "test count")
    await press(owner, "send")
    await asyncio.wait_for(began.wait(), 10)
    await press(owner, "stop")
    await asyncio.wait_for(ended.wait(), 10)
    await until(lambda: not marked(owner, "stop"))
    assert "counted" not in " ".join(texts(owner))


def test_a_conversation_has_an_address_and_back() -> None:
    for conversation in ("slack:T1/C-ops/1700.12", "room:/01a1-b2/c3"):
        assert from_address(to_address(conversation).removeprefix("/conversations/")) == conversation
