"""Slash commands, completion, buttons and forms: stored first, acknowledged in time, answered once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.discord import commands
from bot.discord.interaction import LIFE, Answerable, answerable, first_id_at
from bot.discord.marks import Favourite, ForgetfulMarks
from core.errors import Unavailable
from core.values import Button, IncomingKind, now
from tests.bot.discord.world import answer, chat_for, connected, running
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_interactions import COMMAND


async def test_a_slash_command_is_acknowledged_after_it_was_stored_and_answered_in_its_place(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        world.inbox.hold = asyncio.Event()
        ran = await world.fake.slash(world.fake.alice, world.fake.general, {"text": "ask how much leave?"})
        await world.fake.wait_for(lambda: world.fake.connected)
        assert ran.answered_s is None
        world.inbox.hold.set()
        incoming = await world.inbox.next()
        await world.fake.wait_for(lambda: ran.answered_s)
        assert (incoming.kind, incoming.text, incoming.event_id) == (
            IncomingKind.COMMAND, "ask how much leave?", str(ran.id),
        )  # fmt: skip
        assert incoming.sender.kind == "member"
        message = answer(incoming, "24 days. " * 300)
        await world.chat.send(message)
        await world.fake.answered(ran)
        assert ran.text.startswith("24 days.")
        assert len(ran.followups) == 1
        assert not world.fake.ephemerals(world.fake.alice)


async def test_a_command_that_could_not_be_stored_is_not_acknowledged(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        world.inbox.failures = 1
        lost = await world.fake.slash(world.fake.alice, world.fake.general, {"text": "one"})
        kept = await world.fake.slash(world.fake.alice, world.fake.general, {"text": "two"})
        await world.fake.wait_for(lambda: kept.answered_s)
        assert lost.answered_s is None


async def test_help_is_seen_by_its_person_alone_from_the_first_moment(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        for text in ({"text": "help"}, {"text": "why notes add"}, {}):
            ran = await world.fake.slash(world.fake.alice, world.fake.general, text)
            await world.fake.wait_for(lambda ran=ran: ran.answered_s)  # type: ignore[misc]
            assert ran.original is not None
            assert ran.original.ephemeral
        incoming = await world.inbox.next(3)
        await world.chat.send(answer(incoming, "These are the commands.", private=True))
        assert "These are the commands." in [item.content for item in world.fake.ephemerals(world.fake.alice)]
        assert world.fake.from_bot(world.fake.general) == []


async def test_a_private_answer_to_a_shown_command_takes_the_thinking_away(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        ran = await world.fake.slash(world.fake.alice, world.fake.general, {"text": "echo x"})
        incoming = await world.inbox.next()
        await world.fake.wait_for(lambda: ran.answered_s)
        await world.chat.send(answer(incoming, "Not allowed.", private=True))
        assert world.fake.from_bot(world.fake.general) == []
        assert [item.content for item in world.fake.ephemerals(world.fake.alice)] == ["Not allowed."]


async def test_after_its_token_died_a_command_is_answered_in_the_channel_or_directly(tmp_path: Path) -> None:
    async with connected(tmp_path, fake=FakeDiscord(token_life_s=0.0)) as world:
        ran = await world.fake.slash(world.fake.alice, world.fake.general, {"text": "ask something slow"})
        incoming = await world.inbox.next()
        await world.fake.wait_for(lambda: ran.answered_s)
        await world.chat.send(answer(incoming, "At last."))
        assert [item.content for item in world.fake.from_bot(world.fake.general)][-1] == "At last."
        await world.chat.send(answer(incoming, "Only yours.", private=True))
        assert world.fake.directs(world.fake.alice)[0].content.startswith("Only yours.")


async def test_a_growing_answer_to_a_command_ends_in_the_same_message(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        ran = await world.fake.slash(world.fake.alice, world.fake.general, {"text": "ask something"})
        incoming = await world.inbox.next()
        await world.fake.wait_for(lambda: ran.answered_s)
        await world.chat.working(incoming)
        assert world.fake.rest.typing == []
        opened = await world.chat.open_reply(incoming, "The")
        await world.chat.grow_reply(incoming, opened, "The answer")
        assert ran.text == "The answer"
        await world.chat.send(answer(incoming, "The answer.", edits=opened))
        assert ran.text == "The answer."
        assert len(world.fake.from_bot(world.fake.general)) == 1


async def test_an_answer_to_a_command_whose_reply_was_lost_is_repeated_without_a_second_message(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        ran = await world.fake.slash(world.fake.alice, world.fake.general, {"text": "ask something"})
        incoming = await world.inbox.next()
        await world.fake.wait_for(lambda: ran.answered_s)
        message = answer(incoming, "24 days.")
        world.fake.fail("PATCH /webhooks/{id}/{token}/messages/@original", 2, "drop_after")
        for _ in range(2):
            with pytest.raises(Unavailable, match="Discord did not answer"):
                await world.chat.send(message)
        assert (await world.chat.send(message)).message_id == str(ran.original.id if ran.original else 0)
        assert ran.text == "24 days."
        assert len(world.fake.from_bot(world.fake.general)) == 1


async def test_completion_offers_what_fits_and_stores_nothing(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        offered = await world.fake.autocomplete(
            world.fake.alice, world.fake.general, {"text": "n"}, focused="text", name="signalbox"
        )
        assert [choice["value"] for choice in offered] == ["notes add", "notes list"]
        assert world.inbox.arrivals == []


async def test_a_pressed_button_arrives_with_its_value_and_is_answered_privately_or_in_the_channel(
    tmp_path: Path,
) -> None:
    async with connected(tmp_path) as world:
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} deploy")
        incoming = await world.inbox.next()
        buttons = (Button(label="Run it", value="confirm:0190", style="primary"),)
        sent = await world.chat.send(answer(incoming, "Really?", buttons=buttons))
        (shown,) = world.fake.from_bot(world.fake.general)
        pressed = await world.fake.press(world.fake.alice, shown, "confirm:0190")
        press = await world.inbox.next(2)
        assert (press.kind, press.value, press.message_id) == (IncomingKind.PRESS, "confirm:0190", sent.message_id)
        await world.fake.wait_for(lambda: pressed.answered_s)
        await world.chat.send(answer(press, "Only you see this.", private=True))
        assert [item.content for item in world.fake.ephemerals(world.fake.alice)] == ["Only you see this."]
        await world.chat.send(answer(press, "Deployed."))
        assert [item.content for item in world.fake.replies_to(shown)] == ["Deployed."]


async def test_a_command_in_a_direct_message_knows_who_asks(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        direct = world.fake.world.direct_channel(world.fake.alice.id)
        ran = await world.fake.slash(world.fake.alice, direct, {"text": "echo x"})
        incoming = await world.inbox.next()
        await world.fake.wait_for(lambda: ran.answered_s)
        assert (incoming.place.kind, incoming.sender.kind) == ("direct", "member")
        await world.chat.send(answer(incoming, "x", private=True))
        assert ran.text == "x"


async def test_a_sent_form_arrives_with_its_fields(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        client = world.chat._client
        assert client is not None
        assert client.rest is not None
        ran = world.fake.interactions.start(
            COMMAND, world.fake.alice, world.fake.general, {"id": "1", "name": "unknown", "type": 1, "options": []}
        )
        ran.answered_s, ran.answer_type = 1.0, 9
        field = {"type": 4, "custom_id": "text", "label": "Text", "style": 1}
        ran.answer = {
            "title": "Note", "custom_id": "form:notes.add",
            "components": [{"type": 1, "components": [field]}],
        }  # fmt: skip
        await world.inbox.next()
        sent = await world.fake.submit(ran, {"text": "buy milk"})
        form = await world.inbox.next(2)
        assert (form.kind, form.value, dict(form.fields)) == (IncomingKind.FORM, "form:notes.add", {"text": "buy milk"})
        await world.fake.wait_for(lambda: sent.answered_s)
        await world.chat.send(answer(form, "Kept.", private=True))
        assert "Kept." in [item.content for item in world.fake.ephemerals(world.fake.alice)]


async def test_of_a_long_answer_to_a_command_nothing_is_said_twice_after_a_lost_answer(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        ran = await world.fake.slash(world.fake.alice, world.fake.general, {"text": "ask something"})
        incoming = await world.inbox.next()
        await world.fake.wait_for(lambda: ran.answered_s)
        message = answer(incoming, "\n\n".join(f"{number} " + "word " * 250 for number in range(4)))
        world.fake.fail("POST /webhooks/{id}/{token}", 1, "drop_after")
        with pytest.raises(Unavailable):
            await world.chat.send(message)
        if await world.chat.find(message) is None:
            await world.chat.send(message)
        said = [item.content for item in world.fake.from_bot(world.fake.general)]
        assert "".join("".join(said).split()) == "".join(message.reply.text.split())


async def test_a_command_replayed_by_a_resume_is_answered_once(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        await world.fake.cut()
        ran = await world.fake.slash(world.fake.alice, world.fake.general, {"text": "echo x"})
        incoming = await world.inbox.next()
        await world.fake.wait_for(lambda: ran.answered_s)
        session = next(iter(world.fake.gateway.sessions.values()))
        session.tell(
            "INTERACTION_CREATE", {**world.fake.interactions._payload(ran, world.fake.alice, world.fake.general)}
        )
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} marker")
        await world.inbox.next(2)
        assert world.inbox.copies == 1
        assert [one.kind for one in world.inbox.arrivals] == [IncomingKind.COMMAND, IncomingKind.MESSAGE]
        assert incoming.text == "echo x"


async def test_commands_are_registered_only_when_they_changed(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        assert [command["name"] for command in world.fake.commands] == ["signalbox", "notes-add"]
        again = chat_for(world.fake, tmp_path, world.inbox, world.token, marks=world.marks)
        async with running(again, world.inbox):
            await world.fake.wait_for(lambda: world.fake.identifies == 2)
            assert world.fake.rest.command_syncs == 1
        client = world.chat._client
        assert client is not None
        assert client.rest is not None
        assert await commands.sync(client.rest, (), ForgetfulMarks())
        assert [command["name"] for command in world.fake.commands] == ["signalbox"]


async def test_a_favourite_is_a_command_of_its_own(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        await world.fake.slash(world.fake.alice, world.fake.general, {"text": "buy milk"}, name="notes-add")
        assert (await world.inbox.next()).text == "notes add buy milk"


def test_at_most_eight_favourites_are_registered() -> None:
    many = [Favourite(name=f"area.verb_{number}", summary="") for number in range(12)]
    found = [item["name"] for item in commands.definitions(many) if isinstance(item, dict)]
    assert found == ["signalbox", *(f"area-verb-{number}" for number in range(8))]


def test_an_interaction_can_be_answered_for_less_than_fifteen_minutes() -> None:
    fresh = Answerable(application_id="1", mode="shown", id=str(first_id_at(now())), token="aW50/x==")
    assert answerable(str(fresh)) == fresh
    old = replace(fresh, id=str(first_id_at(now() - LIFE - timedelta(seconds=1))))
    assert answerable(str(old)) is None
    assert answerable("") is None
    assert answerable("https://somewhere/else") is None
